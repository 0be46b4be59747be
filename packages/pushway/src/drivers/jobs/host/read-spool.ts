// Reads a worker's spool by byte cursor: whole lines only, what is half written comes next time.

import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Chunk, JobSummary } from '../../../ports/jobs.ts'

const newline = 10

/** The JSON lines after byte `cursor`, at most about `limit` bytes of them, at least one line. Nothing when there is no file yet. */
export async function readLines<T>(
  file: string,
  options: { readonly cursor: number; readonly limit: number; readonly check: (value: unknown) => value is T },
): Promise<Chunk<T>> {
  const { cursor, limit, check } = options
  let handle: FileHandle
  try {
    handle = await open(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { items: [], cursor }
    throw error
  }
  try {
    const bytes = await readWhole(handle, cursor, limit)
    const lines = bytes.toString('utf8').split('\n')
    lines.pop()
    return { items: lines.map(parse).filter(check), cursor: cursor + bytes.length }
  } finally {
    await handle.close()
  }
}

/** Up to the last newline within `limit`; a longer first line is read whole. */
async function readWhole(handle: FileHandle, cursor: number, limit: number): Promise<Buffer> {
  const { size } = await handle.stat()
  for (let want = Math.max(limit, 1024); ; want *= 4) {
    const length = Math.min(want, size - cursor)
    if (length <= 0) return Buffer.alloc(0)
    const buffer = Buffer.alloc(length)
    const { bytesRead } = await handle.read(buffer, 0, length, cursor)
    const end = buffer.subarray(0, bytesRead).lastIndexOf(newline)
    if (end >= 0) return buffer.subarray(0, end + 1)
    if (cursor + bytesRead >= size) return Buffer.alloc(0)
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    // A line that a crash cut off.
    return undefined
  }
}

/** GitHub shows so many of a job. */
const mostSummaries = 20

/** The summaries of the steps that wrote one. */
export async function readSummaries(spool: string): Promise<readonly JobSummary[]> {
  const names = await readdir(spool).catch(() => [])
  const steps = names.flatMap((name) => /^summary-(\d+)\.md$/.exec(name)?.[1] ?? []).map(Number)
  const first = steps.toSorted((a, b) => a - b).slice(0, mostSummaries)
  return Promise.all(first.map(async (step) => ({ step, markdown: await readFile(join(spool, `summary-${step}.md`), 'utf8') })))
}
