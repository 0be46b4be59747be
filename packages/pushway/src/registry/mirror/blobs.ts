// Blobs of other registries: given to the client while they are kept, checked before the last byte goes out.

import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Digest } from '@pushway/core/text/ids.ts'
import { isDigest } from '../../oci/digest.ts'
import { serveBlob } from '../blobs.ts'
import { usualBlobLimit, usualStallMs } from '../body.ts'
import type { Exchange } from '../types.ts'
import { announce, type MirrorDesk, toAnswer } from './desk.ts'
import type { MirrorPlace } from './places.ts'
import { UpstreamError } from './upstream.ts'

interface Asked {
  readonly place: MirrorPlace
  readonly digest: Digest
}

/** GET and HEAD of a blob; false when the registry has none. */
export async function serveMirroredBlob(desk: MirrorDesk, exchange: Exchange, asked: { place: MirrorPlace; digest: string }): Promise<boolean> {
  const { place, digest } = asked
  if (!isDigest(digest)) return false
  // Who fetches it now fetches it for all.
  const release = exchange.req.method === 'GET' ? await takeTurn(desk, digest) : undefined
  try {
    if (exchange.index.hasBlob(place.repository, digest) && (await exchange.blobs.has(digest))) {
      // Nobody has to wait for this client.
      release?.()
      announce(desk, exchange, { place, what: 'blob', reference: digest, outcome: 'hit' })
      await serveBlob(exchange, place.repository, digest)
      return true
    }
    return await fetchBlob(desk, exchange, asked)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    desk.count?.(place.mirror.host, 'blob', 'failed')
    throw toAnswer(desk, place, error)
  } finally {
    release?.()
  }
}

/** Waits until nobody else fetches the blob; then others wait until the function is called. */
async function takeTurn({ fetching }: MirrorDesk, digest: Digest): Promise<() => void> {
  for (let other = fetching.get(digest); other; other = fetching.get(digest)) await other
  let release = (): void => undefined
  const turn = new Promise<void>((resolve) => {
    release = resolve
  })
  fetching.set(digest, turn)
  return () => {
    if (fetching.get(digest) === turn) fetching.delete(digest)
    release()
  }
}

async function fetchBlob(desk: MirrorDesk, exchange: Exchange, asked: Asked): Promise<boolean> {
  const { place, digest } = asked
  const upstream = desk.upstream(place.mirror)
  const call = { repository: place.name, path: `blobs/${digest}` }
  // Bytes that another repository has are not fetched again; whether they may be had is still the registry's to say.
  const isHere = (await exchange.blobs.has(digest)) !== undefined
  const method = isHere || exchange.req.method === 'HEAD' ? 'HEAD' : 'GET'
  const answer = await upstream.send({ ...call, method })
  if (method === 'HEAD' || answer.status === 404) answer.body.resume()
  if (answer.status === 404) return false
  announce(desk, exchange, { place, what: 'blob', reference: digest, outcome: isHere ? 'revalidated' : 'fetched' })
  const length = answer.headers['content-length']
  if (isHere) exchange.index.addBlob(place.repository, digest)
  else if (method === 'HEAD') {
    exchange.res.writeHead(200, { ...headersOf(digest), 'content-length': length ?? 0 })
    exchange.res.end()
    return true
  } else if (await passOn(exchange, { ...asked, body: answer.body, length })) return true
  await serveBlob(exchange, place.repository, digest)
  return true
}

function headersOf(digest: Digest) {
  return { 'content-type': 'application/octet-stream', 'docker-content-digest': digest, 'accept-ranges': 'bytes', etag: `"${digest}"` }
}

interface Passing extends Asked {
  readonly body: Readable
  readonly length: string | undefined
}

/** Keeps the blob. A client that wants all of it gets it on the way: then true; one that wants a part is served afterwards. */
async function passOn(exchange: Exchange, { place, digest, body, length }: Passing): Promise<boolean> {
  const { req, res, blobs, index, stallMs = usualStallMs, blobLimit = usualBlobLimit } = exchange
  if (Number(length ?? 0) > blobLimit) {
    body.destroy()
    throw new UpstreamError('denied', `the blob has ${length} bytes, more than the ${blobLimit} that are allowed here`)
  }
  const client = req.headers.range === undefined && length !== undefined ? res : undefined
  if (client) {
    client.socket?.setTimeout(stallMs)
    client.writeHead(200, { ...headersOf(digest), 'content-length': length })
  }
  const upload = await blobs.uploadStart()
  const last: { chunk?: Buffer } = {}
  try {
    await blobs.uploadAppend(upload.id, 0, Readable.from(tee(body, { client, last, limit: blobLimit }), { objectMode: false }))
    await blobs.uploadFinish(upload.id, digest)
  } catch (error) {
    await blobs.uploadCancel(upload.id)
    body.destroy()
    if (!client) throw new UpstreamError('down', `${place.mirror.host} broke off: ${error instanceof Error ? error.message : String(error)}`)
    // The client has seen the head of the answer: only a broken connection can tell it.
    client.destroy()
    return true
  }
  index.addBlob(place.repository, digest)
  client?.end(last.chunk)
  return client !== undefined
}

/** Every chunk for the store, and the one before it for the client. A client that goes away does not stop the store. */
async function* tee(body: Readable, to: { readonly client: ServerResponse | undefined; readonly last: { chunk?: Buffer }; readonly limit: number }) {
  let size = 0
  for await (const chunk of body) {
    size += (chunk as Buffer).length
    if (size > to.limit) throw new Error(`more than ${to.limit} bytes`)
    if (to.last.chunk) await write(to.client, to.last.chunk)
    to.last.chunk = chunk as Buffer
    yield chunk as Buffer
  }
}

async function write(client: ServerResponse | undefined, chunk: Buffer): Promise<void> {
  if (!client || client.destroyed || client.write(chunk)) return
  await new Promise<void>((resolve) => {
    const go = () => {
      client.off('drain', go).off('close', go)
      resolve()
    }
    client.on('drain', go).on('close', go)
  })
}
