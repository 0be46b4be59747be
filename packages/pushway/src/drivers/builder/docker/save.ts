// An image out of an engine into the store: `docker save`, taken apart.

import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { extractArchive } from '../../../oci/extract.ts'
import { stableJson } from '../../../oci/image.ts'
import { buildLabels, mediaTypes } from '../../../oci/media-types.ts'
import { resolveInside } from '../../../oci/resolve-inside.ts'
import type { BlobInfo } from '../../../ports/blobs.ts'
import type { BuildResult } from '../embedded/types.ts'
import type { ImageLayout } from '../layout.ts'
import type { EngineBuildOptions } from './index.ts'

const saved = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) })).min(1)

/** Brings the engine's image into the store under its tags. Layers stay byte for byte what the engine has: not compressed. */
export async function saveToStore(options: EngineBuildOptions, id: string): Promise<BuildResult> {
  const { engine, store, signal } = options
  const dir = mkdtempSync(join(tmpdir(), 'pushway-save-'))
  try {
    const archive = await engine.open({ method: 'GET', path: `/images/${id}/get`, ...(signal ? { signal } : {}) })
    await extractArchive(archive, { root: dir, name: id, whiteouts: false })
    const [image] = saved.parse(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')))
    const place = (name: string) => resolveInside(dir, name) ?? dir
    if (image === undefined) throw fail('image-invalid', { image: id, problem: 'the engine gave no image' })
    const config = await store.blobs.put(readFileSync(place(image.Config)))
    const layers: BlobInfo[] = []
    for (const layer of image.Layers) layers.push(await putFile(store, place(layer)))
    return await tagManifest(options, { config, layers })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function putFile(store: ImageLayout, file: string): Promise<BlobInfo> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  const digest = `sha256:${hash.digest('hex')}`
  const known = await store.blobs.has(digest)
  if (known) return { digest, size: known.size }
  const upload = await store.blobs.uploadStart()
  await store.blobs.uploadAppend(upload.id, 0, createReadStream(file))
  await store.blobs.uploadFinish(upload.id, digest)
  return { digest, size: (await stat(file)).size }
}

async function tagManifest(options: EngineBuildOptions, image: { config: BlobInfo; layers: readonly BlobInfo[] }): Promise<BuildResult> {
  const { store, origin, target, tags = [] } = options
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: image.config.digest, size: image.config.size },
    layers: image.layers.map(({ digest, size }) => ({ mediaType: mediaTypes.layer, digest, size })),
    annotations: {
      ...(origin === undefined ? {} : { [buildLabels.context]: origin.context, [buildLabels.dockerfile]: origin.dockerfile }),
      ...(target === undefined ? {} : { [buildLabels.target]: target }),
    },
  }
  const info = await store.blobs.put(Buffer.from(stableJson(manifest)))
  for (const tag of tags.length > 0 ? tags : [undefined]) store.tag(tag, info)
  return { ...info, config: image.config.digest }
}
