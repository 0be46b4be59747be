// The endpoint that signed addresses lead to: as much of the Azure Blob protocol as the toolkit's clients use.
// Follows https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import { BlobError, type Exchange, readSmallBody, sendBlobError, TwirpError } from './answers.ts'
import { type BlobUse, readSignedUrl } from './signed-url.ts'
import { type BlockInput, readContent, sizeOf, stageBlock, type UploadParts } from './uploads.ts'

export interface BlobEndpoint {
  readonly parts: UploadParts
  readonly key: () => Uint8Array
  readonly now: () => number
  /** What belongs to an upload: its type, its file name, whether it may still be written and how large it may get; undefined: it is gone. */
  readonly describe: (upload: string) => BlobFacts | undefined
}

export interface BlobFacts {
  readonly mime: string
  readonly fileName: string
  readonly writable: boolean
  readonly limit: number
}

const largestList = 4 << 20
const mostBlocks = 50_000
/** A block of `Put Blob`: the whole content in one. */
const onlyBlock = 'whole'

/** Answers a request under the blobs' path. */
export async function answerBlob(endpoint: BlobEndpoint, exchange: Exchange): Promise<void> {
  try {
    await answer(endpoint, exchange)
  } catch (error) {
    if (exchange.res.destroyed) return
    sendBlobError(exchange, toBlobError(error))
  }
}

function toBlobError(error: unknown): BlobError {
  if (error instanceof BlobError) return error
  if (error instanceof TwirpError) return new BlobError(400, 'InvalidInput', error.message)
  if (error instanceof PushwayError && error.code !== 'bug') return new BlobError(error.http, 'InternalError', error.message)
  return new BlobError(500, 'InternalError', 'The server failed.')
}

async function answer(endpoint: BlobEndpoint, exchange: Exchange): Promise<void> {
  const { req, res } = exchange
  const url = new URL(req.url ?? '/', 'http://localhost')
  const reading = req.method === 'GET' || req.method === 'HEAD'
  if (!reading && req.method !== 'PUT') throw new BlobError(405, 'UnsupportedHttpVerb', 'Only GET, HEAD and PUT are served here.')
  const { upload, facts } = enter(endpoint, url, reading ? 'read' : 'write')
  if (reading) return sendContent(endpoint, exchange, { upload, facts })
  if (!facts.writable) throw new BlobError(409, 'BlobImmutableDueToPolicy', 'It is finished and can not be changed.')
  const comp = url.searchParams.get('comp')
  if (comp === 'blocklist') await commit(endpoint, exchange, upload)
  else if (comp === 'block') {
    const block = url.searchParams.get('blockid') ?? ''
    if (!/^[A-Za-z0-9+/=_-]{1,128}$/.test(block)) throw new BlobError(400, 'InvalidQueryParameterValue', 'blockid is not base64 text of at most 64 bytes.')
    await stageBlock(endpoint.parts, blockInput(exchange, { upload, block: `id:${block}`, limit: facts.limit }))
  } else if (comp === null) {
    if (req.headers['x-ms-blob-type'] !== 'BlockBlob') throw new BlobError(400, 'InvalidHeaderValue', 'x-ms-blob-type must be BlockBlob.')
    await stageBlock(endpoint.parts, blockInput(exchange, { upload, block: onlyBlock, limit: facts.limit }))
    endpoint.parts.store.commitBlocks(upload, [onlyBlock])
  } else throw new BlobError(400, 'InvalidQueryParameterValue', `comp=${comp} is not served here.`)
  res.writeHead(201, { ...commonHeaders(req), etag: `"${upload}"`, 'last-modified': new Date(endpoint.now()).toUTCString(), 'content-length': '0' })
  res.end()
}

function enter(endpoint: BlobEndpoint, url: URL, use: BlobUse): { readonly upload: string; readonly facts: BlobFacts } {
  const found = readSignedUrl(endpoint.key(), url, { use, now: endpoint.now() })
  if ('problem' in found) {
    const why = found.problem === 'expired' ? 'The signed address has expired.' : 'The signature does not fit this address and use.'
    throw new BlobError(403, 'AuthenticationFailed', why)
  }
  const facts = endpoint.describe(found.upload)
  if (!facts) throw new BlobError(404, 'BlobNotFound', 'It is not there any more.')
  return { upload: found.upload, facts }
}

function blockInput({ req }: Exchange, of: Pick<BlockInput, 'upload' | 'block' | 'limit'>): BlockInput {
  const { 'content-length': length, 'content-md5': md5 } = req.headers
  return { ...of, bytes: req, length: length === undefined ? undefined : Number(length), md5: typeof md5 === 'string' ? md5 : undefined }
}

async function commit(endpoint: BlobEndpoint, { req }: Exchange, upload: string): Promise<void> {
  const text = await readSmallBody(req, largestList)
  const blocks = [...text.matchAll(/<(Latest|Uncommitted|Committed)>([A-Za-z0-9+/=_-]{1,128})<\/\1>/g)].map((match) => `id:${match[2]}`)
  if (!/<BlockList\b/.test(text) || blocks.length > mostBlocks || new Set(blocks).size !== blocks.length)
    throw new BlobError(400, 'InvalidBlockList', 'The body is not a list of blocks, each once.')
  const missing = endpoint.parts.store.commitBlocks(upload, blocks)
  if (missing.length > 0) throw new BlobError(400, 'InvalidBlockList', `${missing.length} of the listed blocks were never sent.`)
}

async function sendContent(endpoint: BlobEndpoint, { req, res }: Exchange, of: { upload: string; facts: BlobFacts }): Promise<void> {
  const content = endpoint.parts.store.content(of.upload)
  const size = sizeOf(content)
  const range = readRange(String(req.headers['x-ms-range'] ?? req.headers.range ?? ''), size)
  if (range === 'outside') throw new BlobError(416, 'InvalidRange', `It has ${size} bytes.`)
  const headers = {
    ...commonHeaders(req),
    'content-type': of.facts.mime,
    'content-disposition': disposition(of.facts.fileName),
    'content-length': String(range ? range.end - range.start + 1 : size),
    'accept-ranges': 'bytes',
    etag: `"${of.upload}"`,
    'x-ms-blob-type': 'BlockBlob',
    ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}),
  }
  res.writeHead(range ? 206 : 200, headers)
  if (req.method === 'HEAD') return void res.end()
  // Whoever stops reading closes the connection; a blob that is damaged cuts it off.
  await pipeline(Readable.from(readContent(endpoint.parts, content, range)), res).catch(() => res.destroy())
}

/** A name for the file, good for any browser: as ASCII, and as it is. */
export function disposition(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\]/g, '_')
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`
}

function readRange(text: string, size: number): { readonly start: number; readonly end: number } | 'outside' | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(text)
  if (!match) return undefined
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  return start >= size || end < start ? 'outside' : { start, end }
}

function commonHeaders(req: Exchange['req']): Readonly<Record<string, string>> {
  const id = req.headers['x-ms-client-request-id']
  return { 'x-ms-version': '2024-11-04', 'cache-control': 'no-store', ...(typeof id === 'string' ? { 'x-ms-client-request-id': id.slice(0, 200) } : {}) }
}
