// With a Docker Engine: the real client does the work, and aliased references name the embedded registry before the engine sees them.

import { spawn } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { buildLabels } from '../../../oci/media-types.ts'
import { enginePings, findEngine } from '../../../util/engine-api/index.ts'
import { Secret } from '../../../util/secret.ts'
import { buildOrigin } from './build-flags.ts'
import { findVerb, rewriteDockerArgs } from './rewrite.ts'
import { type DockerIo, readAuth, type Settings, writeAuth } from './settings.ts'

/** Whether an engine answers: at DOCKER_HOST, the docker context's, or a usual socket. Within two seconds, or it counts as none. */
export async function engineAnswers(env: NodeJS.ProcessEnv): Promise<boolean> {
  const address = findEngine({ env })
  return address !== undefined && (await enginePings(address, 2_000))
}

/** Whether the machine has a docker client of its own. */
export function hasClient(env: NodeJS.ProcessEnv): boolean {
  return findRealDocker(env.PATH ?? '') !== undefined
}

const pluginFolders = ['/usr/local/lib', '/usr/local/libexec', '/usr/lib', '/usr/libexec'].map((folder) => join(folder, 'docker/cli-plugins'))

/** Whether `docker compose` is the machine's own: the client is used here, and it has the plugin. Else `pushway compose` answers. */
export function usesRealCompose(env: NodeJS.ProcessEnv): boolean {
  if (env.PUSHWAY_BUILDER !== 'docker' || env.PUSHWAY_OWN_COMPOSE === '1' || !hasClient(env)) return false
  const own = join(env.DOCKER_CONFIG || join(env.HOME || '.', '.docker'), 'cli-plugins')
  return [own, ...pluginFolders].some((folder) => isProgram(join(folder, 'docker-compose')))
}

/** The real docker client: the first on PATH that is not this command's own wrapper. */
function findRealDocker(path: string): string | undefined {
  return path
    .split(delimiter)
    .filter((dir) => dir !== '')
    .map((dir) => join(dir, 'docker'))
    .find((file) => isProgram(file) && !isWrapper(file))
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** The wrapper is a short script that calls `internal docker`. */
function isWrapper(file: string): boolean {
  const fd = openSync(file, 'r')
  try {
    const start = Buffer.alloc(4096)
    const text = start.subarray(0, readSync(fd, start)).toString('latin1')
    return text.startsWith('#!') && /internal['"]?\s+['"]?docker/.test(text)
  } finally {
    closeSync(fd)
  }
}

/** Runs the real client; gives its exit code. @throws PushwayError `program-missing` */
export async function passToEngine(settings: Settings, argv: readonly string[]): Promise<number> {
  const { io, registry, token, aliases, dockerConfig } = settings
  const program = findRealDocker(io.env.PATH ?? '')
  if (program === undefined)
    throw fail('program-missing', {
      program: 'docker',
      for: 'building with the Docker Engine',
      install: 'Install the docker client, or choose the embedded builder.',
    })
  if (registry !== undefined && token !== undefined && readAuth(dockerConfig, registry) === undefined) {
    writeAuth(dockerConfig, registry, new Secret(Buffer.from(`run:${token.reveal()}`).toString('base64')))
  }
  const args = registry === undefined ? [...argv] : rewriteDockerArgs(argv, aliases, registry)
  // The client needs no token in its environment: the configuration has it, for our registry alone.
  const { PUSHWAY_REGISTRY_TOKEN: _token, ...env } = io.env
  return runClient(program, labelBuild(args, io), { ...io, env: { ...env, DOCKER_CONFIG: dockerConfig } })
}

/** Lets an image that the engine builds say what it was built from, so that a release finds its digest: pure but for looking for the repository's root. */
export function labelBuild(args: readonly string[], io: Pick<DockerIo, 'env' | 'cwd'>): string[] {
  const { verb, at } = findVerb(args)
  if (verb !== 'build') return [...args]
  const rest = args.slice(at + 1)
  const flagValue = (...names: string[]) => {
    for (const [index, word] of rest.entries()) {
      if (names.includes(word)) return rest[index + 1]
      const name = names.find((candidate) => word.startsWith(`${candidate}=`))
      if (name) return word.slice(name.length + 1)
    }
    return undefined
  }
  const last = rest.at(-1) ?? '.'
  if (last === '-' || last.includes('://')) return [...args]
  const context = resolve(io.cwd, last)
  const file = flagValue('-f', '--file')
  const origin = buildOrigin(io.env, io.cwd, { context, dockerfile: file === undefined ? join(context, 'Dockerfile') : resolve(io.cwd, file) })
  const target = flagValue('--target')
  const labels = [
    `${buildLabels.context}=${origin.context}`,
    `${buildLabels.dockerfile}=${origin.dockerfile}`,
    ...(target === undefined ? [] : [`${buildLabels.target}=${target}`]),
  ]
  return [...args.slice(0, at + 1), ...labels.flatMap((label) => ['--label', label]), ...rest]
}

function runClient(program: string, args: readonly string[], io: DockerIo): Promise<number> {
  const child = spawn(program, [...args], { cwd: io.cwd, env: io.env, shell: false, stdio: ['pipe', 'pipe', 'pipe'] })
  const forward = (from: NodeJS.ReadableStream, to: Writable) => from.pipe(to, { end: false })
  forward(child.stdout, io.stdout)
  forward(child.stderr, io.stderr)
  child.stdin.once('error', () => undefined)
  io.stdin.pipe(child.stdin)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      io.stdin.unpipe(child.stdin)
      io.stdin.pause()
      resolve(code ?? 137)
    })
  })
}
