// Manifests of other registries: kept when they are fetched; a tag is asked for again after a minute, a digest never.

import type { Milliseconds } from '@pushway/core/text/ids.ts'
import { digestOf, isDigest, splitDigest } from '../../oci/digest.ts'
import { isImageIndex, isImageManifest, mediaTypes } from '../../oci/media-types.ts'
import { documentLimit, readStream } from '../../oci/read.ts'
import { checkImageIndex, checkImageManifest, type ImageIndex, type ImageManifest } from '../../oci/schema.ts'
import type { ManifestRow } from '../../ports/registry-index.ts'
import { partsOf } from '../parts.ts'
import { isTag } from '../route.ts'
import type { Exchange } from '../types.ts'
import { announce, type MirrorDesk, type MirrorOutcome, toAnswer } from './desk.ts'
import type { MirrorPlace } from './places.ts'
import { UpstreamError } from './upstream.ts'

/** A tag that was asked for this short a time ago means the same. */
const freshMs: Milliseconds = 60_000
/** Uses are noted now and then only. */
const noteUseMs: Milliseconds = 3_600_000
const accept = { accept: [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerList].join(', ') }

interface Found {
  readonly row: ManifestRow
  readonly outcome: MirrorOutcome
  readonly why?: string
}

/** GET and HEAD of a manifest; false when the registry has none. */
export async function serveMirroredManifest(desk: MirrorDesk, exchange: Exchange, asked: { place: MirrorPlace; reference: string }): Promise<boolean> {
  const { place, reference } = asked
  if (!isDigest(reference) && !isTag(reference)) return false
  const found = await findManifest(desk, exchange, asked)
  if (!found) return false
  const { row, ...told } = found
  const { req, res, documents } = exchange
  const bytes = req.method === 'HEAD' ? undefined : await documents.read(row.digest)
  announce(desk, exchange, { place, what: 'manifest', reference, ...told })
  res.writeHead(200, { 'content-type': row.mediaType, 'content-length': row.size, 'docker-content-digest': row.digest, etag: `"${row.digest}"` })
  res.end(bytes)
  return true
}

async function findManifest(desk: MirrorDesk, exchange: Exchange, asked: { place: MirrorPlace; reference: string }): Promise<Found | undefined> {
  const { place, reference } = asked
  const known = await knownManifest(exchange, asked)
  const check = isDigest(reference) ? undefined : desk.mirrors.check(place.repository, reference)
  const now = desk.now()
  if (check && now - check.usedAt > noteUseMs) desk.mirrors.noteUse(place.repository, reference, now)
  if (known && (isDigest(reference) || (check && now - check.checkedAt < freshMs))) return { row: known, outcome: 'hit' }
  try {
    return await askFor(desk, exchange, { ...asked, known })
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    if (known) return { row: known, outcome: 'stale', why: error.message }
    desk.count?.(place.mirror.host, 'manifest', 'failed')
    throw toAnswer(desk, place, error)
  }
}

/** What is kept here; a manifest whose bytes are gone is not. */
async function knownManifest({ index, blobs }: Exchange, { place, reference }: { place: MirrorPlace; reference: string }): Promise<ManifestRow | undefined> {
  const digest = isDigest(reference) ? reference : index.tag(place.repository, reference)
  const row = digest === undefined ? undefined : index.manifest(place.repository, digest)
  return row && (await blobs.has(row.digest)) ? row : undefined
}

interface Asked {
  readonly place: MirrorPlace
  readonly reference: string
  readonly known: ManifestRow | undefined
}

/** A HEAD first where something is kept: it costs less, and Docker Hub does not count it. */
async function askFor(desk: MirrorDesk, exchange: Exchange, { place, reference, known }: Asked): Promise<Found | undefined> {
  const upstream = desk.upstream(place.mirror)
  const call = { repository: place.name, path: `manifests/${reference}`, headers: accept }
  if (known) {
    const head = await upstream.send({ ...call, method: 'HEAD' })
    head.body.resume()
    if (head.status === 404) {
      exchange.index.removeTag(place.repository, reference)
      return undefined
    }
    if (head.headers['docker-content-digest'] === known.digest) {
      desk.mirrors.noteCheck(place.repository, reference, desk.now())
      exchange.index.touchManifest(place.repository, known.digest)
      return { row: known, outcome: 'revalidated' }
    }
  }
  const answer = await upstream.send({ ...call, method: 'GET' })
  if (answer.status === 404) {
    answer.body.resume()
    return undefined
  }
  const bytes = await readStream(answer.body, documentLimit)
  const row = await keep(exchange, { place, reference }, { bytes, headers: answer.headers })
  if (!isDigest(reference)) desk.mirrors.noteCheck(place.repository, reference, desk.now())
  return { row, outcome: 'fetched' }
}

interface Received {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Keeps a manifest that is what it was asked for. @throws UpstreamError when it is something else */
async function keep({ index, blobs }: Exchange, { place, reference }: { place: MirrorPlace; reference: string }, received: Received): Promise<ManifestRow> {
  const { bytes, headers } = received
  const said = headers['docker-content-digest']
  const wanted = isDigest(reference) ? reference : typeof said === 'string' && isDigest(said) ? said : undefined
  const algorithm = wanted === undefined ? 'sha256' : splitDigest(wanted).algorithm
  const digest = digestOf(bytes, algorithm)
  if (wanted !== undefined && digest !== wanted) throw new UpstreamError('denied', `${place.mirror.host} sent ${digest} for ${wanted}`)
  const mediaType =
    String(headers['content-type'] ?? '')
      .split(';')[0]
      ?.trim() ?? ''
  const manifest = readManifest(place, mediaType, bytes)
  await blobs.put(bytes, algorithm)
  const subject = manifest.subject?.digest
  const row: ManifestRow = { digest, mediaType, size: bytes.length, ...(subject ? { subject } : {}) }
  index.setParts(digest, partsOf(manifest))
  index.putManifest(place.repository, row, isDigest(reference) ? undefined : reference)
  return row
}

function readManifest({ mirror }: MirrorPlace, mediaType: string, bytes: Buffer): ImageManifest | ImageIndex {
  if (!isImageManifest(mediaType) && !isImageIndex(mediaType)) throw new UpstreamError('denied', `${mirror.host} sent a manifest of type "${mediaType}"`)
  const checked = isImageIndex(mediaType) ? checkImageIndex(bytes) : checkImageManifest(bytes)
  if (!checked.ok) throw new UpstreamError('denied', `${mirror.host} sent what is no manifest: ${checked.problem}`)
  return checked.value
}
