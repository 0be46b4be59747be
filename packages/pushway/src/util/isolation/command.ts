// Builds the command that runs another one with folders hidden and under its own uid. Pure: the caller starts it.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { assetPath } from '../assets.ts'

/** How commands of projects are kept from Pushway's own data. `why` is a sentence for people. */
export interface Isolation {
  /** `uid`: root, a uid for each project. `namespaces`: an ordinary user, user namespaces. `none`: neither works or is wanted. */
  readonly kind: 'uid' | 'namespaces' | 'none'
  readonly why: string
  /** Folders can be covered (mount namespaces work). */
  readonly mounts: boolean
  /** Commands can have a pid namespace of their own. */
  readonly pids: boolean
}

export interface IsolateOptions {
  readonly argv: readonly string[]
  /** Absolute folders that become empty: the data folder, folders of control sockets. They must exist. */
  readonly hide: readonly string[]
  /** Absolute folders inside hidden ones that stay, writable: the workspace, caches. They must exist and be reachable without links. */
  readonly keep: readonly string[]
  /** As `keep`, but read-only: toolchains. */
  readonly keepReadOnly?: readonly string[]
  /** Files that the command sees in place of others (`/etc/hosts`), where folders can be covered. Both must exist. */
  readonly over?: readonly { readonly file: string; readonly target: string }[]
  /** The project's uid and gid (`projectUid`); used by the kind `uid` only. */
  readonly uid?: number
  /** What the command leaves behind dies with it. Signal the process group, not only the process. */
  readonly pidNamespace: boolean
  /**
   * The command's environment. Variables that would steer the programs which do the hiding (LD_PRELOAD and the like) are set
   * only after the privileges are gone; the result's `env` is what to spawn with.
   */
  readonly env?: Readonly<Record<string, string>>
}

/** What to spawn. `env` is there when one was given. `uid` and `gid`, when present, are options of the spawn itself. */
export interface IsolatedCommand {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
}

/** The command that runs `options.argv` isolated. Spawn it `detached`, and end it with a signal to its process group. */
export function isolateCommand(isolation: Isolation, options: IsolateOptions): IsolatedCommand {
  const env = options.env === undefined ? {} : { env: options.env }
  switch (isolation.kind) {
    case 'none':
      return { argv: options.argv, ...env }
    case 'uid': {
      if (isolation.mounts) return guardCommand(uidArgv(isolation, options), options)
      const ids = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }
      return { argv: options.argv, ...env, ...ids }
    }
    case 'namespaces':
      return guardCommand(userNamespaceArgv(isolation, options), options)
  }
}

/**
 * `outer` (programs that run with our privileges and give them up) followed by the command of a project, whose environment must not
 * steer them: what would (LD_PRELOAD, exported shell functions) is set by `env` behind them. Name the programs of `outer` by `systemProgram`.
 */
export function guardCommand(
  outer: readonly string[],
  command: { readonly argv: readonly string[]; readonly env?: Readonly<Record<string, string>> },
): IsolatedCommand {
  if (command.env === undefined) return { argv: [...outer, ...command.argv] }
  const entries = Object.entries(command.env)
  const late = entries.filter(([name]) => steersPrograms(name)).map(([name, value]) => `${name}=${value}`)
  const env = Object.fromEntries(entries.filter(([name]) => !steersPrograms(name)))
  return { argv: [...outer, ...(late.length === 0 ? [] : [systemProgram('env'), '--', ...late]), ...command.argv], env }
}

/** Whether a variable makes the dynamic loader, the C library, the shell or `mount` load or do something else. */
function steersPrograms(name: string): boolean {
  const known = /^(LD_|BASH|GLIBC_|GCONV_|MALLOC_|LIBMOUNT_|BLKID_|LOC|NLSPATH|RES_|HOSTALIASES|GETCONF_|ENV$|SHELLOPTS|IFS$|PS4$|CDPATH$)/
  return known.test(name) || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}

/** A program of the system's own: never one that the command's PATH names. */
export function systemProgram(name: string): string {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/run/current-system/sw/bin'].map((dir) => join(dir, name)).find((file) => existsSync(file)) ?? name
}

function uidArgv(isolation: Isolation, options: IsolateOptions): readonly string[] {
  const id = String(options.uid ?? 0)
  const drop = options.uid === undefined ? [] : [systemProgram('setpriv'), '--reuid', id, '--regid', id, '--clear-groups', '--no-new-privs', '--']
  return [systemProgram('unshare'), '--mount', ...pidArguments(isolation, options), '--', ...script(isolation, options), ...drop]
}

function userNamespaceArgv(isolation: Isolation, options: IsolateOptions): readonly string[] {
  // The capabilities that hid the folders are given up: with them the command could uncover them again.
  const drop = [systemProgram('setpriv'), '--no-new-privs', '--ambient-caps=-all', '--inh-caps=-all', '--bounding-set=-all', '--']
  const enter = [systemProgram('unshare'), '--user', '--map-current-user', '--keep-caps', '--mount']
  return [...enter, ...pidArguments(isolation, options), '--', ...script(isolation, options), ...drop]
}

function pidArguments(isolation: Isolation, options: IsolateOptions): readonly string[] {
  return options.pidNamespace && isolation.pids ? ['--pid', '--fork', '--mount-proc', '--kill-child'] : []
}

function script(isolation: Isolation, options: IsolateOptions): readonly string[] {
  const pid = options.pidNamespace && isolation.pids ? ['--pid'] : []
  const over = (options.over ?? []).flatMap(({ file, target }) => ['--over', file, target])
  return ['/bin/sh', assetPath('isolate.sh'), ...pid, ...over, ...hideArguments(options), '--']
}

/** Each hidden folder followed by what is kept in it, outer before inner, so that nothing kept is covered again. */
function hideArguments(options: IsolateOptions): readonly string[] {
  const hide = [...new Set(options.hide.map(trimSlash))].sort().filter((dir, _, all) => !all.some((outer) => isInside(dir, outer)))
  const kept = [
    ...options.keep.map((dir) => ({ flag: '--keep', dir: trimSlash(dir) })),
    ...(options.keepReadOnly ?? []).map((dir) => ({ flag: '--keep-ro', dir: trimSlash(dir) })),
  ].sort((a, b) => a.dir.length - b.dir.length)
  return hide.flatMap((dir) => ['--hide', dir, ...kept.filter((k) => isInside(k.dir, dir)).flatMap((k) => [k.flag, k.dir])])
}

function isInside(dir: string, outer: string): boolean {
  return dir.startsWith(`${outer}/`)
}

function trimSlash(dir: string): string {
  return dir.length > 1 ? dir.replace(/\/+$/, '') : dir
}
