// Making images: the configuration and the manifest, byte for byte the same for the same content.

import type { BlobInfo, BlobStore } from '../ports/blobs.ts'
import { buildLabels, mediaTypes } from './media-types.ts'
import type { ImageManifest, RunConfigJson } from './schema.ts'

/** An image as the builder has it: layers are uncompressed, so a layer's digest is its diff id. */
export interface ImageDraft {
  readonly layers: readonly BlobInfo[]
  readonly config: RunConfigJson
  readonly history: readonly { readonly instruction: string; readonly emptyLayer: boolean }[]
  /** Written to the manifest. */
  readonly annotations: Readonly<Record<string, string>>
  readonly platform: { readonly os: string; readonly architecture: string }
}

/** Docker's names of the machine Node runs on. */
export function platformOf(platform: string, arch: string): { os: string; architecture: string } {
  return { os: platform, architecture: arch === 'x64' ? 'amd64' : arch }
}

const epoch = '1970-01-01T00:00:00Z'

/** JSON with sorted keys and without absent or empty values: one content, one text. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    const entries = Object.entries(inner).filter(([, part]) => part !== undefined && part !== null)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

/** Stores configuration and manifest of an image whose layers are stored already; gives the manifest. */
export async function writeImage(blobs: BlobStore, draft: ImageDraft): Promise<BlobInfo> {
  const config = await blobs.put(
    Buffer.from(
      stableJson({
        created: epoch,
        architecture: draft.platform.architecture,
        os: draft.platform.os,
        config: draft.config,
        rootfs: { type: 'layers', diff_ids: draft.layers.map((layer) => layer.digest) },
        history: draft.history.map((line) => ({ created: epoch, created_by: line.instruction, empty_layer: line.emptyLayer || undefined })),
      }),
    ),
  )
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config.digest, size: config.size },
    layers: draft.layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layer, digest, size })),
    annotations: { ...draft.annotations },
  }
  return blobs.put(Buffer.from(stableJson(manifest)))
}

/** The annotations of an image on the machine's own userland. */
export function hostAnnotations(node: string | undefined): Record<string, string> {
  return { [buildLabels.base]: 'host', ...(node === undefined ? {} : { [buildLabels.node]: node }) }
}
