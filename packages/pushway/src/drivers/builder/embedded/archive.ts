// Archives that ADD unpacks: tar, as it is or packed with gzip, bzip2, xz or zstd.

import { spawn } from 'node:child_process'
import { closeSync, createReadStream, openSync, readSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { boundedBy, gunzipBounded } from '../../../oci/bounded.ts'
import { extractArchive, type Owner } from '../../../oci/extract.ts'
import { CopyError } from './copy.ts'

type Packing = 'tar' | 'gzip' | 'bzip2' | 'xz' | 'zstd'

/** By the first bytes, never by the name: as Docker does. */
function packingOf(file: string): Packing | undefined {
  const head = Buffer.alloc(512)
  const fd = openSync(file, 'r')
  const length = readSync(fd, head)
  closeSync(fd)
  const starts = (...bytes: readonly number[]) => bytes.every((byte, at) => head[at] === byte)
  if (starts(0x1f, 0x8b)) return 'gzip'
  if (starts(0x42, 0x5a, 0x68)) return 'bzip2'
  if (starts(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return 'xz'
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return 'zstd'
  return length === 512 && isTarHeader(head) ? 'tar' : undefined
}

/** The sum of a header's bytes is part of it. */
function isTarHeader(head: Uint8Array): boolean {
  const written = Number.parseInt(
    Buffer.from(head.subarray(148, 156))
      .toString('latin1')
      .replace(/[\0 ]+$/, '')
      .trim(),
    8,
  )
  let sum = 8 * 0x20
  for (const [at, byte] of head.entries()) if (at < 148 || at >= 156) sum += byte
  return written === sum && head[0] !== 0
}

/** Whether ADD unpacks the file: a packed one only when there is a tar archive in it. */
export async function isArchive(file: string): Promise<boolean> {
  const packing = packingOf(file)
  if (packing === undefined || packing === 'tar') return packing === 'tar'
  const stream = unpacked(file, packing)
  try {
    const head: Buffer[] = []
    for await (const chunk of stream) {
      head.push(chunk as Buffer)
      if (Buffer.concat(head).length >= 512) break
    }
    const bytes = Buffer.concat(head)
    return bytes.length >= 512 && isTarHeader(bytes.subarray(0, 512))
  } catch {
    return false
  } finally {
    stream.destroy()
  }
}

/**
 * Unpacks into the empty folder `to`; `owners` gets those that are not root.
 * @throws CopyError what is wrong with the archive
 */
export async function unpackArchive(file: string, options: { to: string; name: string; owners: Map<string, Owner> }): Promise<void> {
  const packing = packingOf(file) ?? 'tar'
  await extractArchive(unpacked(file, packing), {
    root: options.to,
    name: options.name,
    whiteouts: false,
    onEntry: ({ path, uid, gid }) => {
      if (uid !== 0 || gid !== 0) options.owners.set(path, { uid, gid })
    },
  }).catch((error: Error) => {
    throw new CopyError(error.message)
  })
}

function unpacked(file: string, packing: Packing): Readable {
  const source = createReadStream(file, { highWaterMark: 256 * 1024 })
  if (packing === 'tar') return source
  if (packing === 'gzip') return gunzipBounded(source, { name: 'the archive' })
  const { before, after } = boundedBy({ name: 'the archive' })
  const child = spawn(packing, ['-dc'], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.once('error', () =>
    after.destroy(fail('program-missing', { program: packing, for: `archives packed with ${packing}`, install: `Install ${packing}.` })),
  )
  child.once('close', (code) => {
    if (code === 0) after.end()
    else after.destroy(new Error(`${packing} can't unpack it`))
  })
  child.stdin.on('error', () => undefined)
  after.once('close', () => child.kill('SIGKILL'))
  source.pipe(before).pipe(child.stdin)
  child.stdout.pipe(after, { end: false })
  return after
}
