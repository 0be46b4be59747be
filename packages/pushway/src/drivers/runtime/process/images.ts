// Images as trees on disk, unpacked once per digest.

import { join } from 'node:path'
import type { PinnedImage } from '@pushway/core/app/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import type { ProcessImage } from './program.ts'

/** Where the driver gets images from. */
export interface ImageTrees {
  /** The image unpacked, read-only for us. @throws PushwayError `image-missing` */
  prepare(image: PinnedImage): Promise<{ readonly tree: string; readonly config: ProcessImage }>
}

/** Images of the embedded registry, unpacked under `imagesDir/<hex>`. */
export function openImageTrees(blobs: BlobStore, imagesDir: string): ImageTrees {
  return {
    async prepare(image) {
      const { unpackImage } = await import('../../../oci/unpack.ts')
      if (!(await blobs.has(image.digest))) throw fail('image-missing', { image: `${image.repository}@${image.digest}` })
      const tree = join(imagesDir, image.digest.replace(':', '-'))
      return { tree, config: await unpackImage(blobs, image.digest, tree) }
    },
  }
}
