// What speaks of a manifest: signatures, bills of materials, provenance. Found by their `subject`.

import type { Digest } from '@pushway/core/text/ids.ts'
import { isDigest } from '../oci/digest.ts'
import { isImageIndex, mediaTypes } from '../oci/media-types.ts'
import { readChecked } from '../oci/read.ts'
import { checkImageIndex, checkImageManifest, type ImageIndex, type ImageManifest } from '../oci/schema.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'
import { RegistryProblem, sendJson } from './answer.ts'
import type { Exchange } from './types.ts'

/** A referrer as the specification's list has it. */
interface Referrer {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}

/** The referrers of a digest in a repository, oldest first. */
export async function readReferrers(
  { blobs, index }: { readonly blobs: BlobStore; readonly index: Pick<RegistryIndex, 'referrers'> },
  repository: string,
  digest: Digest,
): Promise<readonly Referrer[]> {
  const found: Referrer[] = []
  for (const { mediaType, digest: own, size } of index.referrers(repository, digest)) {
    const manifest: ImageManifest | ImageIndex = isImageIndex(mediaType)
      ? await readChecked(blobs, own, checkImageIndex)
      : await readChecked(blobs, own, checkImageManifest)
    const artifactType = manifest.artifactType ?? ('config' in manifest ? manifest.config.mediaType : undefined)
    const { annotations } = manifest
    found.push({ mediaType, digest: own, size, ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) })
  }
  return found
}

/** The manifests that name `digest` as their subject, as an image index. */
export async function serveReferrers(exchange: Exchange, name: string, digest: string): Promise<void> {
  if (!isDigest(digest)) throw new RegistryProblem(400, 'DIGEST_INVALID', `"${digest}" is not a sha256 digest`)
  const wanted = exchange.url.searchParams.get('artifactType')
  const all = await readReferrers(exchange, name, digest)
  const manifests = wanted === null ? all : all.filter((one) => one.artifactType === wanted)
  const body = { schemaVersion: 2, mediaType: mediaTypes.index, manifests }
  sendJson(exchange.res, body, { 'content-type': body.mediaType, ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }) })
}
