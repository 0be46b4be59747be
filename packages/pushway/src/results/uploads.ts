// Uploads in blocks over the blob store: staged in any order, made content by a list, read back in ranges.

import { createHash, type Hash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Digest } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { ContentPart, ResultsStore } from '../ports/results.ts'
import { BlobError } from './answers.ts'

export interface UploadParts {
  readonly blobs: BlobStore
  readonly store: ResultsStore
}

export function newUploadId(): string {
  return randomBytes(16).toString('hex')
}

export interface BlockInput {
  readonly upload: string
  readonly block: string
  readonly bytes: Readable
  /** As the sender says; a body of another length is refused. */
  readonly length: number | undefined
  /** base64, as the sender says. */
  readonly md5: string | undefined
  /** The most bytes that the upload may have with it. */
  readonly limit: number
}

/** Stages one block. @throws BlobError when it broke off, is not what the sender says, or is too much */
export async function stageBlock({ blobs, store }: UploadParts, input: BlockInput): Promise<void> {
  const room = input.limit - store.stagedBytes(input.upload)
  const { id } = await blobs.uploadStart()
  const sums = { sha256: createHash('sha256'), md5: createHash('md5'), size: 0 }
  try {
    await blobs.uploadAppend(id, 0, Readable.from(measure(input.bytes, sums, room)))
    if (input.length !== undefined && input.length !== sums.size) throw brokenOff(sums.size, input.length)
    if (input.md5 !== undefined && input.md5 !== sums.md5.digest('base64')) throw new BlobError(400, 'Md5Mismatch', 'The MD5 of the body is another one.')
    const digest: Digest = `sha256:${sums.sha256.digest('hex')}`
    await blobs.uploadFinish(id, digest)
    store.putBlock(input.upload, input.block, { digest, size: sums.size })
    // Another upload with the same bytes may have been removed in between.
    if (!(await blobs.has(digest))) throw new BlobError(503, 'ServerBusy', 'Send the block again.')
  } catch (error) {
    await blobs.uploadCancel(id).catch(() => undefined)
    throw isBroken(error) ? brokenOff(sums.size, input.length) : error
  }
}

interface Sums {
  readonly sha256: Hash
  readonly md5: Hash
  size: number
}

/** When it is too much the source stays open: the client still wants its answer. */
async function* measure(bytes: Readable, sums: Sums, room: number) {
  for await (const chunk of bytes.iterator({ destroyOnReturn: false })) {
    const data = chunk as Buffer
    sums.size += data.length
    if (sums.size > room) throw new BlobError(413, 'RequestBodyTooLarge', 'The upload is larger than what is left.')
    sums.sha256.update(data)
    sums.md5.update(data)
    yield data
  }
}

function isBroken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR'
}

function brokenOff(got: number, length: number | undefined): BlobError {
  return new BlobError(400, 'IncompleteBody', `The body broke off: ${got} bytes came, ${length ?? 'more'} were announced.`)
}

/** The sha256 over all parts: what the whole would have as one file. */
export async function digestOf(parts: UploadParts, upload: string): Promise<{ readonly digest: Digest; readonly size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of readContent(parts, parts.store.content(upload))) {
    hash.update(chunk)
    size += chunk.length
  }
  return { digest: `sha256:${hash.digest('hex')}`, size }
}

export function sizeOf(content: readonly ContentPart[]): number {
  return content.reduce((sum, part) => sum + part.size, 0)
}

/** The bytes from `start` to `end` inclusive; all of them, checked, when no range is given. */
export async function* readContent({ blobs }: Pick<UploadParts, 'blobs'>, content: readonly ContentPart[], range?: { start: number; end: number }) {
  let at = 0
  for (const { digest, size } of content) {
    const from = Math.max(0, (range?.start ?? 0) - at)
    const to = Math.min(size - 1, (range?.end ?? Number.MAX_SAFE_INTEGER) - at)
    at += size
    if (size === 0 || from >= size || to < from) continue
    const whole = from === 0 && to === size - 1
    const bytes = await blobs.read(digest, whole ? undefined : { start: from, end: to })
    for await (const chunk of bytes) yield chunk as Buffer
  }
}

/** Forgets an upload and the blobs that nothing else needs. */
export async function removeUpload({ blobs, store }: UploadParts, upload: string): Promise<void> {
  for (const digest of store.dropUpload(upload)) await blobs.deleteIf(digest, () => !store.usesBlob(digest))
}
