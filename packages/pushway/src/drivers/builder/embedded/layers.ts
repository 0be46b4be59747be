// Layers: writing them to a blob store, finding them again in the cache, and turning them into files.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { stableJson } from '../../../oci/image.ts'
import { mediaTypes } from '../../../oci/media-types.ts'
import { type TarEntry, writeTar } from '../../../oci/tar-write.ts'
import { applyLayer } from '../../../oci/unpack.ts'
import type { BlobInfo, BlobStore } from '../../../ports/blobs.ts'
import { writeFileAtomic } from '../../../util/files.ts'
import { openFileBlobs } from '../../blobs/files.ts'
import type { Stage } from './stage.ts'

/** Writes a layer of `entries`; the same entries give the same digest. */
export async function writeLayer(blobs: BlobStore, entries: readonly TarEntry[]): Promise<BlobInfo> {
  const hash = createHash('sha256')
  const upload = await blobs.uploadStart()
  try {
    const bytes = async function* () {
      for await (const chunk of writeTar(entries)) {
        hash.update(chunk)
        yield chunk
      }
    }
    await blobs.uploadAppend(upload.id, 0, Readable.from(bytes()))
    return await blobs.uploadFinish(upload.id, `sha256:${hash.digest('hex')}`)
  } catch (error) {
    await blobs.uploadCancel(upload.id)
    throw error
  }
}

/** Copies a blob from one store to another, if it is not there. */
async function copyBlob(from: BlobStore, to: BlobStore, digest: string): Promise<void> {
  if (await to.has(digest)) return
  const upload = await to.uploadStart()
  await to.uploadAppend(upload.id, 0, await from.read(digest))
  await to.uploadFinish(upload.id, digest)
}

const cached = z.object({ digest: z.string(), size: z.number(), folders: z.array(z.string()) })
/** A layer that was made before, and the folders it has. */
export type CachedLayer = z.infer<typeof cached>

export interface LayerCache {
  find(key: string): Promise<CachedLayer | undefined>
  keep(key: string, layer: CachedLayer): Promise<void>
}

/** The layers that RUN made, by what they were made from. A damaged entry is as good as none. */
export function openLayerCache(dir: string, store: BlobStore): LayerCache {
  const folder = join(dir, 'layers')
  const blobs = openFileBlobs(join(dir, 'blobs'))
  mkdirSync(folder, { recursive: true })
  return {
    async find(key) {
      const file = join(folder, `${key}.json`)
      if (!existsSync(file)) return undefined
      try {
        const layer = cached.parse(JSON.parse(readFileSync(file, 'utf8')))
        await copyBlob(blobs, store, layer.digest)
        return layer
      } catch {
        return undefined
      }
    },
    async keep(key, layer) {
      await copyBlob(store, blobs, layer.digest)
      writeFileAtomic(join(folder, `${key}.json`), JSON.stringify(layer))
    },
  }
}

/** The key of a step: everything its result depends on, and nothing else. */
export function stepKey(stage: Stage, parts: Readonly<Record<string, unknown>>): string {
  const content = {
    version: 1,
    platform: `${process.platform}/${process.arch}`,
    node: stage.node ?? null,
    layers: stage.layers.map((layer) => layer.digest),
    workdir: stage.workdir,
    env: Object.fromEntries(stage.env),
    ...parts,
  }
  return createHash('sha256').update(stableJson(content)).digest('hex')
}

/** The stage's layers as files; only those that are not applied yet are unpacked. */
export async function materialise(stage: Stage, store: BlobStore, makeDir: () => string): Promise<string> {
  stage.tree ??= { dir: makeDir(), applied: 0 }
  for (const { digest, size } of stage.layers.slice(stage.tree.applied)) {
    await applyLayer(store, { mediaType: mediaTypes.layer, digest, size }, { to: stage.tree.dir, readable: false })
    stage.tree.applied++
  }
  return stage.tree.dir
}
