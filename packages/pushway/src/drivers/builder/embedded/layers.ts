// Layers: writing them to a blob store, finding them again in the cache, and turning them into files.

import { createHash } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { extractArchive } from '../../../oci/extract.ts'
import { type DraftLayer, stableJson } from '../../../oci/image.ts'
import { mediaTypes } from '../../../oci/media-types.ts'
import { openLayer } from '../../../oci/open-layer.ts'
import { type TarEntry, writeTar } from '../../../oci/tar-write.ts'
import type { BlobInfo, BlobStore } from '../../../ports/blobs.ts'
import { writeFileAtomic } from '../../../util/files.ts'
import { openFileBlobs } from '../../blobs/files.ts'
import { type LayerFacts, layerFacts, readFacts } from './facts.ts'
import type { Stage } from './stage.ts'
import { type BuildView, idBase, ownerOnDisk } from './view/types.ts'

/** Writes a layer of `entries`, all with the time `mtime`; the same entries give the same digest. */
export async function writeLayer(blobs: BlobStore, entries: readonly TarEntry[], mtime = 0): Promise<BlobInfo> {
  const hash = createHash('sha256')
  const upload = await blobs.uploadStart()
  try {
    const bytes = async function* () {
      for await (const chunk of writeTar(mtime === 0 ? entries : entries.map((entry) => ({ ...entry, mtime })))) {
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

const cached = z.object({ digest: z.string(), size: z.number(), facts: layerFacts })
/** A layer that was made before, and what it does to folders. */
export type CachedLayer = z.infer<typeof cached>

export interface LayerCache {
  find(key: string): Promise<CachedLayer | undefined>
  keep(key: string, layer: CachedLayer): Promise<void>
  /** The facts of any layer of the store: read once. */
  facts(layer: DraftLayer): Promise<LayerFacts>
}

/** The layers that RUN made, by what they were made from. A damaged entry is as good as none. */
export function openLayerCache(dir: string, store: BlobStore): LayerCache {
  const folder = join(dir, 'layers')
  const blobs = openFileBlobs(join(dir, 'blobs'))
  mkdirSync(folder, { recursive: true })
  const read = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const file = join(folder, `${name}.json`)
    if (!existsSync(file)) return undefined
    try {
      return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
    } catch {
      return undefined
    }
  }
  return {
    async find(key) {
      const layer = read(key, cached)
      if (layer === undefined) return undefined
      try {
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
    async facts(layer) {
      const name = `facts-${layer.digest.slice('sha256:'.length)}`
      const known = read(name, layerFacts)
      if (known) return known
      const facts = await readFacts(store, descriptorOf(layer))
      writeFileAtomic(join(folder, `${name}.json`), JSON.stringify(facts))
      return facts
    },
  }
}

function descriptorOf({ digest, size, mediaType }: DraftLayer): { mediaType: string; digest: string; size: number } {
  return { mediaType: mediaType ?? mediaTypes.layer, digest, size }
}

/** The key of a step: everything its result depends on, and nothing else. */
export function stepKey(stage: Stage, parts: Readonly<Record<string, unknown>>): string {
  const content = {
    version: 2,
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
export async function materialise(stage: Stage, store: BlobStore, place: { readonly view: BuildView; readonly makeDir: () => string }): Promise<string> {
  const chown = ownerOnDisk(place.view)
  if (stage.tree === undefined) {
    stage.tree = { dir: place.makeDir(), applied: 0 }
    if (chown) chownSync(stage.tree.dir, idBase, idBase)
  }
  for (const layer of stage.layers.slice(stage.tree.applied)) {
    await extractArchive(await openLayer(store, descriptorOf(layer)), {
      root: stage.tree.dir,
      name: layer.digest,
      whiteouts: true,
      ...(chown ? { chown } : {}),
      onEntry: ({ path, type, uid, gid }) => {
        if (type === 'gone' || (uid === 0 && gid === 0)) stage.owners.delete(path)
        else stage.owners.set(path, { uid, gid })
      },
    })
    stage.tree.applied++
  }
  return stage.tree.dir
}
