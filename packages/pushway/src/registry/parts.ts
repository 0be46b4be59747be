// What a manifest points to, read once and kept in the index: its bytes never change.

import type { ManifestParts } from '@pushway/core/images/types.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { isImageIndex } from '../oci/media-types.ts'
import { readChecked } from '../oci/read.ts'
import { checkImageIndex, checkImageManifest, type ImageIndex, type ImageManifest } from '../oci/schema.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'

/** Where parts are kept and read from. */
export interface PartsSource {
  readonly blobs: BlobStore
  readonly index: Pick<RegistryIndex, 'parts' | 'setParts'>
}

/** The parts of a checked manifest. */
export function partsOf(manifest: ImageManifest | ImageIndex): ManifestParts {
  if ('manifests' in manifest) return { manifests: manifest.manifests.map(({ digest }) => digest), blobs: [] }
  return { manifests: [], blobs: [manifest.config, ...manifest.layers].map(({ digest, size }) => ({ digest, size })) }
}

/** The parts of a manifest that is stored; undefined when it can't be read. */
export async function readParts(
  { blobs, index }: PartsSource,
  manifest: { readonly digest: Digest; readonly mediaType: string },
): Promise<ManifestParts | undefined> {
  const known = index.parts(manifest.digest)
  if (known) return known
  const check = isImageIndex(manifest.mediaType) ? checkImageIndex : checkImageManifest
  const read = await readChecked<ImageManifest | ImageIndex>(blobs, manifest.digest, check).catch(() => undefined)
  if (!read) return undefined
  const parts = partsOf(read)
  index.setParts(manifest.digest, parts)
  return parts
}
