// Evidence as OCI artifacts: manifests whose subject is the image, found again by their artifact type.

import { evidenceTypes } from '@pushway/core/images/evidence.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { digestOf } from '../../oci/digest.ts'
import { mediaTypes } from '../../oci/media-types.ts'
import { readChecked, readDocument } from '../../oci/read.ts'
import { checkImageManifest, type Descriptor } from '../../oci/schema.ts'
import type { BlobStore } from '../../ports/blobs.ts'
import type { ManifestRow, RegistryIndex } from '../../ports/registry-index.ts'
import { partsOf } from '../parts.ts'

/** Where artifacts are kept. */
export interface ArtifactStore {
  readonly blobs: BlobStore
  readonly index: RegistryIndex
}

/** One layer: its bytes and what is said of them. */
export interface ArtifactLayer {
  readonly mediaType: string
  readonly bytes: Uint8Array
  readonly annotations?: Readonly<Record<string, string>>
}

export interface StoredArtifact {
  readonly digest: Digest
  readonly type: string
  readonly layers: readonly (Descriptor & { readonly bytes: Uint8Array })[]
}

/** The configuration of what has none: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidance-for-an-empty-descriptor */
const empty = { mediaType: 'application/vnd.oci.empty.v1+json', bytes: Buffer.from('{}') }

/** Stores an artifact about `subject`. Bytes first, then what names them: killed at any moment, nothing is named that is not there. */
export async function storeArtifact(
  { blobs, index }: ArtifactStore,
  repository: string,
  artifact: { subject: ManifestRow; type: string; layers: readonly ArtifactLayer[] },
): Promise<Digest> {
  const { subject, type, layers } = artifact
  const describe = async ({ mediaType, bytes, annotations }: ArtifactLayer): Promise<Descriptor> => {
    const { digest, size } = await blobs.put(bytes)
    index.addBlob(repository, digest)
    return { mediaType, digest, size, ...(annotations ? { annotations } : {}) }
  }
  const manifest = {
    schemaVersion: 2 as const,
    mediaType: mediaTypes.manifest,
    artifactType: type,
    config: await describe(empty),
    layers: await Promise.all(layers.map(describe)),
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const digest = digestOf(bytes)
  await blobs.put(bytes)
  index.setParts(digest, partsOf(manifest))
  index.putManifest(repository, { digest, mediaType: mediaTypes.manifest, size: bytes.length, subject: subject.digest })
  return digest
}

/** The artifacts about a digest of the types that evidence has, newest first, whole. What can't be read is left out. */
export async function readArtifacts({ blobs, index }: ArtifactStore, repository: string, subject: Digest): Promise<readonly StoredArtifact[]> {
  const found: StoredArtifact[] = []
  const types: readonly string[] = [evidenceTypes.signature, evidenceTypes.attestation, evidenceTypes.sbom]
  for (const { digest, mediaType } of index.referrers(repository, subject)) {
    if (mediaType !== mediaTypes.manifest) continue
    const manifest = await readChecked(blobs, digest, checkImageManifest).catch(() => undefined)
    if (!manifest?.artifactType || !types.includes(manifest.artifactType)) continue
    const layers = await Promise.all(manifest.layers.map(async (layer) => ({ ...layer, bytes: await readDocument(blobs, layer.digest) }))).catch(
      () => undefined,
    )
    if (layers) found.unshift({ digest, type: manifest.artifactType, layers })
  }
  return found
}

const tagged = /^sha256-([0-9a-f]{64})\.(sig|att|sbom)$/
const ofEnding = { sig: evidenceTypes.signature, att: evidenceTypes.attestation, sbom: evidenceTypes.sbom } as const

/**
 * What cosign's tags mean (`sha256-….sig`, `.att`, `.sbom`): the newest artifact about that digest. They are not kept as tags, so that they are
 * in no list of tags and go with their image.
 */
export async function evidenceTag(store: ArtifactStore, repository: string, tag: string): Promise<Digest | undefined> {
  const [, hex, ending] = tagged.exec(tag) ?? []
  if (hex === undefined) return undefined
  const type = ofEnding[ending as keyof typeof ofEnding]
  return (await readArtifacts(store, repository, `sha256:${hex}`)).find((artifact) => artifact.type === type)?.digest
}
