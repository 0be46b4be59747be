// Zip files: written from files of a folder, and unpacked without leaving the folder they are unpacked to.

import { createWriteStream, lstatSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import { type Entry, open, type ZipFile } from 'yauzl'
import { joinInside } from './paths.ts'

export interface ZipInput {
  /** On this machine. */
  readonly file: string
  /** In the archive, with `/`. */
  readonly name: string
}

/** Writes `inputs` to `to`. `level`: 0 (stored) to 9. */
export async function writeZip(to: string, inputs: readonly ZipInput[], level: number): Promise<void> {
  const { default: yazl } = await import('yazl')
  const zip = new yazl.ZipFile()
  const failed = new Promise<never>((_, reject) => zip.on('error', reject))
  for (const { file, name } of inputs) zip.addFile(file, name, { compress: level > 0, compressionLevel: level, forceZip64Format: false })
  zip.end()
  await Promise.race([pipeline(zip.outputStream, createWriteStream(to)), failed])
}

const linkType = 0o120000
const typeMask = 0o170000

/**
 * Unpacks `file` below `to`; gives the paths of the files. Every name is looked at before anything is written.
 * @throws PushwayError `archive-refused` for `..`, absolute names, NUL, links and what can't be read
 */
export async function unpackZip(file: string, to: string): Promise<readonly string[]> {
  try {
    const names = await eachEntry(file, async (entry) => checkEntry(entry, to))
    await eachEntry(file, (entry, zip) => writeEntry(entry, zip, to))
    return names.filter((name) => !name.endsWith('/'))
  } catch (error) {
    throw error instanceof PushwayError ? error : refused(file, (error as Error).message)
  }
}

function refused(entry: string, problem: string): PushwayError {
  return fail('archive-refused', { entry, problem: problem.replace(/\.$/, '') })
}

function checkEntry(entry: Entry, to: string): void {
  const name = entry.fileName
  if (name.includes('\0')) throw refused(JSON.stringify(name), 'its name holds a NUL')
  if (name.includes('\\') || name.startsWith('/') || /^[A-Za-z]:/.test(name)) throw refused(name, 'its name is absolute or has backslashes')
  if (name.split('/').includes('..')) throw refused(name, 'it leads out of the folder')
  if (((entry.externalFileAttributes >>> 16) & typeMask) === linkType) throw refused(name, 'it is a link')
  joinInside(to, name)
}

async function writeEntry(entry: Entry, zip: ZipFile, root: string): Promise<void> {
  const target = joinInside(root, entry.fileName)
  makeFolders(resolve(root), entry.fileName.endsWith('/') ? target : dirname(target))
  if (entry.fileName.endsWith('/')) return
  const there = lstatSync(target, { throwIfNoEntry: false })
  if (there && !there.isFile()) throw refused(entry.fileName, 'something that is no file is in its place')
  const mode = (entry.externalFileAttributes >>> 16) & 0o777
  const bytes = await zip.openReadStreamPromise(entry)
  await pipeline(bytes, createWriteStream(target, { mode: mode === 0 ? 0o644 : mode & 0o755 }))
}

/** Never through a link that is in the folder already. */
function makeFolders(root: string, dir: string): void {
  mkdirSync(root, { recursive: true })
  const parts = dir.slice(root.length).split('/').filter(Boolean)
  let at = root
  for (const part of parts) {
    at = `${at}/${part}`
    const there = lstatSync(at, { throwIfNoEntry: false })
    if (!there) mkdirSync(at)
    else if (!there.isDirectory()) throw refused(at, 'a link or a file is in the way')
  }
}

async function eachEntry(file: string, work: (entry: Entry, zip: ZipFile) => Promise<void> | void): Promise<readonly string[]> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    open(file, { lazyEntries: true, autoClose: false, decodeStrings: true, strictFileNames: true, validateEntrySizes: true }, (error, opened) =>
      error ? reject(error) : resolve(opened),
    ),
  )
  const names: string[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      zip.on('error', reject)
      zip.on('end', resolve)
      zip.on('entry', (entry: Entry) => {
        names.push(entry.fileName)
        Promise.resolve(work(entry, zip)).then(() => zip.readEntry(), reject)
      })
      zip.readEntry()
    })
  } finally {
    zip.close()
  }
  return names
}
