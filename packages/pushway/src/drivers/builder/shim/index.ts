// `docker` on a job's PATH. With an engine it passes on to the real client; without one the embedded builder answers.

import { fail, formatError, PushwayError } from '@pushway/core/reason/errors.ts'
import type { Engine } from '../../../util/engine-api/index.ts'
import { type DockerIo, readSettings, type Settings } from './settings.ts'

export { usesRealCompose } from './engine.ts'
export type { DockerIo } from './settings.ts'

type Verb = (settings: Settings, args: readonly string[]) => Promise<void>

const canDo = 'Without an engine there are: build, buildx build, push, pull, tag, login, logout, images, image inspect, version, info.'

/** The verbs that need no engine; `group verb` for the two-word forms. */
const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  build: async () => (await import('./build.ts')).dockerBuild,
  'buildx build': async () => (await import('./build.ts')).dockerBuild,
  'image build': async () => (await import('./build.ts')).dockerBuild,
  push: async () => (await import('./images.ts')).dockerPush,
  'image push': async () => (await import('./images.ts')).dockerPush,
  pull: async () => (await import('./images.ts')).dockerPull,
  'image pull': async () => (await import('./images.ts')).dockerPull,
  tag: async () => (await import('./images.ts')).dockerTag,
  'image tag': async () => (await import('./images.ts')).dockerTag,
  images: async () => (await import('./images.ts')).dockerImages,
  'image ls': async () => (await import('./images.ts')).dockerImages,
  inspect: async () => (await import('./images.ts')).dockerInspect,
  'image inspect': async () => (await import('./images.ts')).dockerInspect,
  login: async () => (await import('./login.ts')).dockerLogin,
  logout: async () => (await import('./login.ts')).dockerLogout,
  version: async () => sayVersion,
  '--version': async () => sayVersion,
  '-v': async () => sayVersion,
  info: async () => sayInfo,
}

/**
 * Runs one docker command. Every failure is a sentence on `stderr` and an exit code; nothing is thrown.
 * References go to the embedded registry only; one to another registry is refused by name before anything is sent.
 */
export async function runDocker(argv: readonly string[], io: DockerIo): Promise<number> {
  try {
    let settings = await readSettings(io)
    if (settings.builder === 'docker') {
      const { engineAnswers, hasClient, passToEngine } = await import('./engine.ts')
      const answers = await engineAnswers(io.env)
      // Our own builds ask the engine themselves: the same on every machine, whatever client there is.
      if (answers && io.env.PUSHWAY_OWN_BUILD !== '1' && hasClient(io.env)) return await passToEngine(settings, argv)
      if (answers) settings = { ...settings, engine: await openEngine(io.env) }
      else io.stderr.write('No Docker Engine answers: the embedded builder is used\n')
    }
    const { verb, args } = splitVerb(argv)
    const load = verbs[verb]
    if (load === undefined) throw noSuchVerb(verb)
    await (await load())(settings, args)
    return 0
  } catch (error) {
    if (!(error instanceof PushwayError)) {
      const bug = fail('bug', { problem: error instanceof Error ? error.message : String(error) })
      io.stderr.write(`${formatError(bug)}\n`)
      return bug.exit
    }
    io.stderr.write(`${formatError(error)}\n`)
    return error.exit
  }
}

async function openEngine(env: NodeJS.ProcessEnv): Promise<Engine | undefined> {
  const { createEngine, findEngine } = await import('../../../util/engine-api/index.ts')
  const address = findEngine({ env })
  return address && createEngine(address)
}

function splitVerb(argv: readonly string[]): { verb: string; args: readonly string[] } {
  const [first = '', second = ''] = argv
  const isGroup = first === 'image' || first === 'buildx' || first === 'container'
  return isGroup ? { verb: `${first} ${second}`, args: argv.slice(2) } : { verb: first, args: argv.slice(1) }
}

function noSuchVerb(verb: string): PushwayError {
  if (verb === '') return fail('usage', { problem: 'docker needs a command.', hint: canDo })
  return fail('usage', { problem: `docker ${verb} needs a Docker Engine, and none is used here.`, hint: canDo })
}

async function sayVersion({ io }: Settings): Promise<void> {
  io.stdout.write('Docker version 0.0.0-pushway (embedded builder, no engine)\n')
}

async function sayInfo({ io, registry, aliases }: Settings): Promise<void> {
  io.stdout.write(`Builder: embedded (no engine)\nRegistry: ${registry ?? 'none (local run)'}\nAliases of it: ${aliases.join(', ')}\n`)
}
