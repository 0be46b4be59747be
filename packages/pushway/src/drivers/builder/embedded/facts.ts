// What a layer does to the folders of an image, without its files: enough to know where a COPY leads.

import { posix } from 'node:path'
import type { ReadEntry } from 'tar'
import { z } from 'zod'
import { mendTar } from '../../../oci/mend-tar.ts'
import { openLayer } from '../../../oci/open-layer.ts'
import type { Descriptor } from '../../../oci/schema.ts'
import type { TarEntry } from '../../../oci/tar-write.ts'
import type { BlobStore } from '../../../ports/blobs.ts'

/** Paths without a leading slash. */
export const layerFacts = z.object({
  folders: z.array(z.string()),
  links: z.array(z.tuple([z.string(), z.string()])),
  gone: z.array(z.string()),
  /** It has `/etc/passwd` or `/etc/group`. */
  users: z.boolean(),
})
export type LayerFacts = z.infer<typeof layerFacts>

/** The folders and links of an image that are known so far. */
export interface Places {
  readonly folders: Set<string>
  readonly links: Map<string, string>
}

const userFiles = ['etc/passwd', 'etc/group']

/** The facts of a layer that was just made. */
export function factsOf(entries: readonly TarEntry[]): LayerFacts {
  return collect(entries.map(({ path, type, target }) => ({ path, type, ...(target === undefined ? {} : { target }) })))
}

function collect(entries: readonly { readonly path: string; readonly type: string; readonly target?: string }[]): LayerFacts {
  const facts: LayerFacts = { folders: [], links: [], gone: [], users: false }
  const said = new Set<string>()
  for (const { path, type, target } of entries) {
    const name = posix.basename(path)
    const parent = posix.dirname(path)
    for (let folder = parent; folder !== '.' && !said.has(folder); folder = posix.dirname(folder)) {
      said.add(folder)
      facts.folders.push(folder)
    }
    if (name.startsWith('.wh.') && name !== '.wh..wh..opq') facts.gone.push(posix.join(parent, name.slice('.wh.'.length)))
    else if (type === 'directory' && !said.has(path)) {
      said.add(path)
      facts.folders.push(path)
    } else if (type === 'link') facts.links.push([path, target ?? ''])
    if (userFiles.includes(path)) facts.users = true
  }
  return facts
}

/** Reads them from the names in the layer's archive. */
export async function readFacts(blobs: BlobStore, layer: Descriptor): Promise<LayerFacts> {
  const { list } = await import('tar')
  const entries: { path: string; type: string; target?: string }[] = []
  const types: Readonly<Record<string, string>> = { Directory: 'directory', SymbolicLink: 'link' }
  const parser = list({
    onReadEntry: (entry: ReadEntry) => {
      const path = entry.path.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '')
      if (path !== '' && path !== '.') entries.push({ path, type: types[entry.type] ?? 'file', ...(entry.linkpath ? { target: entry.linkpath } : {}) })
    },
  })
  const { pipeline } = await import('node:stream/promises')
  await pipeline(await openLayer(blobs, layer), mendTar(), parser as unknown as NodeJS.WritableStream)
  return collect(entries)
}

/** Takes a layer's facts into what is known. */
export function applyFacts(places: Places, facts: LayerFacts): void {
  for (const path of facts.gone) {
    places.links.delete(path)
    if (!places.folders.delete(path)) continue
    for (const inner of places.folders) if (inner.startsWith(`${path}/`)) places.folders.delete(inner)
    for (const inner of places.links.keys()) if (inner.startsWith(`${path}/`)) places.links.delete(inner)
  }
  for (const path of facts.folders) {
    // The folder may be written under the name of a link to it.
    if (!places.links.has(path)) places.folders.add(path)
  }
  for (const [path, target] of facts.links) {
    places.folders.delete(path)
    places.links.set(path, target)
  }
}

/** Where a path of the image really is, links followed inside of it; without a leading slash. Pure. */
export function followLinks(places: Places, path: string): string {
  const pending = path.split('/').filter((part) => part !== '' && part !== '.')
  const found: string[] = []
  let hops = 0
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    const target = part === '..' ? undefined : places.links.get([...found, part].join('/'))
    if (part === '..') found.pop()
    else if (target === undefined || ++hops > 40) found.push(part)
    else {
      if (target.startsWith('/')) found.length = 0
      pending.unshift(...target.split('/').filter((one) => one !== '' && one !== '.'))
    }
  }
  return found.join('/')
}
