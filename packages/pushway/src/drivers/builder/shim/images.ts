// The job's images, and their way to and from the embedded registry.

import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import { readImage } from '../../../oci/config.ts'
import { Secret } from '../../../util/secret.ts'
import { type ImageLayout, type LayoutImage, openImageLayout } from '../layout.ts'
import { familiarName, formatReference, parseReference, type Reference } from '../reference.ts'
import { lastValue, readFlags } from './flags.ts'
import { pullImage, pushImage, type RegistryClient } from './registry-client.ts'
import { fullName, readAuth, requireAlias, type Settings } from './settings.ts'

export function openStore(settings: Settings): ImageLayout {
  return openImageLayout(settings.imageStore)
}

/** The key under which docker's configuration keeps a registry's credential. */
export function authKey(registry: string): string {
  return registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry
}

/** A client of the embedded registry for a reference that is allowed to go there; undefined in a local run. */
function clientFor(settings: Settings, reference: Reference): RegistryClient | undefined {
  if (settings.registry === undefined) return undefined
  const own = settings.token && new Secret(Buffer.from(`run:${settings.token.reveal()}`).toString('base64'))
  const auth = own ?? readAuth(settings.dockerConfig, authKey(reference.registry))
  return { host: settings.registry, log: (line) => settings.io.stdout.write(`${line}\n`), ...(auth ? { auth } : {}) }
}

/** An image of the store by name, digest, or the beginning of its id. @throws PushwayError `image-missing` */
function findLocal(store: ImageLayout, text: string): LayoutImage {
  const id = /^(?:sha256:)?([0-9a-f]{7,64})$/.exec(text)?.[1]
  const byId = id === undefined ? undefined : store.list().find((image) => image.digest.startsWith(`sha256:${id}`))
  const found = byId ?? findByName(store, text)
  if (!found) throw fail('image-missing', { image: text })
  return found
}

function findByName(store: ImageLayout, text: string): LayoutImage | undefined {
  const { digest, ...named } = parseReference(text)
  return digest === undefined ? store.find(formatReference(named)) : store.list().find((image) => image.digest === digest)
}

/** Pushes one name of the store. */
export async function pushName(settings: Settings, text: string): Promise<void> {
  const { stdout } = settings.io
  const reference = requireAlias(settings, text)
  const store = openStore(settings)
  const image = findLocal(store, text)
  const tag = reference.tag ?? 'latest'
  stdout.write(`The push refers to repository [${familiarName(reference)}]\n`)
  const client = clientFor(settings, reference)
  if (client) await pushImage(client, store, { image, repository: reference.repository, tag })
  else stdout.write('There is no registry in a local run: the image stays in the local image store\n')
  stdout.write(`${tag}: digest: ${image.digest} size: ${image.size}\n`)
}

export async function dockerPush(settings: Settings, args: readonly string[]): Promise<void> {
  const flags = readFlags('push', args, { switches: { quiet: 'q', 'all-tags': 'a' }, positional: [1, 1], usage: 'docker push [-a] NAME[:TAG]' })
  const [name = ''] = flags.positional
  if (!flags.switches.has('all-tags')) return pushName(settings, name)
  const { registry, repository } = requireAlias(settings, name)
  const prefix = `${formatReference({ registry, repository })}:`
  for (const image of openStore(settings).list()) if (image.name?.startsWith(prefix)) await pushName(settings, image.name)
}

/** Brings an image into the store; undefined when it is not in the embedded registry, or nothing may go there. */
export async function pullInto(settings: Settings, store: ImageLayout, reference: Reference): Promise<LayoutImage | undefined> {
  if (!settings.aliases.includes(reference.registry) && reference.registry !== settings.registry) return undefined
  const client = clientFor(settings, reference)
  if (client === undefined) return undefined
  try {
    const image = await pullImage({ ...client, log: () => undefined }, store, {
      repository: reference.repository,
      reference: reference.digest ?? reference.tag ?? 'latest',
    })
    store.tag(formatReference(reference), image)
    return image
  } catch (error) {
    // Not there, or another project's: the caller says what it was wanted for.
    if (error instanceof PushwayError && (error.code === 'image-missing' || error.code === 'registry-refused')) return undefined
    throw error
  }
}

export async function dockerPull(settings: Settings, args: readonly string[]): Promise<void> {
  const flags = readFlags('pull', args, { switches: { quiet: 'q' }, positional: [1, 1], usage: 'docker pull NAME[:TAG|@DIGEST]' })
  const [name = ''] = flags.positional
  const reference = requireAlias(settings, name)
  const store = openStore(settings)
  const client = clientFor(settings, reference)
  const quiet = flags.switches.has('quiet')
  const image = client
    ? await pullImage(quiet ? { ...client, log: () => undefined } : client, store, {
        repository: reference.repository,
        reference: reference.digest ?? reference.tag ?? 'latest',
      })
    : findLocal(store, name)
  store.tag(reference.digest === undefined ? formatReference(reference) : undefined, image)
  settings.io.stdout.write(
    quiet
      ? `${formatReference(reference)}\n`
      : `Digest: ${image.digest}\nStatus: Image is up to date for ${formatReference(reference)}\n${formatReference(reference)}\n`,
  )
}

export async function dockerTag(settings: Settings, args: readonly string[]): Promise<void> {
  const { positional } = readFlags('tag', args, { positional: [2, 2], usage: 'docker tag SOURCE TARGET' })
  const [source = '', target = ''] = positional
  const store = openStore(settings)
  store.tag(fullName(target), findLocal(store, source))
}

export async function dockerImages(settings: Settings, args: readonly string[]): Promise<void> {
  const flags = readFlags('images', args, {
    switches: { quiet: 'q', all: 'a', 'no-trunc': undefined },
    positional: [0, 1],
    usage: 'docker images [-q] [--no-trunc] [NAME]',
  })
  const [wanted] = flags.positional
  const short = (digest: string) => (flags.switches.has('no-trunc') ? digest : digest.slice(7, 19))
  const rows = openStore(settings)
    .list()
    .map((image) => ({ image, reference: image.name === undefined ? undefined : parseReference(image.name) }))
    .filter(
      ({ reference }) =>
        wanted === undefined || (reference !== undefined && (familiarName(reference) === wanted || `${familiarName(reference)}:${reference.tag}` === wanted)),
    )
  if (flags.switches.has('quiet')) {
    settings.io.stdout.write([...new Set(rows.map(({ image }) => `${short(image.digest)}\n`))].join(''))
    return
  }
  const lines = rows.map(({ image, reference }) => [reference ? familiarName(reference) : '<none>', reference?.tag ?? '<none>', short(image.digest)])
  settings.io.stdout.write(formatTable([['REPOSITORY', 'TAG', 'IMAGE ID'], ...lines]))
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('   ')
          .trimEnd()}\n`,
    )
    .join('')
}

export async function dockerInspect(settings: Settings, args: readonly string[]): Promise<void> {
  const flags = readFlags('image inspect', args, {
    values: { format: 'f', type: undefined },
    positional: [1, 99],
    usage: 'docker image inspect [--format TEMPLATE] NAME...',
  })
  const store = openStore(settings)
  const all = []
  for (const name of flags.positional) all.push(await describeImage(store, findLocal(store, name)))
  const format = lastValue(flags, 'format')
  const text = format === undefined ? JSON.stringify(all, undefined, 4) : all.map((image) => fillTemplate(format, image)).join('\n')
  settings.io.stdout.write(`${text}\n`)
}

async function describeImage(store: ImageLayout, image: LayoutImage): Promise<Record<string, unknown>> {
  const { manifest, file } = await readImage(store.blobs, image.digest)
  const names = store.list().filter((other) => other.digest === image.digest && other.name !== undefined)
  const references = names.map(({ name }) => parseReference(name ?? ''))
  return {
    Id: image.digest,
    RepoTags: references.map((reference) => `${familiarName(reference)}:${reference.tag}`),
    RepoDigests: [...new Set(references.map((reference) => `${familiarName(reference)}@${image.digest}`))],
    Created: file.created,
    Architecture: file.architecture,
    Os: file.os,
    Size: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
    Config: file.config,
    RootFS: { Type: 'layers', Layers: file.rootfs?.diff_ids },
  }
}

/** The part of Go's templates that scripts use on images: `{{.A.B}}`, `{{json .A}}`, `{{index .A 0}}`. */
function fillTemplate(format: string, value: unknown): string {
  return format.replace(/\{\{.*?\}\}/g, (whole) => {
    const match = /^\{\{\s*(?:(json|index)\s+)?\.([\w.]*)(?:\s+(\d+))?\s*\}\}$/.exec(whole)
    if (!match) {
      const hint = 'Write {{.Id}}, {{json .Config}} or {{index .RepoDigests 0}}.'
      throw fail('usage', { problem: `The template ${whole} is not supported without a Docker Engine.`, hint })
    }
    const [, word, path = '', at] = match
    const keys = [...path.split('.').filter((key) => key !== ''), ...(word === 'index' && at ? [at] : [])]
    const found = keys.reduce<unknown>((part, key) => (isRecord(part) ? part[key] : undefined), value)
    return word === 'json' || typeof found === 'object' ? JSON.stringify(found ?? null) : String(found ?? '<no value>')
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object'
}
