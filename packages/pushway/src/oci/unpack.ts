// From layers to folders: whiteouts honoured, and nothing that could write or point outside.

import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, posix } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import type { ReadEntry } from 'tar'
import type { BlobStore } from '../ports/blobs.ts'
import { joinInside } from '../util/paths.ts'
import { boundedBy } from './bounded.ts'
import { type ImageConfig, readImage, toImageConfig } from './config.ts'
import { hashFor } from './digest.ts'
import { layerPacking } from './media-types.ts'
import { mendTar } from './mend-tar.ts'
import type { Descriptor } from './schema.ts'

/** The file in an unpacked image that says which one it is; it is there when the image is whole. */
const imageMarker = '.pushway-image'

/**
 * Unpacks an image to the folder `to`, which is whole or absent at every moment. One that is there already is left as it is.
 * Everyone may read the files; nothing is setuid; owners are not kept.
 * @throws PushwayError `image-missing`, `image-invalid` (traversal, links that lead out, devices, a layer that is not what its digest says)
 */
export async function unpackImage(blobs: BlobStore, manifestDigest: Digest, to: string): Promise<ImageConfig> {
  const { manifest, file } = await readImage(blobs, manifestDigest)
  const config = toImageConfig(manifest, file)
  if (markerOf(to) === manifestDigest) return config
  const beside = `${to}.${process.pid}.${Math.trunc(process.hrtime()[1])}.part`
  await mkdir(beside, { recursive: true, mode: 0o755 })
  try {
    for (const layer of manifest.layers) await applyLayer(blobs, layer, { to: beside, readable: true })
    await writeFile(join(beside, imageMarker), manifestDigest, { mode: 0o444 })
    if (markerOf(to) === undefined) await rm(to, { recursive: true, force: true })
    await rename(beside, to).catch((error) => {
      // Another one was faster: theirs is as good.
      if (markerOf(to) !== manifestDigest) throw error
    })
    return config
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

function markerOf(to: string): string | undefined {
  const marker = join(to, imageMarker)
  return existsSync(marker) ? readFileSync(marker, 'utf8') : undefined
}

interface ApplyOptions {
  readonly to: string
  /** Open the modes so that everyone can read; else they stay as the layer has them. */
  readonly readable: boolean
}

/** Applies one layer over a folder. Read twice: whiteouts and every check first, then the files. */
async function applyLayer(blobs: BlobStore, layer: Descriptor, options: ApplyOptions): Promise<void> {
  const tar = await import('tar')
  const entries: { path: string }[] = []
  let problem: string | undefined
  const check = tar.t({
    onwarn: (code, message) => {
      if (code === 'TAR_ENTRY_INVALID') problem ??= String(message)
    },
    onReadEntry: (entry: ReadEntry) => {
      problem ??= entryProblem(entry)
      entries.push({ path: entry.path })
    },
  })
  await readLayer(blobs, layer, check)
  if (problem !== undefined) throw fail('image-invalid', { image: layer.digest, problem })
  // A step that changed nothing has an archive of nothing, which the reader takes for damaged.
  if (entries.length === 0) return
  for (const { path } of entries) await applyWhiteout(options.to, path)
  const extract = tar.x({
    cwd: options.to,
    strict: true,
    preserveOwner: false,
    chmod: true,
    processUmask: 0,
    filter: (path, entry) => {
      if ('mode' in entry && 'meta' in entry) openMode(entry as ReadEntry, options.readable)
      return !basename(path).startsWith('.wh.')
    },
  })
  try {
    await readLayer(blobs, layer, extract)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOSPC') throw fail('disk-full', { where: options.to })
    throw fail('image-invalid', { image: layer.digest, problem: error instanceof Error ? error.message : String(error) })
  }
}

function openMode(entry: ReadEntry, readable: boolean): void {
  const mode = (entry.mode ?? 0o644) & 0o1777
  const needed = entry.type === 'Directory' || mode & 0o100 ? 0o555 : 0o444
  entry.mode = readable ? mode | needed | (entry.type === 'Directory' ? 0o200 : 0) : mode
}

/** Why an entry is refused; undefined when it is good. */
function entryProblem(entry: ReadEntry): string | undefined {
  const { path, type, linkpath = '' } = entry
  if (path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) return `the path ${path} leads out of it`
  switch (type) {
    case 'File':
    case 'OldFile':
    case 'ContiguousFile':
    case 'Directory':
      return undefined
    case 'Link':
      return linkpath.startsWith('/') || leadsOut(linkpath) ? `${path} is a link out of it` : undefined
    case 'SymbolicLink':
      return linkpath.startsWith('/') || leadsOut(posix.join(posix.dirname(path), linkpath)) ? `${path} is a link out of it (${linkpath})` : undefined
    default:
      return `${path} is a ${type}`
  }
}

function leadsOut(path: string): boolean {
  const clean = posix.normalize(path)
  return clean === '..' || clean.startsWith('../')
}

/** Removes what lower layers had at the place of a whiteout. */
async function applyWhiteout(root: string, path: string): Promise<void> {
  const name = basename(path)
  if (!name.startsWith('.wh.')) return
  const folder = joinInside(root, dirname(path))
  // Lower layers may have links here: a whiteout is never followed out of the folder.
  const real = await realpath(folder).catch(() => undefined)
  if (real === undefined) return
  if (`${real}/`.startsWith(`${await realpath(root)}/`) === false) throw fail('path-outside', { path, root: '.' })
  if (name !== '.wh..wh..opq') return rm(joinInside(folder, name.slice('.wh.'.length)), { recursive: true, force: true })
  for (const child of await readdir(folder).catch(() => [])) await rm(join(folder, child), { recursive: true, force: true })
}

async function readLayer(blobs: BlobStore, layer: Descriptor, into: NodeJS.WritableStream): Promise<void> {
  const packing = layerPacking(layer.mediaType)
  if (packing === undefined) throw fail('image-invalid', { image: layer.digest, problem: `its layers are ${layer.mediaType}` })
  if (!(await blobs.has(layer.digest))) throw fail('image-missing', { image: layer.digest })
  const { hash, end } = hashFor(layer.digest)
  const verify = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const source = await blobs.read(layer.digest)
  const { before, after } = boundedBy({ name: layer.digest })
  if (packing === 'gzip') await pipeline(source, verify, before, createGunzip(), after, mendTar(), into)
  else await pipeline(source, verify, mendTar(), into)
  const got = end()
  if (got !== layer.digest) throw fail('digest-mismatch', { wanted: layer.digest, got })
}
