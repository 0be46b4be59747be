// Manifests of the registry: kept byte for byte, by digest and tag.

import type { ImageBuildInfo } from '@pushway/core/event/types.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { digestOf, isDigest, splitDigest } from '../oci/digest.ts'
import { buildLabels, isImageIndex, isImageManifest } from '../oci/media-types.ts'
import { documentLimit, readChecked, readStream } from '../oci/read.ts'
import { type Checked, checkConfigFile, checkImageIndex, checkImageManifest, type ImageIndex, type ImageManifest } from '../oci/schema.ts'
import type { ManifestRow } from '../ports/registry-index.ts'
import { RegistryProblem } from './answer.ts'
import { endWhenSilent, usualStallMs } from './body.ts'
import { evidenceTag } from './evidence/artifacts.ts'
import { partsOf } from './parts.ts'
import { isTag } from './route.ts'
import type { Exchange } from './types.ts'

/** Indexes in indexes: clients follow them one by one. */
const deepest = 8
const mostTags = 100

/** GET and HEAD of a manifest by tag or digest. */
export async function serveManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { index, documents, req, res, meter } = exchange
  const digest = isDigest(reference) ? reference : (index.tag(name, reference) ?? (await evidenceTag(exchange, name, reference)))
  const row = digest === undefined ? undefined : index.manifest(name, digest)
  if (!row) throw new RegistryProblem(404, 'MANIFEST_UNKNOWN', `${name} has no manifest ${reference}`)
  const bytes = req.method === 'HEAD' ? undefined : await documents.read(row.digest)
  if (bytes) meter?.pull()
  res.writeHead(200, { 'content-type': row.mediaType, 'content-length': row.size, 'docker-content-digest': row.digest, etag: `"${row.digest}"` })
  res.end(bytes)
}

function unwrap<T>(checked: Checked<T>): T {
  if (!checked.ok) throw new RegistryProblem(400, 'MANIFEST_INVALID', `The manifest was refused: ${checked.problem}`)
  return checked.value
}

/** The tags that a PUT sets: the one of its path, or those of `?tag=` beside a digest (as the specification after 1.1 has it). */
function tagsOf({ url }: Exchange, reference: string): readonly string[] {
  const tags = isDigest(reference) ? url.searchParams.getAll('tag') : [reference]
  const wrong = tags.find((tag) => !isTag(tag))
  if (wrong !== undefined) throw new RegistryProblem(400, 'TAG_INVALID', `"${wrong}" can't be a tag`)
  if (tags.length > mostTags) throw new RegistryProblem(414, 'TAG_INVALID', `At most ${mostTags} tags are set at once`)
  return tags
}

/** PUT of a manifest: everything it names must be in the repository already. */
export async function putManifest(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { req, res, blobs, index, stallMs = usualStallMs } = exchange
  const tags = tagsOf(exchange, reference)
  endWhenSilent(exchange, stallMs)
  const bytes = await readStream(req, documentLimit)
  const algorithm = isDigest(reference) ? splitDigest(reference).algorithm : 'sha256'
  const digest = digestOf(bytes, algorithm)
  if (isDigest(reference) && digest !== reference) throw new RegistryProblem(400, 'DIGEST_INVALID', `The manifest's digest is ${digest}, not ${reference}`)
  const mediaType = (req.headers['content-type'] ?? '').split(';')[0]?.trim() ?? ''
  const manifest = await checkManifest(exchange, name, { bytes, mediaType })
  await blobs.put(bytes, algorithm)
  const subject = manifest.subject?.digest
  const row: ManifestRow = { digest, mediaType, size: bytes.length, ...(subject ? { subject } : {}) }
  index.setParts(digest, partsOf(manifest))
  for (const tag of tags.length > 0 ? tags : [undefined]) index.putManifest(name, row, tag)
  await announce(exchange, manifest, { name, digest, tags })
  res.writeHead(201, {
    location: `/v2/${name}/manifests/${digest}`,
    'docker-content-digest': digest,
    'content-length': 0,
    ...(subject ? { 'oci-subject': subject } : {}),
    ...(tags.length > 0 && isDigest(reference) ? { 'oci-tag': [...tags] } : {}),
  })
  res.end()
}

interface Accepted {
  readonly name: string
  readonly digest: Digest
  readonly tags: readonly string[]
}

/** Tells who waits for pushes, and the counters. */
async function announce(exchange: Exchange, manifest: ImageManifest | ImageIndex, { name, digest, tags }: Accepted): Promise<void> {
  const { principal, onPush, meter } = exchange
  const source = await readBuildInfo(exchange, manifest)
  for (const tag of tags.length > 0 ? tags : [undefined])
    if (principal) onPush({ repository: name, digest, principal, ...(tag === undefined ? {} : { tag }), ...(source ? { source } : {}) })
  meter?.push()
}

async function checkManifest(exchange: Exchange, name: string, sent: { bytes: Buffer; mediaType: string }): Promise<ImageManifest | ImageIndex> {
  const { bytes, mediaType } = sent
  if (isImageManifest(mediaType)) {
    const manifest = unwrap(checkImageManifest(bytes))
    checkOwnType(manifest.mediaType, mediaType)
    // Layers with `urls` are kept elsewhere by their nature.
    await checkBlobs(
      exchange,
      name,
      [manifest.config, ...manifest.layers.filter((layer) => !layer.urls?.length)].map((part) => part.digest),
    )
    return manifest
  }
  if (isImageIndex(mediaType)) {
    const list = unwrap(checkImageIndex(bytes))
    checkOwnType(list.mediaType, mediaType)
    const missing = list.manifests.find((child) => {
      exchange.index.touchManifest(name, child.digest)
      return !exchange.index.manifest(name, child.digest)
    })
    if (missing) throw new RegistryProblem(404, 'MANIFEST_BLOB_UNKNOWN', `${name} has no manifest ${missing.digest}`)
    const children = list.manifests.map((child) => child.digest)
    if (depthOf(exchange.index, children) > deepest)
      throw new RegistryProblem(400, 'MANIFEST_INVALID', `The index lists indexes that list indexes, more than ${deepest} deep`)
    return list
  }
  throw new RegistryProblem(415, 'MANIFEST_INVALID', `Manifests of type "${mediaType}" are not kept here: push an OCI or Docker schema 2 image`)
}

/** How many indexes are below one that lists `digests`, on the longest way. */
function depthOf(index: Exchange['index'], digests: readonly Digest[]): number {
  let depth = 0
  for (let level = digests; level.length > 0 && depth <= deepest; depth++) {
    level = [...new Set(level.flatMap((digest) => index.parts(digest)?.manifests ?? []))]
  }
  return depth
}

function checkOwnType(own: string | undefined, sent: string): void {
  if (own !== undefined && own !== sent) throw new RegistryProblem(400, 'MANIFEST_INVALID', `The manifest calls itself ${own} and was sent as ${sent}`)
}

async function checkBlobs({ index, blobs }: Exchange, name: string, digests: readonly string[]): Promise<void> {
  for (const digest of digests) {
    // First young, then there: what is seen here is not swept.
    index.touchBlob(name, digest)
    if (index.hasBlob(name, digest) && (await blobs.has(digest))) continue
    throw new RegistryProblem(404, 'MANIFEST_BLOB_UNKNOWN', `${name} has no blob ${digest}`)
  }
}

/** What the image says it was built from: its annotations, else its configuration's labels. */
async function readBuildInfo({ blobs }: Exchange, manifest: ImageManifest | ImageIndex): Promise<ImageBuildInfo | undefined> {
  if (!('config' in manifest)) return undefined
  let labels: Readonly<Record<string, string>> = manifest.annotations ?? {}
  if (!hasBuildLabels(labels)) {
    // Artifacts have configurations of other shapes; they are not built from a context.
    const config = await readChecked(blobs, manifest.config.digest, checkConfigFile).catch(() => undefined)
    labels = config?.config?.Labels ?? {}
  }
  if (!hasBuildLabels(labels)) return undefined
  const pick = (key: 'context' | 'dockerfile' | 'target' | 'base') => (labels[buildLabels[key]] === undefined ? {} : { [key]: labels[buildLabels[key]] })
  return { ...pick('context'), ...pick('dockerfile'), ...pick('target'), ...pick('base') }
}

function hasBuildLabels(labels: Readonly<Record<string, string>>): boolean {
  return Object.values(buildLabels).some((label) => labels[label] !== undefined)
}
