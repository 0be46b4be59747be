// `docker build` and `docker buildx build` through the embedded builder.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Writable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { platformOf } from '../../../oci/image.ts'
import { mediaTypes } from '../../../oci/media-types.ts'
import type { BuildResult } from '../embedded/types.ts'
import { parseReference } from '../reference.ts'
import { locate, networkOf, readEpoch, readPairs } from './build-flags.ts'
import { type Flags, lastValue, readFlags } from './flags.ts'
import { openStore, pullInto, pushName } from './images.ts'
import { fullName, type Settings } from './settings.ts'

const usage = 'docker build [-t NAME] [-f FILE] [--target STAGE] [--build-arg NAME=VALUE] [--label NAME=VALUE] [--secret id=ID,src=FILE] [--no-cache] [-q] PATH'
/** Honoured by nature here, or without meaning: said once, never in silence. */
const ignored = {
  switches: ['pull', 'rm', 'force-rm', 'load'],
  values: ['cache-from', 'cache-to', 'provenance', 'sbom', 'attest', 'builder'],
}
/** Why some of them have no meaning. */
const reasons: Readonly<Record<string, string>> = {
  'cache-from': 'layers are cached by their content on this machine',
  'cache-to': 'layers are cached by their content on this machine',
}

/** Builds, and with `--push` pushes. */
export async function dockerBuild(settings: Settings, args: readonly string[]): Promise<void> {
  const given = ['target', 'build-arg', 'label', 'progress', 'secret', 'iidfile', 'metadata-file', 'platform', 'network', ...ignored.values]
  const flags = readFlags('build', args, {
    values: { tag: 't', file: 'f', output: 'o', ...Object.fromEntries(given.map((name) => [name, undefined])) },
    switches: { 'no-cache': undefined, quiet: 'q', push: undefined, ...Object.fromEntries(ignored.switches.map((name) => [name, undefined])) },
    positional: [1, 1],
    usage,
  })
  const { io } = settings
  checkPlatform(flags)
  const push = wantsPush(flags)
  const quiet = flags.switches.has('quiet') || lastValue(flags, 'progress') === 'quiet'
  const say = (line: string) => (quiet ? io.stderr : io.stdout).write(`${line}\n`)
  sayIgnored(flags, say, settings.engine === undefined ? [] : ['cache-from', 'cache-to', 'pull'])
  const tags = (flags.values.tag ?? []).map(fullName)
  const to = { tags, log: quiet ? () => undefined : say }
  const engine = settings.engine
  const built = engine ? await (await import('./build-engine.ts')).buildByEngine(settings, flags, { ...to, engine }) : await buildEmbedded(settings, flags, to)
  writeFacts(settings, flags, { built, tags })
  if (quiet) io.stdout.write(`${built.digest}\n`)
  if (!push) return
  if (tags.length === 0) throw fail('usage', { problem: 'docker build --push needs a name to push to.', hint: 'Name it: -t REGISTRY/NAME:TAG.' })
  const pushing = quiet ? { ...settings, io: { ...io, stdout: nowhere() } } : settings
  for (const tag of tags) await pushName(pushing, tag)
}

async function buildEmbedded(settings: Settings, flags: Flags, to: { tags: readonly string[]; log: (line: string) => void }): Promise<BuildResult> {
  const { io } = settings
  const { buildImage } = await import('../embedded/index.ts')
  const store = openStore(settings)
  const target = lastValue(flags, 'target')
  const buildArgs = readPairs(flags, 'build-arg', io.env)
  const epoch = buildArgs.SOURCE_DATE_EPOCH ?? io.env.SOURCE_DATE_EPOCH
  return await buildImage({
    ...locate(settings, flags),
    ...to,
    buildArgs,
    labels: readPairs(flags, 'label', {}),
    secrets: readSecrets(settings, flags),
    noCache: flags.switches.has('no-cache'),
    noNetwork: networkOf(flags) === 'none',
    store,
    cacheDir: settings.buildCache,
    toolchainCache: settings.toolchainCache,
    env: io.env,
    fetchImage: (reference) => pullInto(settings, store, parseReference(reference)),
    fetchOutside: async (reference) => (await import('./outside.ts')).pullOutside(settings, store, parseReference(reference)),
    fetchUrl: async (url, file) => (await import('./fetch-url.ts')).fetchUrl(url, file),
    ...(epoch ? { sourceDateEpoch: readEpoch(epoch) } : {}),
    ...(target === undefined ? {} : { target }),
  })
}

/** Images are for the machine that builds them. */
function checkPlatform(flags: Flags): void {
  const { os, architecture } = platformOf(process.platform, process.arch)
  const own = [`${os}/${architecture}`, architecture, ...(architecture === 'arm64' ? [`${os}/arm64/v8`] : [])]
  for (const platform of (flags.values.platform ?? []).flatMap((value) => value.split(','))) {
    if (own.includes(platform)) continue
    throw fail('usage', {
      problem: `docker build --platform ${platform}: images are made for this machine, ${own[0]}.`,
      hint: 'Build on a machine of that kind.',
    })
  }
}

function sayIgnored(flags: Flags, say: (line: string) => void, honoured: readonly string[]): void {
  for (const name of ignored.switches)
    if (flags.switches.has(name) && name !== 'load' && !honoured.includes(name))
      say(`docker build --${name} has no meaning without a Docker Engine and is ignored`)
  for (const name of ignored.values) {
    if (!flags.values[name] || honoured.includes(name)) continue
    say(`docker build --${name} has no meaning without a Docker Engine and is ignored${reasons[name] ? `: ${reasons[name]}` : ''}`)
  }
  const progress = lastValue(flags, 'progress') ?? 'auto'
  if (!['auto', 'plain', 'tty', 'quiet'].includes(progress)) {
    throw fail('usage', { problem: `docker build --progress ${progress} is not supported without a Docker Engine.`, hint: 'Use auto, plain, tty or quiet.' })
  }
}

/** `--push`, or an output that says it; others are refused by name. */
function wantsPush(flags: Flags): boolean {
  const outputs = flags.values.output ?? []
  for (const output of outputs) {
    const type = /(?:^|,)type=([^,]*)/.exec(output)?.[1]
    if (type === 'docker' || type === 'registry' || type === 'image') continue
    throw fail('usage', {
      problem: `docker build --output ${output} needs a Docker Engine.`,
      hint: 'Without one there are type=docker, type=image and type=registry.',
    })
  }
  return flags.switches.has('push') || outputs.some((output) => /(?:^|,)(?:type=registry|push=true)(?:,|$)/.test(output))
}

/** `id=ID,src=FILE`, `id=ID,env=NAME`; the content is read when a RUN asks for it. */
function readSecrets({ io }: Settings, flags: Flags): Readonly<Record<string, () => Uint8Array>> {
  const secrets: Record<string, () => Uint8Array> = {}
  for (const text of flags.values.secret ?? []) {
    const pairs = new Map(text.split(',').map((part) => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)] as const))
    const id = pairs.get('id')
    const file = pairs.get('src') ?? pairs.get('source')
    const name = pairs.get('env') ?? (pairs.get('type') === 'env' ? id : undefined)
    if (!id) throw fail('usage', { problem: 'docker build --secret has no id.', hint: 'Write --secret id=ID,src=FILE or --secret id=ID,env=NAME.' })
    const path = file ?? (name === undefined && io.env[id] === undefined ? id : undefined)
    const value = io.env[name ?? id]
    if (path === undefined && value === undefined)
      throw fail('usage', { problem: `docker build --secret id=${id}: ${name ?? id} is not set.`, hint: 'Set it, or use src=FILE.' })
    const place = path === undefined ? undefined : resolve(io.cwd, path)
    if (place !== undefined && !existsSync(place))
      throw fail('usage', { problem: `docker build --secret id=${id}: there is no file ${path}.`, hint: 'Write it before the build.' })
    secrets[id] = () => (place === undefined ? Buffer.from(value ?? '') : readFileSync(place))
  }
  return secrets
}

/** `--iidfile` and `--metadata-file`. */
function writeFacts({ io }: Settings, flags: Flags, { built, tags }: { built: BuildResult; tags: readonly string[] }): void {
  const idFile = lastValue(flags, 'iidfile')
  if (idFile !== undefined) writeFileSync(resolve(io.cwd, idFile), built.digest)
  const file = lastValue(flags, 'metadata-file')
  if (file === undefined) return
  const facts = {
    'containerimage.config.digest': built.config,
    'containerimage.descriptor': { mediaType: mediaTypes.manifest, digest: built.digest, size: built.size },
    'containerimage.digest': built.digest,
    ...(tags.length === 0 ? {} : { 'image.name': tags.join(',') }),
  }
  writeFileSync(resolve(io.cwd, file), `${JSON.stringify(facts, undefined, 2)}\n`)
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}
