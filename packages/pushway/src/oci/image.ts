// Making images: the configuration and the manifest, byte for byte the same for the same content.

import type { Digest } from '@pushway/core/text/ids.ts'
import type { BlobInfo, BlobStore } from '../ports/blobs.ts'
import { buildLabels, mediaTypes } from './media-types.ts'
import type { ImageManifest, RunConfigJson } from './schema.ts'

/** A layer of a draft. Without the two it is not compressed, so that its digest is its diff id. */
export interface DraftLayer extends BlobInfo {
  readonly mediaType?: string
  readonly diffId?: Digest
}

/** An image as the builder has it. */
export interface ImageDraft {
  readonly layers: readonly DraftLayer[]
  /** Seconds since the epoch that the image says it was made at; 0 when absent. */
  readonly created?: number
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

/** JSON with sorted keys and without absent or empty values: one content, one text. */
export function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    const entries = Object.entries(inner).filter(([, part]) => part !== undefined && part !== null)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  })
}

/** Stores configuration and manifest of an image whose layers are stored already; gives the manifest, and the configuration's digest. */
export async function writeImage(blobs: BlobStore, draft: ImageDraft): Promise<BlobInfo & { readonly config: Digest }> {
  const created = new Date((draft.created ?? 0) * 1000).toISOString().replace('.000Z', 'Z')
  const config = await blobs.put(
    Buffer.from(
      stableJson({
        created,
        architecture: draft.platform.architecture,
        os: draft.platform.os,
        config: draft.config,
        rootfs: { type: 'layers', diff_ids: draft.layers.map((layer) => layer.diffId ?? layer.digest) },
        history: draft.history.map((line) => ({ created, created_by: line.instruction, empty_layer: line.emptyLayer || undefined })),
      }),
    ),
  )
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: config.digest, size: config.size },
    layers: draft.layers.map(({ digest, size, mediaType }) => ({ mediaType: mediaType ?? mediaTypes.layer, digest, size })),
    annotations: { ...draft.annotations },
  }
  return { ...(await blobs.put(Buffer.from(stableJson(manifest)))), config: config.digest }
}

/** The annotations of an image on the machine's own userland. */
export function hostAnnotations(node: string | undefined): Record<string, string> {
  return { [buildLabels.base]: 'host', ...(node === undefined ? {} : { [buildLabels.node]: node }) }
}
