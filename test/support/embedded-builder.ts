// Builds for tests: folders of files in, unpacked images out.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { list } from 'tar'
import { expect } from 'vitest'
import { type BuildOptions, buildImage } from '../../packages/pushway/src/drivers/builder/embedded/index.ts'
import { type ImageLayout, openImageLayout } from '../../packages/pushway/src/drivers/builder/layout.ts'
import { readImage } from '../../packages/pushway/src/oci/config.ts'
import { openLayer } from '../../packages/pushway/src/oci/open-layer.ts'
import { unpackImage } from '../../packages/pushway/src/oci/unpack.ts'
import { tempDir } from './temp.ts'

export type Files = Readonly<Record<string, string>>

export function writeFiles(files: Files, dir = tempDir('context')): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

interface Built {
  readonly digest: string
  readonly log: readonly string[]
  readonly store: ImageLayout
  readonly root: string
}

/** One builder: its store and cache stay between builds. */
export function makeBuilder(): (context: string, more?: Partial<BuildOptions>) => Promise<Built> {
  const store = openImageLayout(tempDir('store'))
  const cacheDir = tempDir('cache')
  return async (context, more) => {
    const log: string[] = []
    const options = { context, store, cacheDir, toolchainCache: tempDir('tools'), env: process.env, log: (line: string) => log.push(line), ...more }
    const { digest } = await buildImage(options)
    const root = join(tempDir('root'), 'image')
    await unpackImage(store.blobs, digest, root)
    return { digest, log, store, root }
  }
}

export async function findings(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PushwayError)
  expect((error as PushwayError).code).toBe('dockerfile-invalid')
  return (error as PushwayError).diagnostics.map(formatDiagnostic)
}

interface LayerEntry {
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly target: string
  readonly size: number
}

/** What the archives of an image's layers say, one map a layer. */
export async function readLayers({ store, digest }: Pick<Built, 'store' | 'digest'>): Promise<readonly ReadonlyMap<string, LayerEntry>[]> {
  const { manifest } = await readImage(store.blobs, digest)
  const layers: ReadonlyMap<string, LayerEntry>[] = []
  for (const layer of manifest.layers) {
    const entries = new Map<string, LayerEntry>()
    const parser = list({
      onReadEntry: ({ path, type, mode = 0, uid = 0, gid = 0, linkpath = '', size = 0 }) =>
        entries.set(path.replace(/^\.?\//, '').replace(/\/$/, ''), { type, mode: mode & 0o7777, uid, gid, target: linkpath, size }),
    })
    await pipeline(await openLayer(store.blobs, layer), parser as unknown as NodeJS.WritableStream)
    layers.push(entries)
  }
  return layers
}
