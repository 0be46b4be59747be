// Says whether an outside program that a test needs is on this machine, so that the test can be skipped with its reason.

import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Need {
  readonly skip: boolean
  /** Why it is skipped; empty when it is not. */
  readonly reason: string
}

/** Debian's package of a program, where the two names differ. */
const packages: Readonly<Record<string, string>> = { docker: 'docker.io', dockerd: 'docker.io', unshare: 'util-linux', ip: 'iproute2' }

const found = new Map<string, Need>()

/**
 * Whether a test that needs `program` must be skipped. A machine that promises everything (PUSHWAY_TEST_REQUIRE=all) gets an error instead.
 * `docker` also asks whether an engine answers: the client alone is no use.
 */
export function needs(program: string, pkg: string = packages[program] ?? program): Need {
  const known = found.get(program)
  if (known !== undefined) return known
  const reason = problemOf(program, pkg)
  if (reason !== '' && process.env.PUSHWAY_TEST_REQUIRE === 'all') throw new Error(`PUSHWAY_TEST_REQUIRE=all, but ${reason}`)
  const need = { skip: reason !== '', reason }
  found.set(program, need)
  return need
}

/** Skips what needs an image in the engine that is not there and can't be pulled. */
export function needsImage(image: string): Need {
  const engine = needs('docker')
  if (engine.skip) return engine
  const known = found.get(`image ${image}`)
  if (known !== undefined) return known
  const run = (...argv: string[]) => spawnSync('docker', argv, { stdio: 'ignore', timeout: 120_000 }).status === 0
  const reason = run('image', 'inspect', image) || run('pull', '-q', image) ? '' : `the engine has no image ${image} and can't pull it`
  if (reason !== '' && process.env.PUSHWAY_TEST_REQUIRE === 'all') throw new Error(`PUSHWAY_TEST_REQUIRE=all, but ${reason}`)
  const need = { skip: reason !== '', reason }
  found.set(`image ${image}`, need)
  return need
}

/** Skips what only Linux can do; the title of such a test says "(Linux only)". */
export function needsLinux(): Need {
  return process.platform === 'linux' ? { skip: false, reason: '' } : { skip: true, reason: 'Linux only' }
}

/** Skips what only root can do; the title of such a test says "(root only)". */
export function needsRoot(): Need {
  return process.getuid?.() === 0 ? { skip: false, reason: '' } : { skip: true, reason: 'root only' }
}

/** Skips what needs Podman's API service with networks of its own: its own plugins, and root. */
export function podmanServes(): Need {
  const there = needs('podman')
  return there.skip ? there : needsRoot()
}

function problemOf(program: string, pkg: string): string {
  if (!isOnPath(program)) return `${program} is not on this machine (package ${pkg})`
  if (program === 'docker' && !engineAnswers()) return `no Docker Engine answers (package ${pkg})`
  return ''
}

function isOnPath(program: string): boolean {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((dir) => dir !== '' && isExecutable(join(dir, program)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function engineAnswers(): boolean {
  return spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { stdio: 'ignore', timeout: 10_000 }).status === 0
}
