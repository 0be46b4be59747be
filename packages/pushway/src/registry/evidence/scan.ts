// Finds what is installed in an image: its layers are read once, as streams, and only package managers' books are looked into.

import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { bookOf, type InstalledPackage, mergePackages } from '@pushway/core/images/packages.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ReadEntry } from 'tar'
import { layerPacking } from '../../oci/media-types.ts'
import type { Descriptor, ImageManifest } from '../../oci/schema.ts'
import type { BlobStore } from '../../ports/blobs.ts'

/** A book larger than this is not read: dpkg's of a whole desktop has 4 MiB. */
const largestBook = 32 * 1024 * 1024
/** A layer that unpacks to more than this is no image that runs here. */
const largestLayer = 64 * 1024 ** 3

/** The packages that are installed in the image, lower layers' deletions honoured. @throws PushwayError `image-invalid` when a layer can't be read */
export async function scanPackages(blobs: BlobStore, manifest: ImageManifest): Promise<readonly InstalledPackage[]> {
  const found = new Map<string, readonly InstalledPackage[]>()
  for (const layer of manifest.layers) await scanLayer(blobs, layer, found)
  return mergePackages([...found.values()].flat())
}

async function scanLayer(blobs: BlobStore, layer: Descriptor, found: Map<string, readonly InstalledPackage[]>): Promise<void> {
  const packing = layerPacking(layer.mediaType)
  if (packing === undefined) return
  const { Parser } = await import('tar')
  const seen = new Map<string, readonly InstalledPackage[]>()
  const parser = new Parser({ strict: true })
  parser.on('entry', (entry: ReadEntry) => {
    const path = entry.path.replace(/^(\.?\/)+/, '')
    hide(found, path)
    const read = entry.size <= largestBook ? bookOf(path) : undefined
    if (!read) return void entry.resume()
    const chunks: Buffer[] = []
    entry.on('data', (chunk) => chunks.push(Buffer.from(chunk)))
    entry.on('end', () => seen.set(path, read(Buffer.concat(chunks).toString('utf8'))))
  })
  const source = await blobs.read(layer.digest)
  try {
    await pipeline([source, ...(packing === 'gzip' ? [createGunzip()] : []), bounded(), parser as unknown as NodeJS.WritableStream])
  } catch (error) {
    throw fail('image-invalid', { image: layer.digest, problem: error instanceof Error ? error.message : String(error) })
  }
  for (const [path, packages] of seen) found.set(path, packages)
}

/** A file that comes again hides the lower one; a whiteout hides what it names, and an opaque folder everything below. */
function hide(found: Map<string, readonly InstalledPackage[]>, path: string): void {
  const [, folder = '', name = ''] = /^(.*?)([^/]*)$/.exec(path) ?? []
  const gone = name === '.wh..wh..opq' ? folder : name.startsWith('.wh.') ? `${folder}${name.slice('.wh.'.length)}` : path
  found.delete(gone)
  if (!name.startsWith('.wh.')) return
  const below = gone.endsWith('/') ? gone : `${gone}/`
  for (const one of [...found.keys()]) if (one.startsWith(below)) found.delete(one)
}

function bounded(): Transform {
  let size = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      done(size > largestLayer ? new Error(`it unpacks to more than ${largestLayer} bytes`) : null, chunk)
    },
  })
}
