// `docker build` and `docker buildx build` through the embedded builder.

import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { Writable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { parseReference } from '../reference.ts'
import { type Flags, lastValue, readFlags } from './flags.ts'
import { openStore, pullInto, pushName } from './images.ts'
import { fullName, type Settings } from './settings.ts'

const usage = 'docker build [-t NAME] [-f FILE] [--target STAGE] [--build-arg NAME=VALUE] [--label NAME=VALUE] [--no-cache] [-q] PATH'
/** Honoured by nature here, or without meaning: said once, never in silence. */
const ignored = ['pull', 'rm', 'force-rm', 'load']

/** Builds, and with `--push` pushes. */
export async function dockerBuild(settings: Settings, args: readonly string[]): Promise<void> {
  const flags = readFlags('build', args, {
    values: { tag: 't', file: 'f', target: undefined, 'build-arg': undefined, label: undefined, progress: undefined },
    switches: { 'no-cache': undefined, quiet: 'q', push: undefined, ...Object.fromEntries(ignored.map((name) => [name, undefined])) },
    positional: [1, 1],
    usage,
  })
  const { io } = settings
  const quiet = flags.switches.has('quiet')
  const say = (line: string) => (quiet ? io.stderr : io.stdout).write(`${line}\n`)
  for (const name of ignored)
    if (flags.switches.has(name) && name !== 'load') say(`docker build --${name} has no meaning without a Docker Engine and is ignored`)
  const tags = (flags.values.tag ?? []).map(fullName)
  const place = locate(settings, flags)
  const { buildImage } = await import('../embedded/index.ts')
  const store = openStore(settings)
  const target = lastValue(flags, 'target')
  const built = await buildImage({
    ...place,
    tags,
    buildArgs: readPairs(flags, 'build-arg', io.env),
    labels: readPairs(flags, 'label', {}),
    noCache: flags.switches.has('no-cache'),
    store,
    cacheDir: settings.buildCache,
    toolchainCache: settings.toolchainCache,
    log: quiet ? () => undefined : say,
    env: io.env,
    fetchImage: (reference) => pullInto(settings, store, parseReference(reference)),
    ...(target === undefined ? {} : { target }),
  })
  if (quiet) io.stdout.write(`${built.digest}\n`)
  if (!flags.switches.has('push')) return
  if (tags.length === 0) throw fail('usage', { problem: 'docker build --push needs a name to push to.', hint: 'Name it: -t REGISTRY/NAME:TAG.' })
  const pushing = quiet ? { ...settings, io: { ...io, stdout: nowhere() } } : settings
  for (const tag of tags) await pushName(pushing, tag)
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}

/** Context, Dockerfile, and how a release will know them: relative to the repository, the Dockerfile to its context. */
function locate(settings: Settings, flags: Flags): { context: string; dockerfile: string; origin: { context: string; dockerfile: string } } {
  const { env, cwd } = settings.io
  const named = flags.positional[0] ?? '.'
  if (named === '-' || /^(https?|git|ssh):\/\/|^git@/.test(named)) {
    throw fail('usage', {
      problem: `docker build ${named}: a context that is not a folder needs a Docker Engine.`,
      hint: 'Check it out first and name its folder.',
    })
  }
  const context = resolve(cwd, named)
  const file = lastValue(flags, 'file')
  if (file === '-') throw fail('usage', { problem: 'docker build -f - needs a Docker Engine.', hint: 'Write the Dockerfile to a file first.' })
  const dockerfile = file === undefined ? join(context, 'Dockerfile') : resolve(cwd, file)
  return { context, dockerfile, origin: buildOrigin(env, cwd, { context, dockerfile }) }
}

/** What the image's annotations say it was built from. */
export function buildOrigin(env: NodeJS.ProcessEnv, cwd: string, place: { context: string; dockerfile: string }): { context: string; dockerfile: string } {
  const root = env.GITHUB_WORKSPACE || repositoryRoot(cwd)
  const context = relative(root, place.context)
  return { context: context === '' || context.startsWith('..') ? '.' : context, dockerfile: relative(place.context, place.dockerfile) }
}

function repositoryRoot(from: string): string {
  for (let dir = from; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return dir
    if (dirname(dir) === dir) return from
  }
}

/** `NAME=VALUE`; a bare `NAME` takes its value from `env`, when it is there. */
function readPairs(flags: Flags, name: string, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {}
  for (const text of flags.values[name] ?? []) {
    const at = text.indexOf('=')
    if (at === 0) throw fail('usage', { problem: `docker build --${name} ${text} has no name.`, hint: `Write --${name} NAME=VALUE.` })
    const value = at < 0 ? env[text] : text.slice(at + 1)
    if (value !== undefined) pairs[at < 0 ? text : text.slice(0, at)] = value
  }
  return pairs
}
