// Writing a stream into a file: what arrives while a write is under way goes with the next one, in one call.

import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

/** More than this is never held in memory. */
const mostHeld = 2 * 1024 * 1024

interface Writing {
  readonly handle: FileHandle
  /** Where the first byte goes. */
  readonly at: number
  /** Sees every byte in order, before it is written. */
  readonly see: (bytes: Uint8Array) => void
}

/**
 * Writes all of `bytes`; gives the offset behind the last one. When the stream or a write fails, what came before is in the file.
 * The stream is left open then: an HTTP client still wants its answer.
 */
export async function writeStream(bytes: Readable, { handle, at, see }: Writing): Promise<number> {
  let offset = at
  let waiting: Uint8Array[] = []
  let held = 0
  let writing: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const chunks = waiting
      waiting = []
      held = 0
      offset += await writeAll(handle, chunks, offset)
    }
    writing = undefined
  }
  try {
    for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
      const data = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
      see(data)
      waiting.push(data)
      held += data.length
      if (!writing) {
        writing = flush()
        writing.catch(() => undefined)
      }
      if (held >= mostHeld) await writing
    }
  } finally {
    await (writing ?? flush())
  }
  return offset
}

/** One call as a rule; a full disk may take a part first. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[], offset: number): Promise<number> {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let { bytesWritten: done } = await handle.writev(chunks as Uint8Array[], offset)
  if (done < total) {
    const rest = Buffer.concat(chunks, total)
    while (done < total) done += (await handle.write(rest, done, total - done, offset + done)).bytesWritten
  }
  return total
}
