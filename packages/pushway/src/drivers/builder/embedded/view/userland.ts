// The machine's own userland as the root of host bases: its programs, what everyone may read of its settings, and nothing that is somebody's.

import { chmodSync, cpSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Settings of programs and libraries. Not among them: accounts, keys, services, names of this machine. */
const settings = [
  ...[
    'alternatives',
    'ssl/certs',
    'ssl/openssl.cnf',
    'ca-certificates',
    'ca-certificates.conf',
    'pki',
    'ld.so.conf',
    'ld.so.conf.d',
    'ld.so.cache',
    'nsswitch.conf',
  ],
  ...[
    'host.conf',
    'hosts',
    'resolv.conf',
    'localtime',
    'timezone',
    'os-release',
    'debian_version',
    'alpine-release',
    'redhat-release',
    'mime.types',
    'protocols',
  ],
  ...[
    'services',
    'rpc',
    'networks',
    'profile',
    'bash.bashrc',
    'inputrc',
    'shells',
    'login.defs',
    'adduser.conf',
    'deluser.conf',
    'default/useradd',
    'skel',
    'pam.d',
  ],
  ...['security', 'perl', 'python3', 'java', 'php', 'terminfo', 'fonts', 'magic', 'gitconfig', 'npmrc', 'pip.conf'],
]
const folders: readonly (readonly [path: string, mode: number])[] = [
  ...['dev', 'proc', 'sys', 'etc', 'home', 'media', 'mnt', 'opt', 'run', 'srv', 'usr', 'var'].map((path) => [path, 0o755] as const),
  ...['var/cache', 'var/lib', 'var/local', 'var/log', 'var/spool', 'etc/default', 'etc/ssl'].map((path) => [path, 0o755] as const),
  ...[['root', 0o700] as const, ['tmp', 0o1777] as const, ['var/tmp', 0o1777] as const],
]

/** As Debian's base has them: the same on every machine. */
const systemUsers: readonly (readonly [name: string, id: number, home: string, shell?: string])[] = [
  ['root', 0, '/root', '/bin/sh'],
  ['daemon', 1, '/usr/sbin'],
  ['bin', 2, '/bin'],
  ['sys', 3, '/dev'],
  ['games', 5, '/usr/games'],
  ['man', 6, '/var/cache/man'],
  ['mail', 8, '/var/mail'],
  ['www-data', 33, '/var/www'],
  ['nobody', 65_534, '/nonexistent'],
]
const systemGroups: readonly (readonly [name: string, id: number])[] = [
  ...[['root', 0] as const, ['daemon', 1] as const, ['bin', 2] as const, ['sys', 3] as const, ['adm', 4] as const, ['tty', 5] as const, ['disk', 6] as const],
  ...[['mail', 8] as const, ['man', 12] as const, ['www-data', 33] as const, ['shadow', 42] as const, ['staff', 50] as const, ['games', 60] as const],
  ...[['users', 100] as const, ['nogroup', 65_534] as const],
]

/** `/etc/passwd` and `/etc/group` of a host base. With Node.js there is the user `node`, as in the official images. Pure. */
export function baseUsers(withNode: boolean): { readonly passwd: string; readonly group: string } {
  const users = withNode ? [...systemUsers, ['node', 1000, '/home/node', '/bin/sh'] as const] : systemUsers
  const groups = withNode ? [...systemGroups, ['node', 1000] as const] : systemGroups
  const groupOf = (name: string, id: number) => ({ man: 12, games: 60 })[name] ?? id
  return {
    passwd: users.map(([name, id, home, shell]) => `${name}:x:${id}:${groupOf(name, id)}:${name}:${home}:${shell ?? '/usr/sbin/nologin'}\n`).join(''),
    group: groups.map(([name, id]) => `${name}:x:${id}:\n`).join(''),
  }
}

/** Makes the root of a host base in the empty folder `to`; all of it belongs to `owner`. `/usr` is empty but for folders: the machine's own is laid under it. */
export function makeUserland(to: string, options: { readonly node: boolean; readonly owner?: { readonly uid: number; readonly gid: number } }): void {
  for (const [path, mode] of folders) {
    mkdirSync(join(to, path), { recursive: true })
    chmodSync(join(to, path), mode)
  }
  symlinkSync('/run', join(to, 'var/run'))
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32']) linkAsHere(`/${name}`, join(to, name))
  copySettings(join(to, 'etc'))
  const { passwd, group } = baseUsers(options.node)
  const write = (path: string, text: string, mode = 0o644) => writeFileSync(join(to, 'etc', path), text, { mode })
  write('passwd', passwd)
  write('group', group)
  write('shadow', passwd.replace(/^(\w[\w-]*):.*$/gm, '$1:*:19000:0:99999:7:::'), 0o640)
  write('gshadow', group.replace(/^(\w[\w-]*):.*$/gm, '$1:*::'), 0o640)
  write('hostname', 'build\n')
  if (options.node) mkdirSync(join(to, 'home/node'))
  openUsr(join(to, 'usr'))
  if (options.owner) own(to, options.owner)
  if (options.owner && options.node) lchownSync(join(to, 'home/node'), options.owner.uid + 1000, options.owner.gid + 1000)
}

/** Where `/bin` and the like are folders of their own and not links, they are copied as what they mostly are: links into `/usr` do not exist there. */
function linkAsHere(from: string, to: string): void {
  const info = lstatSync(from, { throwIfNoEntry: false })
  if (info?.isSymbolicLink()) symlinkSync(readlinkSync(from), to)
  else if (info) mkdirSync(to)
}

/** Folders of the machine that are folders here too, and not links: these need a mount of their own. */
export function ownFolders(): readonly string[] {
  return ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].filter((name) => lstatSync(`/${name}`, { throwIfNoEntry: false })?.isDirectory())
}

function copySettings(etc: string): void {
  for (const name of settings) {
    const from = join('/etc', name)
    if (!existsSync(from)) continue
    mkdirSync(dirname(join(etc, name)), { recursive: true })
    // A link that leads out of these would lead nowhere.
    const whole = lstatSync(from).isSymbolicLink() && !/^(?:\/usr|\.\.\/usr)\//.test(readlinkSync(from))
    cpSync(from, join(etc, name), { recursive: true, dereference: whole, verbatimSymlinks: !whole, filter: readableByAll })
  }
}

function readableByAll(file: string): boolean {
  const info = lstatSync(file, { throwIfNoEntry: false })
  if (!info) return false
  return info.isSymbolicLink() || (info.isDirectory() && (info.mode & 0o5) === 0o5) || (info.isFile() && (info.mode & 0o4) !== 0)
}

/** Folders of `/usr` that a RUN may write into: they belong to the image, whatever lies in them is the machine's. */
function openUsr(to: string): void {
  const local = ['bin', 'sbin', 'lib', 'etc', 'include', 'share', 'src', 'games', 'lib/node_modules', 'share/ca-certificates', 'share/man']
  for (const path of local) mkdirSync(join(to, 'local', path), { recursive: true })
  openFolders('/usr', to, 2)
}

function openFolders(from: string, to: string, depth: number): void {
  mkdirSync(to, { recursive: true })
  if (depth === 0) return
  for (const entry of readdirSync(from, { withFileTypes: true })) if (entry.isDirectory()) openFolders(join(from, entry.name), join(to, entry.name), depth - 1)
}

function own(path: string, owner: { readonly uid: number; readonly gid: number }): void {
  lchownSync(path, owner.uid, owner.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) own(join(path, name), owner)
}
