// A tar writer whose bytes depend on nothing but its entries: ustar, with pax headers (POSIX 1003.1-2001) for what does not fit.

import { createReadStream } from 'node:fs'

/** One entry. Paths are relative, with `/`, without a leading one. */
export interface TarEntry {
  readonly path: string
  readonly type: 'file' | 'directory' | 'link' | 'hardlink'
  /** Permission bits. */
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  /** Seconds since the epoch; 0 when absent. */
  readonly mtime?: number
  /** A file's bytes, or where they are; `size` bytes are written, or it fails. */
  readonly content?:
    | Uint8Array
    | { readonly file: string; readonly size: number }
    | { readonly open: () => Promise<AsyncIterable<Uint8Array>>; readonly size: number }
  /** What a symbolic link points to; of a hard link: the path of the entry that it is another name of. */
  readonly target?: string
}

const block = 512
const flags = { file: '0', directory: '5', link: '2', hardlink: '1' } as const

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}

function sizeOf(entry: TarEntry): number {
  if (entry.type !== 'file' || entry.content === undefined) return 0
  return entry.content instanceof Uint8Array ? entry.content.length : entry.content.size
}

interface Header {
  readonly name: string
  readonly flag: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly mtime: number
  readonly target: string
}

function headerBlock(header: Header): Buffer {
  const bytes = Buffer.alloc(block)
  bytes.write(header.name, 0, 100)
  bytes.write(octal(header.mode, 8), 100)
  bytes.write(octal(header.uid, 8), 108)
  bytes.write(octal(header.gid, 8), 116)
  bytes.write(octal(header.size, 12), 124)
  bytes.write(octal(header.mtime, 12), 136)
  bytes.write('        ', 148)
  bytes.write(header.flag, 156)
  bytes.write(header.target, 157, 100)
  bytes.write('ustar\x0000', 257)
  bytes.write(octal(0, 8), 329)
  bytes.write(octal(0, 8), 337)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return bytes
}

/** A pax record: its own length in decimal is part of it. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest) + 1
  while (String(length).length + Buffer.byteLength(rest) !== length) length = String(length).length + Buffer.byteLength(rest)
  return Buffer.from(`${length}${rest}`)
}

function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

/** Fits the 100 bytes of a ustar field as plain ASCII. */
function fits(text: string): boolean {
  return Buffer.byteLength(text) <= 100 && /^[\x20-\x7e]*$/.test(text)
}

/** Seven octal digits are room for 2097151; larger ids go into a pax record. */
function idField(key: 'uid' | 'gid', id: number | undefined, records: Buffer[]): number {
  if (id === undefined || id < 8 ** 7) return id ?? 0
  records.push(paxRecord(key, String(id)))
  return 0
}

function entryHeaders(entry: TarEntry): Buffer {
  const name = entry.type === 'directory' ? `${entry.path}/` : entry.path
  const target = entry.target ?? ''
  const size = sizeOf(entry)
  const records: Buffer[] = []
  if (!fits(name)) records.push(paxRecord('path', name))
  if (!fits(target)) records.push(paxRecord('linkpath', target))
  const tooLarge = size >= 8 ** 11
  if (tooLarge) records.push(paxRecord('size', String(size)))
  const ids = { uid: idField('uid', entry.uid, records), gid: idField('gid', entry.gid, records), mtime: entry.mtime ?? 0 }
  const own = headerBlock({
    name: fits(name) ? name : 'see-pax-header',
    flag: flags[entry.type],
    mode: entry.mode & 0o7777,
    size: tooLarge ? 0 : size,
    // Some readers want a target in the field itself, too.
    target: fits(target) ? target : 'see-pax-header',
    ...ids,
  })
  if (records.length === 0) return own
  const pax = Buffer.concat(records)
  const before = headerBlock({ name: 'PaxHeader', flag: 'x', mode: 0o644, size: pax.length, target: '', uid: 0, gid: 0, mtime: 0 })
  return Buffer.concat([before, pax, padding(pax.length), own])
}

/** The bytes of an archive of `entries`, in the order given. Fails when a file has not the size it was announced with. */
export async function* writeTar(entries: Iterable<TarEntry>): AsyncGenerator<Buffer> {
  for (const entry of entries) {
    yield entryHeaders(entry)
    if (entry.type !== 'file' || entry.content === undefined) continue
    const size = sizeOf(entry)
    if (entry.content instanceof Uint8Array) yield Buffer.from(entry.content)
    else {
      let seen = 0
      const bytes = 'file' in entry.content ? createReadStream(entry.content.file, { highWaterMark: 256 * 1024 }) : await entry.content.open()
      for await (const chunk of bytes) {
        seen += (chunk as Buffer).length
        yield chunk as Buffer
      }
      if (seen !== size) throw new Error(`${entry.path} changed while it was read`)
    }
    yield padding(size)
  }
  yield Buffer.alloc(2 * block)
}
