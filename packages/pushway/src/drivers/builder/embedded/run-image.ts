// RUN with the image's own files as its root.

import { chmodSync, copyFileSync, existsSync, lstatSync, mkdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { resolveName } from '../../../oci/resolve-inside.ts'
import { type Building, cacheFolder, giveToImage, scratchDir, stageFolder, userland } from './building.ts'
import { CopyError } from './copy.ts'
import type { ResolvedMounts, RunMount } from './mounts.ts'
import { followOutput, machineVariables } from './run.ts'
import { defaultPath, type Stage } from './stage.ts'
import type { CommandForm } from './types.ts'
import type { FoundUser } from './users.ts'
import { enterImage, type ViewMount } from './view/enter.ts'
import type { BuildView } from './view/types.ts'
import { ownFolders } from './view/userland.ts'

export interface ImageRun {
  readonly command: CommandForm
  /** As the Dockerfile has it, for the error. */
  readonly text: string
  readonly network: 'default' | 'none'
  readonly mounts: ResolvedMounts
  readonly user?: FoundUser
  /** The image's variables and the build arguments. */
  readonly variables: Readonly<Record<string, string>>
  readonly toolchain?: Toolchain
}

/** Programs that come first on the PATH, and the folders of this machine that they need. */
export interface Toolchain {
  readonly bin: string
  readonly folders: readonly string[]
}

/** Where files of this machine are shown to a RUN. */
const ours = '/run/pushway'

/** A place in the root of a RUN under preparation. */
interface Root {
  readonly building: Building
  readonly view: Extract<BuildView, { kind: 'image' }>
  /** The image's files; changes land here. */
  readonly dir: string
  /** Where mount points are made that the image has not: a layer under it, or (to be removed again) the image itself. */
  readonly points: string
  /** What is under the image: looked at for links. */
  readonly below?: string
  /** Where the root is put together. */
  readonly at: string
  readonly made: string[]
  readonly mounts: ViewMount[]
  readonly stage: { from: string; to: string }[]
}

/** Runs the command; the stage's folder has its changes. @throws PushwayError `command-failed` */
export async function runInImage(building: Building, stage: Stage, run: ImageRun): Promise<void> {
  const root = await prepareRoot(building, stage)
  const env = addOurs(root, run)
  for (const mount of run.mounts.mounts) addMount(root, mount)
  root.mounts.sort((a, b) => rank(a) - rank(b) || a.to.split('/').length - b.to.split('/').length)
  try {
    await followOutput({ text: run.text, log: building.options.log }, (onLine) =>
      enterImage({
        ids: root.view.ids,
        root: root.at,
        tools: scratchDir(building, 'tools'),
        mounts: root.mounts,
        stage: root.stage,
        cwd: stage.workdir,
        noNetwork: run.network === 'none',
        argv: commandArgv(run.command, stage),
        env,
        onLine,
        ...(run.user ? { user: run.user } : {}),
        ...(building.options.signal ? { signal: building.options.signal } : {}),
      }),
    )
  } finally {
    for (const path of root.made.reverse()) removeStub(path)
  }
}

/** Below others before what is mounted on them. */
function rank(mount: ViewMount): number {
  return mount.kind === 'overlay' ? 0 : 1
}

function commandArgv(command: CommandForm, stage: Stage): readonly string[] {
  if (command.form === 'exec') return command.argv
  return command.form === 'script' ? [`${ours}/script`] : [...stage.shell, command.line]
}

async function prepareRoot(building: Building, stage: Stage): Promise<Root> {
  const { view } = building
  if (view.kind !== 'image') throw new CopyError('RUN needs namespaces here')
  const dir = await stageFolder(building, stage)
  const common = { building, view, dir, made: [], mounts: [] as ViewMount[], stage: [] }
  if (!stage.host) {
    const root: Root = { ...common, points: dir, at: dir }
    for (const kind of ['proc', 'dev'] as const) root.mounts.push({ kind, to: makePoint(root, `/${kind}`, 'folder') })
    for (const name of ['resolv.conf', 'hosts']) {
      if (existsSync(`/etc/${name}`)) bind(root, { from: copyOf(root, `/etc/${name}`), to: `/etc/${name}`, kind: 'file', writable: false })
    }
    return root
  }
  const points = scratchDir(building, 'points')
  const at = scratchDir(building, 'root')
  const below = userland(building, stage)
  const root: Root = { ...common, points, below, at }
  const overlay = (to: string, lower: readonly string[], upper: string): ViewMount => ({
    kind: 'overlay',
    upper,
    lower,
    work: scratchDir(building, 'work'),
    to,
  })
  root.mounts.push(overlay(at, [points, below], dir))
  // Where the machine has real folders, programs are there; else links lead to /usr.
  for (const name of ['usr', ...ownFolders()]) {
    const upper = join(dir, name)
    if (!existsSync(upper)) {
      mkdirSync(upper)
      giveToImage(view, upper)
      root.made.push(upper)
    }
    mkdirSync(join(points, name), { recursive: true })
    giveToImage(view, join(points, name))
    root.mounts.push(overlay(join(at, name), [join(points, name), ...(name === 'usr' ? [join(below, name)] : []), `/${name}`], upper))
  }
  for (const kind of ['proc', 'dev'] as const) root.mounts.push({ kind, to: join(at, kind) })
  return root
}

/** Makes a mount point for a path of the image; gives its place on this machine. */
function makePoint(root: Root, path: string, kind: 'folder' | 'file'): string {
  const layers = root.below === undefined ? [root.dir] : [root.dir, root.below]
  const name = resolveName(layers, path)
  if (name === undefined) throw new CopyError(`${path} is a link that leads nowhere`)
  if (!layers.some((layer) => existsSync(join(layer, name)))) stub(root, name, kind)
  return join(root.at, name)
}

function stub(root: Root, name: string, kind: 'folder' | 'file'): void {
  const file = join(root.points, name)
  if (existsSync(file)) return
  const parent = posix.dirname(name)
  if (parent !== '.') stub(root, parent, 'folder')
  if (kind === 'folder') mkdirSync(file)
  else writeFileSync(file, '')
  // A folder that covers one of the userland looks like it.
  const shadowed = root.below === undefined ? undefined : statSync(join(root.below, name), { throwIfNoEntry: false })
  const upper = statSync(join(root.dir, name), { throwIfNoEntry: false })
  chmodSync(file, (upper ?? shadowed)?.mode ?? (kind === 'folder' ? 0o755 : 0o644))
  giveToImage(root.view, file)
  if (root.points === root.dir) root.made.push(file)
}

/** Takes a mount point away again, unless something was put into it. */
function removeStub(path: string): void {
  const info = lstatSync(path, { throwIfNoEntry: false })
  try {
    if (info?.isDirectory()) rmdirSync(path)
    else if (info?.isFile() && info.size === 0) unlinkSync(path)
  } catch {
    // It is not empty: it belongs to the image now.
  }
}

function addMount(root: Root, mount: RunMount): void {
  const { source, to } = mount
  if (source.kind === 'tmpfs') root.mounts.push({ kind: 'tmpfs', to: makePoint(root, to, 'folder'), options: source.options })
  else bind(root, { from: source.from, to, kind: source.kind, writable: source.writable })
}

function bind(root: Root, item: { from: string; to: string; kind: 'folder' | 'file'; writable: boolean }): void {
  const to = makePoint(root, item.to, item.kind)
  const kind = item.writable ? 'bind' : 'bind-ro'
  if (root.view.ids === 'single') root.mounts.push({ kind, from: item.from, to })
  else {
    // Root's own folders are out of reach for the image's root: they are brought to where it may pass.
    const place = scratchDir(root.building, 'stage')
    const staged = item.kind === 'folder' ? place : join(place, 'file')
    if (item.kind === 'file') writeFileSync(staged, '')
    root.stage.push({ from: item.from, to: staged })
    root.mounts.push({ kind, from: staged, to })
  }
}

function copyOf(root: Root, file: string, as: { uid: number; gid: number; mode: number } = { uid: 0, gid: 0, mode: 0o644 }): string {
  const copy = join(scratchDir(root.building, 'file', 0o711), 'file')
  copyFileSync(file, copy)
  chmodSync(copy, as.mode)
  giveToImage(root.view, copy, as)
  return copy
}

/** What a RUN gets from this machine: programs, package settings, certificates, a cache for npm. Gives its environment. */
function addOurs(root: Root, run: ImageRun): NodeJS.ProcessEnv {
  const { options } = root.building
  const user = run.user ?? { uid: 0, gid: 0, home: '/root' }
  const passed = machineVariables(options.env)
  for (const dir of run.toolchain?.folders ?? []) bind(root, { from: dir, to: dir, kind: 'folder', writable: false })
  for (const [name, value] of Object.entries(passed)) {
    if (!/^(?:node_extra_ca_certs|ssl_cert_file|curl_ca_bundle|requests_ca_bundle|pip_cert|git_ssl_cainfo)$/i.test(name) || !value || !existsSync(value))
      continue
    passed[name] = `${ours}/certificates/${name}`
    bind(root, { from: copyOf(root, value), to: passed[name], kind: 'file', writable: false })
  }
  const userConfig = options.env.npm_config_userconfig ?? join(options.env.HOME ?? '/', '.npmrc')
  if (existsSync(userConfig)) {
    passed.npm_config_userconfig = `${ours}/npmrc`
    bind(root, { from: copyOf(root, userConfig, { ...user, mode: 0o400 }), to: passed.npm_config_userconfig, kind: 'file', writable: false })
  }
  bind(root, { from: cacheFolder(root.building, [`npm-${root.view.ids}-${user.uid}`], user), to: `${ours}/npm`, kind: 'folder', writable: true })
  if (run.command.form === 'script') {
    const script = join(scratchDir(root.building, 'script'), 'script')
    writeFileSync(script, run.command.line, { mode: 0o755 })
    giveToImage(root.view, script, user)
    bind(root, { from: script, to: `${ours}/script`, kind: 'file', writable: false })
  }
  const { PATH = defaultPath, ...variables } = { HOME: user.home, ...run.variables, ...run.mounts.variables }
  const npm = { npm_config_cache: `${ours}/npm`, npm_config_update_notifier: 'false', ...(root.below === undefined ? {} : { npm_config_prefix: '/usr/local' }) }
  return { ...passed, ...npm, ...variables, PATH: run.toolchain ? `${run.toolchain.bin}:${PATH}` : PATH }
}
