// Puts garbage collection together with what the streams and the runtime say, and runs it now and then.

import { pruneImageTrees } from '../drivers/runtime/process/index.ts'
import { unpackedInUse } from '../engine/image-uses.ts'
import type { Workshop } from '../model/workshop.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Images, ImageUses } from '../ports/images.ts'
import type { Mirrors } from '../ports/mirrors.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'
import type { Queries } from '../ports/service.ts'
import { createImages } from '../registry/images.ts'
import type { Meter } from '../registry/meter.ts'
import type { DataFolder } from './data-folder.ts'

interface Parts {
  readonly shop: Workshop
  readonly blobs: BlobStore
  readonly index: RegistryIndex
  readonly imageUses: ImageUses
  readonly mirrors: Pick<Mirrors, 'find' | 'check' | 'expire'>
  readonly meter: Pick<Meter, 'collected'>
}

interface Surroundings {
  readonly queries: Pick<Queries, 'images'>
  readonly folder: DataFolder
  /** No pass begins after it. */
  readonly signal: AbortSignal
}

const firstPassMs = 10 * 60_000
const everyMs = 6 * 3_600_000

/** The images of a server. A first pass comes ten minutes after the start, then one every six hours. */
export function keepImages(parts: Parts, { queries, folder, signal }: Surroundings): Images {
  const { shop, blobs, index, imageUses, mirrors, meter } = parts
  const { clock, log } = shop.world
  const images = createImages({
    ...{ blobs, index, clock },
    evidence: shop.world.evidence,
    ...{ mirrors, onCollected: meter.collected },
    uses: imageUses,
    pushes: (project) => queries.images(project),
    async pruneTrees() {
      // Without knowing what runs nothing is removed.
      const used = await unpackedInUse(shop, signal).catch(() => undefined)
      return used ? pruneImageTrees(folder.path('images'), used, clock.now()) : 0
    },
  })
  const later = (ms: number) => {
    if (signal.aborted) return
    const timer = setTimeout(() => void pass(), ms).unref()
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  }
  const pass = async () => {
    await images.collect({ dryRun: false }).then(
      ({ manifests, blobs: count, bytes, uploads, trees, unreadable }) =>
        log.info('images were collected', { manifests: manifests.length, blobs: count, bytes, uploads, trees, unreadable: unreadable.length }),
      (error: unknown) => log.error('images could not be collected', { problem: error instanceof Error ? error.message : String(error) }),
    )
    later(everyMs)
  }
  later(firstPassMs)
  return images
}
