// RUN: the user's command in the stage's folder, on the machine's own userland.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fail } from '@pushway/core/reason/errors.ts'
import type { CommandForm } from './types.ts'

/** What programs of a base system's package manager and user database would change on this machine. */
const systemPrograms = [
  'apk',
  'apt-get',
  'apt',
  'dpkg',
  'yum',
  'dnf',
  'microdnf',
  'addgroup',
  'adduser',
  'groupadd',
  'useradd',
  'usermod',
  'chown',
  'chgrp',
  'chroot',
  'mount',
  'sudo',
  'su',
]
const harmless = /^\/(?:dev\/(?:null|stdout|stderr|stdin|zero|u?random|tty|fd\/\d+)|bin\/(?:sh|bash)|usr\/bin\/env)$/

/**
 * Why a RUN can't be done in a folder: it names absolute paths, which would be the machine's, or a program that changes the machine. Pure.
 * Empty when it can.
 */
export function mappedProblems(command: CommandForm): readonly string[] {
  const text = command.form === 'exec' ? command.argv.join(' ') : withoutWrittenText(command.line)
  const problems: string[] = []
  const programs = command.form === 'exec' ? [command.argv[0] ?? ''] : text.split(/&&|\|\||[;|&(){}`\n]/).map(firstProgram)
  for (const program of new Set(programs)) {
    const name = program.slice(program.lastIndexOf('/') + 1)
    if (systemPrograms.includes(name))
      problems.push(`RUN ${name} would change this machine, not the image: without Docker, images are made on the machine's own userland`)
  }
  for (const path of new Set(absolutePaths(text))) {
    problems.push(
      `RUN names ${path}, which is this machine's and not the image's: without Docker, RUN works in the image's folder; write the path relative to WORKDIR`,
    )
  }
  return problems
}

/** What `cat` and `tee` write down is no command, and the paths in it are the program's that reads it. */
function withoutWrittenText(line: string): string {
  return line.replace(/^(.*\b(?:cat|tee)\b.*<<-?(["']?)(\w+)\2.*)\n(?:.*\n)*?\t*\3$/gm, '$1')
}

/** The first word of a command, behind assignments. */
function firstProgram(command: string): string {
  return (
    command
      .trim()
      .split(/\s+/)
      .find((word) => !/^[A-Za-z_]\w*=/.test(word) && !['!', 'if', 'then', 'do', 'else', 'exec', 'time', 'while', 'until'].includes(word)) ?? ''
  )
}

function absolutePaths(text: string): readonly string[] {
  const paths = [...text.matchAll(/(^|[\s='"(<>;|&`,]|:(?!\/\/))(\/[A-Za-z0-9._][A-Za-z0-9._/@+-]*)/g)].map((match) => match[2] ?? '')
  const withExpressions = /\b(?:sed|awk|grep)\b/.test(text)
  return paths.filter((path) => !harmless.test(path) && !(withExpressions && /^\/[^/]+\/[a-zA-Z]*$/.test(path)))
}

export interface RunRequest {
  readonly command: CommandForm
  /** As the Dockerfile has it, for the error. */
  readonly text: string
  readonly shell: readonly string[]
  /** The stage's folder. */
  readonly root: string
  readonly workdir: string
  /** The image's variables and the build arguments. */
  readonly variables: Readonly<Record<string, string>>
  /** The machine's environment: PATH, proxies and package registry settings are taken from it. */
  readonly machine: NodeJS.ProcessEnv
  readonly toolchain?: string
  readonly home: string
  readonly npmCache: string
  readonly log: (line: string) => void
  readonly signal?: AbortSignal
}

/** What a RUN takes over from this machine: proxies, package registries, certificates, language. Pure. */
export function machineVariables(machine: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const known =
    /^(?:https?_proxy|no_proxy|all_proxy|npm_config_\w+|pip_\w+|goproxy|gosumdb|goflags|node_extra_ca_certs|ssl_cert_\w+|curl_ca_bundle|requests_ca_bundle|git_ssl_cainfo|lang|lc_\w+|tz)$/i
  return Object.fromEntries(Object.entries(machine).filter(([name]) => known.test(name)))
}

/** The environment of a RUN in a folder: pure. */
function runEnvironment(request: Omit<RunRequest, 'log'>): NodeJS.ProcessEnv {
  const { machine, variables, root } = request
  const imagePath = (variables.PATH ?? '').split(':').filter((part) => part.startsWith('/'))
  const own = ['/usr/local/bin', ...imagePath].map((part) => join(root, part)).filter((part) => existsSync(part))
  const userConfig = machine.npm_config_userconfig ?? join(machine.HOME ?? '/', '.npmrc')
  return {
    ...machineVariables(machine),
    ...variables,
    HOME: request.home,
    PATH: [...own, ...(request.toolchain ? [request.toolchain] : []), machine.PATH ?? '/usr/bin:/bin'].join(delimiter),
    // `npm install -g` lands in the image, not in the tool cache.
    npm_config_prefix: join(root, 'usr/local'),
    npm_config_cache: request.npmCache,
    npm_config_update_notifier: 'false',
    ...(existsSync(userConfig) ? { npm_config_userconfig: userConfig } : {}),
  }
}

/** Logs each line of a command, and fails with the last ones when it fails. @throws PushwayError `command-failed` */
export async function followOutput(
  run: { text: string; log: (line: string) => void },
  work: (onLine: (line: string) => void) => Promise<number>,
): Promise<void> {
  const tail: string[] = []
  const exit = await work((line) => {
    run.log(line)
    tail.push(line)
    if (tail.length > 5) tail.shift()
  })
  if (exit !== 0) throw fail('command-failed', { command: run.text, exit, output: tail.join(' | ').slice(0, 400) })
}

/** Runs the command to its end. @throws PushwayError `command-failed` with the last lines it wrote */
export async function runCommand(request: RunRequest): Promise<void> {
  const { command, shell, root, workdir, signal } = request
  const script = join(request.home, '.run-script')
  if (command.form === 'script') writeFileSync(script, command.line, { mode: 0o755 })
  const argv = command.form === 'exec' ? command.argv : command.form === 'script' ? [script] : [...shell, command.line]
  const cwd = join(root, workdir)
  mkdirSync(cwd, { recursive: true })
  // A group of its own only where we are the ones to end it: else it ends with the step's own group.
  // The wrapper is constant: it fixes the umask, so that modes do not depend on who builds.
  const child = spawn('/bin/sh', ['-c', 'umask 022; exec "$@"', 'sh', ...argv], {
    cwd,
    env: runEnvironment(request),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: signal !== undefined,
  })
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  signal?.addEventListener('abort', stop, { once: true })
  await followOutput(request, async (onLine) => {
    const reading = [child.stdout, child.stderr].map(async (stream) => {
      for await (const line of createInterface({ input: stream })) onLine(line)
    })
    const exit = await new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? 137))
    }).finally(() => signal?.removeEventListener('abort', stop))
    await Promise.all(reading)
    if (command.form === 'script') rmSync(script, { force: true })
    signal?.throwIfAborted()
    return exit
  })
}
