// Blobs of the registry: reading, and uploads whole, in chunks, or by mount.

import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Digest } from '@pushway/core/text/ids.ts'
import { isDigest } from '../oci/digest.ts'
import type { OpenBlob, UploadInfo } from '../ports/blobs.ts'
import { RegistryProblem } from './answer.ts'
import { announcedLength, endWhenSilent, limitBody, usualBlobLimit, usualStallMs } from './body.ts'
import { isRepositoryName, parseRange } from './route.ts'
import type { Exchange } from './types.ts'

function checkDigest(digest: string | null): string {
  if (digest === null || !isDigest(digest)) throw new RegistryProblem(400, 'DIGEST_INVALID', `"${digest ?? ''}" is not a sha256 or sha512 digest`)
  return digest
}

/** GET and HEAD of a blob, with ranges. A blob is readable where it was pushed or mounted to, nowhere else. */
export async function serveBlob(exchange: Exchange, name: string, reference: string): Promise<void> {
  const { req, blobs, index } = exchange
  const digest = checkDigest(reference)
  const isHead = req.method === 'HEAD'
  // A client that asks whether it is there may leave out pushing it: from now on it is young.
  if (isHead) index.touchBlob(name, digest)
  const known = index.hasBlob(name, digest)
  const open = known && !isHead ? blobs.open?.(digest) : undefined
  const blob = open ?? (known ? await blobs.has(digest) : undefined)
  if (!blob) throw new RegistryProblem(404, 'BLOB_UNKNOWN', `${name} has no blob ${digest}`)
  try {
    await sendBlob(exchange, { digest, size: blob.size, ...(open ? { open } : {}) })
  } finally {
    open?.close()
  }
}

interface Sending {
  readonly digest: Digest
  readonly size: number
  readonly open?: OpenBlob
}

async function sendBlob(exchange: Exchange, { digest, size, open }: Sending): Promise<void> {
  const { req, res, blobs, meter } = exchange
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, 'accept-ranges': 'bytes', etag: `"${digest}"` }
  const range = parseRange(req.headers.range, size)
  if (range === 'none')
    throw new RegistryProblem(416, 'SIZE_INVALID', { message: `${digest} has ${size} bytes`, headers: { 'content-range': `bytes */${size}` } })
  if (range === 'whole') res.writeHead(200, { ...headers, 'content-length': size })
  else {
    const part = { 'content-range': `bytes ${range.start}-${range.end}/${size}`, 'content-length': range.end - range.start + 1 }
    res.writeHead(206, { ...headers, ...part })
  }
  if (req.method === 'HEAD') return void res.end()
  // A client that does not take its bytes holds a file and a connection.
  req.socket.setTimeout(exchange.stallMs ?? usualStallMs)
  const span = range === 'whole' ? undefined : range
  if (!open) await pipeline(await blobs.read(digest, span), res)
  else {
    await open.copy((bytes) => write(res, bytes), span)
    res.end()
  }
  meter?.sent(span ? span.end - span.start + 1 : size)
}

/** Ends when the bytes are on their way, or will never be. */
function write(res: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (res.destroyed) return reject(new Error('the client went away'))
    const gone = () => reject(new Error('the client went away'))
    res.once('close', gone)
    res.write(bytes, (error) => {
      res.off('close', gone)
      if (error) reject(error)
      else resolve()
    })
  })
}

function sendUpload(exchange: Exchange, name: string, { upload, status }: { upload: UploadInfo; status: number }): void {
  exchange.res.writeHead(status, {
    location: `/v2/${name}/blobs/uploads/${upload.id}`,
    range: `0-${Math.max(0, upload.offset - 1)}`,
    'docker-upload-uuid': upload.id,
    'content-length': 0,
  })
  exchange.res.end()
}

function sendCreated(exchange: Exchange, name: string, digest: string): void {
  exchange.index.addBlob(name, digest)
  exchange.res.writeHead(201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest, 'content-length': 0 })
  exchange.res.end()
}

/** POST: mounts a blob of another repository, takes one whole (`?digest=`), or opens an upload. */
export async function startUpload(exchange: Exchange, name: string): Promise<void> {
  const { url, blobs } = exchange
  const mount = url.searchParams.get('mount')
  if (mount !== null) {
    const mounted = await mountBlob(exchange, name, mount)
    exchange.meter?.mount(mounted)
    if (mounted) return sendCreated(exchange, name, mount)
  }
  const digest = url.searchParams.get('digest')
  if (digest !== null) checkDigest(digest)
  const upload = await blobs.uploadStart()
  if (digest === null) return sendUpload(exchange, name, { upload, status: 202 })
  try {
    await receive(exchange, upload)
  } catch (error) {
    await blobs.uploadCancel(upload.id)
    throw error
  }
  await blobs.uploadFinish(upload.id, digest)
  sendCreated(exchange, name, digest)
}

/** Only who may pull from the source may mount from it; else nobody learns whether the blob exists. */
async function mountBlob({ url, blobs, index, access, principal }: Exchange, name: string, digest: string): Promise<boolean> {
  const from = url.searchParams.get('from')
  if (from === null || !isRepositoryName(from) || !isDigest(digest)) return false
  if (!access.allowed(principal, from, 'pull') || !index.hasBlob(from, digest)) return false
  const had = index.hasBlob(name, digest)
  // First counted on, then looked at: what is seen here is not swept.
  index.addBlob(name, digest)
  if (await blobs.has(digest)) return true
  if (!had) index.removeBlob(name, digest)
  return false
}

async function findUpload({ blobs }: Exchange, id: string): Promise<UploadInfo> {
  const upload = await blobs.uploadStatus(id)
  if (!upload) throw new RegistryProblem(404, 'BLOB_UPLOAD_UNKNOWN', 'There is no such upload; start a new one')
  return upload
}

/** Appends the request's body; a `Content-Range` must go on where the upload stands, and be as long as it says. */
async function append(exchange: Exchange, name: string, upload: UploadInfo): Promise<UploadInfo> {
  const range = /^(?:bytes )?(\d+)-(\d+)/.exec(exchange.req.headers['content-range'] ?? '')
  if (range && Number(range[1]) !== upload.offset) {
    const headers = { location: `/v2/${name}/blobs/uploads/${upload.id}`, range: `0-${Math.max(0, upload.offset - 1)}` }
    throw new RegistryProblem(416, 'BLOB_UPLOAD_INVALID', { message: `The upload is at byte ${upload.offset}, not ${range[1]}`, headers })
  }
  const length = range ? Number(range[2]) - Number(range[1]) + 1 : Number.NaN
  const announced = announcedLength(exchange.req)
  if (range && announced !== length && !Number.isNaN(announced))
    throw new RegistryProblem(400, 'SIZE_INVALID', `Content-Range says ${length} bytes and Content-Length ${announced}`)
  return receive(exchange, upload)
}

/** An upload that grows too large is given up: nothing can become of it. */
async function receive(exchange: Exchange, upload: UploadInfo): Promise<UploadInfo> {
  const { blobs, req, blobLimit = usualBlobLimit, stallMs = usualStallMs, meter } = exchange
  endWhenSilent(exchange, stallMs)
  try {
    const now = await blobs.uploadAppend(upload.id, upload.offset, limitBody(req, blobLimit - upload.offset))
    meter?.received(now.offset - upload.offset)
    return now
  } catch (error) {
    if (error instanceof RegistryProblem && error.status === 413) await blobs.uploadCancel(upload.id)
    throw error
  }
}

/** GET, PATCH, PUT and DELETE of an upload. */
export async function serveUpload(exchange: Exchange, name: string, id: string): Promise<void> {
  const { req, res, url, blobs } = exchange
  const upload = await findUpload(exchange, id)
  switch (req.method) {
    case 'GET':
      return sendUpload(exchange, name, { upload, status: 204 })
    case 'PATCH':
      return sendUpload(exchange, name, { upload: await append(exchange, name, upload), status: 202 })
    case 'PUT': {
      const digest = checkDigest(url.searchParams.get('digest'))
      await append(exchange, name, upload)
      await blobs.uploadFinish(id, digest)
      return sendCreated(exchange, name, digest)
    }
    case 'DELETE':
      await blobs.uploadCancel(id)
      res.writeHead(204)
      return void res.end()
    default:
      throw new RegistryProblem(405, 'UNSUPPORTED', `${req.method} of an upload is not part of the specification`)
  }
}
