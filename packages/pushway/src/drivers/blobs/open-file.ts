// A blob's file, open for sending: pieces are read into buffers that are used again, the next one while the last one is on its way.

import { closeSync, fstatSync, openSync, read } from 'node:fs'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { hashFor } from '../../oci/digest.ts'
import type { OpenBlob } from '../../ports/blobs.ts'
import { blobFile, type Folders, isVerified, stateOf } from './folders.ts'

const pieceSize = 1024 * 1024
const mostKept = 16
/** Buffers that nobody uses now: a new one for each piece would keep the garbage collector busy. */
const kept: Buffer[] = []

type Take = (bytes: Uint8Array) => Promise<void>

interface Span {
  readonly start: number
  readonly end: number
}

/** Opens a blob's file; undefined when there is none. Opening a local file is quicker than asking another thread to do it. */
export function openFile(folders: Folders, digest: Digest): OpenBlob | undefined {
  let fd: number
  try {
    fd = openSync(blobFile(folders, digest), 'r')
  } catch {
    return undefined
  }
  const stats = fstatSync(fd)
  const state = stateOf(stats)
  return {
    size: stats.size,
    async copy(take, span) {
      const whole = { start: 0, end: stats.size - 1 }
      if (span || isVerified(folders, digest, state)) return copySpan(fd, span ?? whole, take)
      await copyVerified(digest, (give) => copySpan(fd, whole, give), take)
      folders.noteVerified(digest, state)
    },
    close: () => closeSync(fd),
  }
}

async function copySpan(fd: number, { start, end }: Span, take: Take): Promise<void> {
  const size = Math.min(pieceSize, end - start + 1)
  if (size <= 0) return
  const buffers = [takeBuffer(), takeBuffer()] as const
  const taken: [Promise<void>, Promise<void>] = [Promise.resolve(), Promise.resolve()]
  let turn: 0 | 1 = 0
  for (let at = start; at <= end; turn = turn === 0 ? 1 : 0) {
    await taken[turn]
    const length = await readAt(fd, buffers[turn], { at, length: Math.min(size, end - at + 1) })
    // Cut off while it is read: the client gets less than it was promised, and knows.
    if (length === 0) throw new Error('the file became shorter')
    at += length
    taken[turn] = take(buffers[turn].subarray(0, length))
    // Whoever waits for it hears of it; nobody else must.
    taken[turn].catch(() => undefined)
  }
  await Promise.all(taken)
  // Not after a failure: what is still on its way somewhere must not be written over.
  giveBack(buffers)
}

function takeBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(pieceSize)
}

function giveBack(buffers: readonly Buffer[]): void {
  for (const buffer of buffers) if (kept.length < mostKept) kept.push(buffer)
}

function readAt(fd: number, into: Buffer, { at, length }: { readonly at: number; readonly length: number }): Promise<number> {
  return new Promise((resolve, reject) => read(fd, into, 0, length, at, (error, count) => (error ? reject(error) : resolve(count))))
}

/** The last piece is held back until all fit. It is copied: its buffer is needed for the next one. */
async function copyVerified(digest: Digest, copy: (take: Take) => Promise<void>, take: Take): Promise<void> {
  const { hash, end } = hashFor(digest)
  let held: Buffer | undefined
  await copy(async (bytes) => {
    hash.update(bytes)
    const before = held
    held = Buffer.from(bytes)
    if (before) await take(before)
  })
  const got = end()
  if (got !== digest) throw fail('blob-damaged', { digest, got })
  if (held) await take(held)
}
