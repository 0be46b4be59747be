// Images as trees on disk, unpacked once per digest.

import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PinnedImage } from '@pushway/core/app/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
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

/** What is left of an unpacking that was killed is older than this. */
const leftoverMs = 3_600_000

/**
 * Removes the unpacked images that are not in `keep`, and what killed unpackings left. Each goes out of its place at once: it is whole or absent.
 * @returns how many images were removed
 */
export async function pruneImageTrees(imagesDir: string, keep: ReadonlySet<Digest>, now: EpochMs): Promise<number> {
  let count = 0
  for (const name of await readdir(imagesDir).catch(() => [])) {
    const place = join(imagesDir, name)
    const [, tree, part] = /^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})(\..+)?$/.exec(name) ?? []
    if (tree === undefined) continue
    if (part !== undefined) {
      const found = await stat(place).catch(() => undefined)
      if (found && (part === '.gone' || found.mtimeMs < now - leftoverMs)) await rm(place, { recursive: true, force: true })
    } else if (!keep.has(tree.replace('-', ':'))) {
      await rename(place, `${place}.gone`)
      await rm(`${place}.gone`, { recursive: true, force: true })
      count++
    }
  }
  return count
}
