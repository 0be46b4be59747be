// What speaks of a manifest: signatures, bills of materials, provenance. Found by their `subject`.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { isDigest } from '../oci/digest.ts'
import { isImageIndex, mediaTypes } from '../oci/media-types.ts'
import { type Checked, checkImageIndex, checkImageManifest, type ImageIndex, type ImageManifest } from '../oci/schema.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'
import { RegistryProblem, sendJson } from './answer.ts'
import type { Documents } from './documents.ts'
import { nextLink, readPage } from './lists.ts'
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
  { documents, index }: { readonly documents: Documents; readonly index: Pick<RegistryIndex, 'referrers'> },
  repository: string,
  digest: Digest,
): Promise<readonly Referrer[]> {
  const found: Referrer[] = []
  for (const { mediaType, digest: own, size } of index.referrers(repository, digest)) {
    const checked: Checked<ImageManifest | ImageIndex> = (isImageIndex(mediaType) ? checkImageIndex : checkImageManifest)(await documents.read(own))
    // It was checked when it was pushed.
    if (!checked.ok) throw fail('image-invalid', { image: own, problem: checked.problem })
    const manifest = checked.value
    const artifactType = manifest.artifactType ?? ('config' in manifest ? manifest.config.mediaType : undefined)
    const { annotations } = manifest
    found.push({ mediaType, digest: own, size, ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) })
  }
  return found
}

/** The manifests that name `digest` as their subject, as an image index. */
export async function serveReferrers(exchange: Exchange, name: string, digest: string): Promise<void> {
  if (!isDigest(digest)) throw new RegistryProblem(400, 'DIGEST_INVALID', `"${digest}" is not a sha256 or sha512 digest`)
  const wanted = exchange.url.searchParams.get('artifactType')
  const { limit, after } = readPage(exchange.url)
  const all = (await readReferrers(exchange, name, digest)).filter((one) => wanted === null || one.artifactType === wanted)
  const from = after === undefined ? 0 : all.findIndex((one) => one.digest === after) + 1
  const manifests = all.slice(from, from + limit)
  const body = { schemaVersion: 2, mediaType: mediaTypes.index, manifests }
  const more = wanted === null ? '' : `&artifactType=${encodeURIComponent(wanted)}`
  const isLast = from + manifests.length >= all.length || limit === 0
  sendJson(exchange.res, body, {
    'content-type': body.mediaType,
    ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...(isLast ? {} : nextLink(`/v2/${name}/referrers/${digest}`, { limit, last: manifests.at(-1)?.digest ?? '', more })),
  })
}
