// `docker build` by an engine's API: Pushway's own builds, and machines that have an engine and no docker client.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Engine } from '../../../util/engine-api/index.ts'
import type { BuildResult } from '../embedded/types.ts'
import { parseReference } from '../reference.ts'
import { locate, networkOf, readEpoch, readPairs } from './build-flags.ts'
import { type Flags, lastValue } from './flags.ts'
import { openStore } from './images.ts'
import type { Settings } from './settings.ts'

/** The same flags as without an engine, the same report, the image in the same store. @throws PushwayError as `buildWithEngine` */
export async function buildByEngine(
  settings: Settings,
  flags: Flags,
  to: { readonly tags: readonly string[]; readonly log: (line: string) => void; readonly engine: Engine },
): Promise<BuildResult> {
  const { io } = settings
  if (flags.values.secret)
    throw fail('usage', {
      problem: 'docker build --secret needs the docker client when an engine builds.',
      hint: 'Install the docker client, or use the embedded builder.',
    })
  const { buildWithEngine } = await import('../docker/index.ts')
  const target = lastValue(flags, 'target')
  const buildArgs = readPairs(flags, 'build-arg', io.env)
  const epoch = buildArgs.SOURCE_DATE_EPOCH ?? io.env.SOURCE_DATE_EPOCH
  const own = io.env.PUSHWAY_OWN_BUILD === '1'
  const wanted = [...(flags.values['cache-from'] ?? []).flatMap(cacheReference), ...(own ? to.tags : [])]
  return buildWithEngine({
    ...locate(settings, flags),
    ...to,
    buildArgs,
    labels: readPairs(flags, 'label', {}),
    noCache: flags.switches.has('no-cache'),
    noNetwork: networkOf(flags) === 'none',
    pull: flags.switches.has('pull'),
    store: openStore(settings),
    builder: io.env.DOCKER_BUILDKIT === '0' ? 'classic' : 'auto',
    cacheFrom: wanted.map((reference) => cacheImage(settings, reference)),
    inlineCache: own || (flags.values['cache-to'] ?? []).some((text) => /(?:^|,)type=(?:inline|registry)(?:,|$)/.test(text)),
    ...(epoch ? { sourceDateEpoch: readEpoch(epoch) } : {}),
    ...(target === undefined ? {} : { target }),
  })
}

/** `NAME`, or `type=registry,ref=NAME`; caches of other kinds are not an engine's. */
function cacheReference(text: string): readonly string[] {
  if (!text.includes('=')) return [text]
  const pairs = new Map(text.split(',').map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)] as const))
  const reference = pairs.get('ref')
  return pairs.get('type') === 'registry' && reference ? [reference] : []
}

/** An aliased name is an image of our own registry, with the job's token; the engine speaks plain HTTP to this machine. */
function cacheImage(settings: Settings, text: string): { reference: string; auth?: string } {
  const { registry, repository, tag = 'latest' } = parseReference(text)
  if (settings.registry === undefined || !(settings.aliases.includes(registry) || registry === settings.registry)) return { reference: text }
  const reference = `${settings.registry}/${repository}:${tag}`
  if (settings.token === undefined) return { reference }
  const auth = { username: 'run', password: settings.token.reveal(), serveraddress: settings.registry }
  // Go's URL alphabet, with its padding.
  return { reference, auth: Buffer.from(JSON.stringify(auth)).toString('base64').replaceAll('+', '-').replaceAll('/', '_') }
}
