// Archives to folders, for building: owners, links of every kind and whiteouts as they are meant, and nothing that could write outside.

import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type { ReadEntry } from 'tar'
import { mendTar } from './mend-tar.ts'
import { resolveInside } from './resolve-inside.ts'

/** An owner in the image's own numbers. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface ExtractOptions {
  /** The folder that is the archive's root; it must exist. */
  readonly root: string
  /** What it is called in errors: a digest, a file name. */
  readonly name: string
  /** `.wh.` entries take away what is there, as in layers of images; else they are ordinary files. */
  readonly whiteouts: boolean
  /** Files belong to these on this machine; absent: to whoever extracts them. */
  readonly chown?: (owner: Owner) => Owner
  /** Learns each entry: its path inside the root, links of folders resolved. */
  readonly onEntry?: (entry: { readonly path: string; readonly type: 'file' | 'directory' | 'link' | 'gone' } & Owner) => void
}

/** More entries than this are no image. */
const maxEntries = 2_000_000

/**
 * Extracts a plain (not compressed) archive.
 * @throws PushwayError `image-invalid` (names and links that lead out, devices, a damaged archive), `disk-full`
 */
export async function extractArchive(archive: Readable, options: ExtractOptions): Promise<void> {
  const { Parser } = await import('tar')
  const place = new Extraction(options)
  let work: Promise<void> = Promise.resolve()
  let count = 0
  let damaged: string | undefined
  const parser = new Parser({
    // An archive of nothing is one too (a RUN that changed nothing); everything else that is said about it counts.
    onwarn: (_code, message) => {
      if (String(message) !== 'Unrecognized archive format') damaged ??= String(message)
    },
    onReadEntry: (entry: ReadEntry) => {
      work = work.then(() => {
        if (++count > maxEntries) throw invalid(options.name, `it has more than ${maxEntries} entries`)
        return place.take(entry)
      })
      // The next entry comes when this one is read to its end: also one that is refused.
      work.catch(() => entry.resume())
    },
  })
  try {
    await pipeline(archive, mendTar(), parser as unknown as NodeJS.WritableStream)
    await work
    if (damaged !== undefined) throw invalid(options.name, damaged)
    place.finish()
  } catch (error) {
    throw (
      (await work.then(
        () => undefined,
        (first: unknown) => toProblem(first, options),
      )) ?? toProblem(error, options)
    )
  }
}

function toProblem(error: unknown, options: ExtractOptions): Error {
  if (error instanceof PushwayError) return error
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC') return fail('disk-full', { where: options.root })
  return invalid(options.name, error instanceof Error ? error.message : String(error))
}

function invalid(image: string, problem: string): PushwayError {
  return fail('image-invalid', { image, problem })
}

/** The state of one extraction: folders that are known, and times of folders that are set at the end. */
class Extraction {
  readonly #options: ExtractOptions
  readonly #parents = new Map<string, string>()
  readonly #times: { file: string; mtime: Date; mode: number }[] = []

  constructor(options: ExtractOptions) {
    this.#options = options
  }

  async take(entry: ReadEntry): Promise<void> {
    const path = entry.path.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '')
    if (entry.path.includes('\0') || path.split('/').includes('..')) throw this.#bad(`the path ${entry.path} leads out of it`)
    if (entry.path.startsWith('/') && path !== '') throw this.#bad(`the path ${entry.path} is absolute`)
    if (path === '' || path === '.') return void entry.resume()
    const folder = this.#parent(dirname(path))
    const name = basename(path)
    if (this.#options.whiteouts && name.startsWith('.wh.')) {
      entry.resume()
      return this.#whiteout(folder, name)
    }
    await this.#write(entry, { folder, name, file: join(folder, name) })
  }

  /** Folders get their times when nothing is written into them any more. */
  finish(): void {
    for (const { file, mtime, mode } of this.#times.reverse()) {
      if (!lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) continue
      chmodSync(file, mode)
      utimesSync(file, mtime, mtime)
    }
  }

  #bad(problem: string): PushwayError {
    return invalid(this.#options.name, problem)
  }

  /** The folder on this machine; made when it is missing. Links on the way stay inside the root. */
  #parent(path: string): string {
    if (path === '.') return this.#options.root
    const known = this.#parents.get(path)
    if (known !== undefined) return known
    const folder = resolveInside(this.#options.root, path)
    if (folder === undefined) throw this.#bad(`the folder ${path} is a link that leads nowhere`)
    this.#makeFolders(folder)
    this.#parents.set(path, folder)
    return folder
  }

  #makeFolders(folder: string): void {
    const info = lstatSync(folder, { throwIfNoEntry: false })
    if (info?.isDirectory()) return
    if (info) throw this.#bad(`${this.#inside(folder)} is no folder`)
    this.#makeFolders(dirname(folder))
    mkdirSync(folder, { mode: 0o755 })
    this.#own(folder, { uid: 0, gid: 0 })
    this.#say(folder, 'directory', { uid: 0, gid: 0 })
  }

  #inside(file: string): string {
    return file.slice(this.#options.root.length + 1)
  }

  #say(file: string, type: 'file' | 'directory' | 'link' | 'gone', owner: Owner): void {
    this.#options.onEntry?.({ path: this.#inside(file), type, ...owner })
  }

  #own(file: string, owner: Owner): void {
    if (!this.#options.chown) return
    const { uid, gid } = this.#options.chown(owner)
    lchownSync(file, uid, gid)
  }

  #whiteout(folder: string, name: string): void {
    const gone = name === '.wh..wh..opq' ? (existsSync(folder) ? readdirSync(folder) : []) : [name.slice('.wh.'.length)]
    for (const child of gone) {
      if (child === '' || child === '.' || child === '..') throw this.#bad(`the whiteout ${name} names nothing`)
      this.#remove(join(folder, child))
    }
  }

  #remove(file: string): void {
    const info = lstatSync(file, { throwIfNoEntry: false })
    if (!info) return
    rmSync(file, { recursive: true, force: true })
    // What was reached through it is somewhere else from now on.
    if (!info.isFile()) this.#parents.clear()
    this.#say(file, 'gone', { uid: 0, gid: 0 })
  }

  async #write(entry: ReadEntry, to: { folder: string; name: string; file: string }): Promise<void> {
    const { file } = to
    const owner = { uid: entry.uid ?? 0, gid: entry.gid ?? 0 }
    switch (entry.type) {
      case 'Directory':
      case 'GNUDumpDir': {
        if (!lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) {
          this.#remove(file)
          mkdirSync(file)
        }
        entry.resume()
        this.#own(file, owner)
        // Writable for us until the end.
        chmodSync(file, ((entry.mode ?? 0o755) & 0o7777) | 0o700)
        this.#times.push({ file, mtime: entry.mtime ?? new Date(0), mode: (entry.mode ?? 0o755) & 0o7777 })
        return this.#say(file, 'directory', owner)
      }
      case 'SymbolicLink':
        this.#remove(file)
        symlinkSync(entry.linkpath ?? '', file)
        entry.resume()
        this.#own(file, owner)
        if (entry.mtime) lutimesSync(file, entry.mtime, entry.mtime)
        this.#parents.clear()
        return this.#say(file, 'link', owner)
      case 'Link':
        entry.resume()
        this.#link(entry, file)
        return this.#say(file, 'file', owner)
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        this.#remove(file)
        await this.#writeFile(entry, file, owner)
        return this.#say(file, 'file', owner)
      default:
        throw this.#bad(`${entry.path} is a ${entry.type}`)
    }
  }

  /** A hard link is to a file that came before, by its own path; it is never followed through a link. */
  #link(entry: ReadEntry, file: string): void {
    const target = (entry.linkpath ?? '').replace(/^(?:\.?\/)+/, '')
    if (target === '' || target.split('/').includes('..')) throw this.#bad(`${entry.path} is a link out of it`)
    const source = join(this.#parent(dirname(target)), basename(target))
    const info = lstatSync(source, { throwIfNoEntry: false })
    if (!info || !(info.isFile() || info.isSymbolicLink())) throw this.#bad(`${entry.path} is a link to ${target}, which is no file of it`)
    if (source === file) return
    this.#remove(file)
    linkSync(source, file)
  }

  async #writeFile(entry: ReadEntry, file: string, owner: Owner): Promise<void> {
    // `x`: what stands there was removed, and nothing is written through a link.
    const fd = openSync(file, 'wx', 0o600)
    try {
      for await (const chunk of entry) {
        const bytes = chunk as Buffer
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
      }
      if (this.#options.chown) {
        const { uid, gid } = this.#options.chown(owner)
        fchownSync(fd, uid, gid)
      }
      fchmodSync(fd, (entry.mode ?? 0o644) & 0o7777)
    } finally {
      closeSync(fd)
    }
    const mtime = entry.mtime ?? new Date(0)
    utimesSync(file, mtime, mtime)
  }
}
