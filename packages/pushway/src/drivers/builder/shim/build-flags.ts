// What the flags of `docker build` mean for whichever builder does it.

import { existsSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { type Flags, lastValue } from './flags.ts'
import type { Settings } from './settings.ts'

/** Seconds. @throws PushwayError `usage` */
export function readEpoch(text: string): number {
  if (/^\d{1,11}$/.test(text)) return Number(text)
  throw fail('usage', { problem: `SOURCE_DATE_EPOCH=${text} is not a number of seconds.`, hint: 'Use what git log -1 --format=%ct prints.' })
}

/** `default`, `host` or `none`. @throws PushwayError `usage` */
export function networkOf(flags: Flags): string {
  const network = lastValue(flags, 'network') ?? 'default'
  if (['default', 'host', 'none'].includes(network)) return network
  throw fail('usage', { problem: `docker build --network ${network} needs a Docker Engine.`, hint: 'Without one there are default, host and none.' })
}

/** Context, Dockerfile, and how a release will know them: relative to the repository, the Dockerfile to its context. */
export function locate(settings: Settings, flags: Flags): { context: string; dockerfile: string; origin: { context: string; dockerfile: string } } {
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
export function readPairs(flags: Flags, name: string, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const pairs: Record<string, string> = {}
  for (const text of flags.values[name] ?? []) {
    const at = text.indexOf('=')
    if (at === 0) throw fail('usage', { problem: `docker build --${name} ${text} has no name.`, hint: `Write --${name} NAME=VALUE.` })
    const value = at < 0 ? env[text] : text.slice(at + 1)
    if (value !== undefined) pairs[at < 0 ? text : text.slice(0, at)] = value
  }
  return pairs
}
