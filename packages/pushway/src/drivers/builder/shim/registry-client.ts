// Talking to the embedded registry, over plain HTTP on this machine. Redirects are not followed: the credential goes to that one address.

import { type IncomingHttpHeaders, request } from 'node:http'
import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { digestOf, isDigest, splitDigest } from '../../../oci/digest.ts'
import { isImageIndex, mediaTypes } from '../../../oci/media-types.ts'
import { documentLimit, readChecked, readDocument, readStream } from '../../../oci/read.ts'
import { checkImageIndex, checkImageManifest, type Descriptor } from '../../../oci/schema.ts'
import type { Secret } from '../../../util/secret.ts'
import type { ImageLayout, LayoutImage } from '../layout.ts'

export interface RegistryClient {
  /** `127.0.0.1:PORT`. */
  readonly host: string
  /** `user:password` as base64. */
  readonly auth?: Secret
  readonly log: (line: string) => void
  /** Another way to ask than plain HTTP on this machine. */
  readonly send?: (sending: Sending) => Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
}

interface Sending {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Uint8Array | Readable
}

function send(client: RegistryClient, sending: Sending): Promise<Answer> {
  if (client.send) return client.send(sending)
  const { method } = sending
  const url = new URL(sending.path, `http://${client.host}`)
  if (url.host !== new URL(`http://${client.host}`).host) throw fail('registry-refused', { reference: client.host, problem: `it sent us to ${url.host}` })
  const headers = { ...sending.headers, ...(client.auth ? { authorization: `Basic ${client.auth.reveal()}` } : {}) }
  return new Promise((resolve, reject) => {
    const unreachable = (error: NodeJS.ErrnoException) => reject(fail('registry-refused', { reference: client.host, problem: error.code ?? error.message }))
    const req = request(url, { method, headers }, (res) => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: res }))
    req.once('error', unreachable)
    if (sending.body instanceof Uint8Array || sending.body === undefined) req.end(sending.body)
    else {
      sending.body.once('error', (error) => req.destroy(error))
      sending.body.pipe(req)
    }
  })
}

/** The answer, when its status is one of these. @throws PushwayError `registry-refused` with the registry's own sentence */
async function expectStatus(answer: Answer, wanted: readonly number[], reference: string): Promise<Answer> {
  if (wanted.includes(answer.status)) return answer
  const text = (await readStream(answer.body, documentLimit)).toString()
  const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  throw fail('registry-refused', { reference, problem: message ? `${message} (${answer.status})` : `it answered ${answer.status}` })
}

async function drain(answer: Answer): Promise<Answer> {
  answer.body.resume()
  return answer
}

/** Whether the registry takes the credential. @throws PushwayError `registry-refused` when it does not */
export async function checkSignIn(client: RegistryClient): Promise<void> {
  await drain(await expectStatus(await send(client, { method: 'GET', path: '/v2/' }), [200], client.host))
}

/** Pushes an image of the layout: the blobs that are missing, then the manifest under `tag`. Gives its digest and size. */
export async function pushImage(client: RegistryClient, layout: ImageLayout, push: { image: LayoutImage; repository: string; tag: string }): Promise<void> {
  const { image, repository, tag } = push
  const manifest = await readChecked(layout.blobs, image.digest, checkImageManifest)
  for (const part of manifest.layers)
    client.log(`${part.digest.slice(7, 19)}: ${(await pushBlob(client, layout, { repository, part })) ? 'Pushed' : 'Layer already exists'}`)
  await pushBlob(client, layout, { repository, part: manifest.config })
  const bytes = await readDocument(layout.blobs, image.digest)
  const headers = { 'content-type': image.mediaType, 'content-length': bytes.length }
  await drain(
    await expectStatus(await send(client, { method: 'PUT', path: `/v2/${repository}/manifests/${tag}`, headers, body: bytes }), [201], `${repository}:${tag}`),
  )
}

/** Gives whether it had to be sent. */
async function pushBlob(client: RegistryClient, layout: ImageLayout, { repository, part }: { repository: string; part: Descriptor }): Promise<boolean> {
  const there = await drain(await send(client, { method: 'HEAD', path: `/v2/${repository}/blobs/${part.digest}` }))
  if (there.status === 200) return false
  const start = await drain(
    await expectStatus(await send(client, { method: 'POST', path: `/v2/${repository}/blobs/uploads/`, headers: { 'content-length': 0 } }), [202], repository),
  )
  const location = start.headers.location ?? ''
  const path = `${location}${location.includes('?') ? '&' : '?'}digest=${part.digest}`
  const headers = { 'content-type': 'application/octet-stream', 'content-length': part.size }
  await drain(await expectStatus(await send(client, { method: 'PUT', path, headers, body: await layout.blobs.read(part.digest) }), [201], repository))
  return true
}

/** Pulls an image into the layout; of an index, the one for this machine. @throws PushwayError `image-missing`, `registry-refused` */
export async function pullImage(client: RegistryClient, layout: ImageLayout, pull: { repository: string; reference: string }): Promise<LayoutImage> {
  const { repository, reference } = pull
  const accept = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerList].join(', ')
  const answer = await send(client, { method: 'GET', path: `/v2/${repository}/manifests/${reference}`, headers: { accept } })
  if (answer.status === 404) throw fail('image-missing', { image: `${repository}:${reference}` })
  await expectStatus(answer, [200], `${repository}:${reference}`)
  const bytes = await readStream(answer.body, documentLimit)
  const mediaType = (answer.headers['content-type'] ?? '').split(';')[0] ?? ''
  const own = isDigest(reference) ? digestOf(bytes, splitDigest(reference).algorithm) : reference
  if (own !== reference) throw fail('digest-mismatch', { wanted: reference, got: own })
  if (isImageIndex(mediaType)) return pullImage(client, layout, { repository, reference: chooseManifest(bytes, `${repository}:${reference}`) })
  const checked = checkImageManifest(bytes)
  if (!checked.ok) throw fail('image-invalid', { image: `${repository}:${reference}`, problem: checked.problem })
  for (const part of [checked.value.config, ...checked.value.layers]) await pullBlob(client, layout, { repository, part })
  const { digest, size } = await layout.blobs.put(bytes)
  return { digest, size, mediaType }
}

function chooseManifest(bytes: Uint8Array, image: string): string {
  const list = checkImageIndex(bytes)
  if (!list.ok) throw fail('image-invalid', { image, problem: list.problem })
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const found = list.value.manifests.find((child) => child.platform === undefined || child.platform.architecture === arch)
  if (!found) throw fail('image-invalid', { image, problem: `it has nothing for ${arch}` })
  return found.digest
}

async function pullBlob(client: RegistryClient, layout: ImageLayout, { repository, part }: { repository: string; part: Descriptor }): Promise<void> {
  if (await layout.blobs.has(part.digest)) return client.log(`${part.digest.slice(7, 19)}: Already exists`)
  const answer = await expectStatus(await send(client, { method: 'GET', path: `/v2/${repository}/blobs/${part.digest}` }), [200], repository)
  const upload = await layout.blobs.uploadStart()
  await layout.blobs.uploadAppend(upload.id, 0, answer.body)
  await layout.blobs.uploadFinish(upload.id, part.digest)
  client.log(`${part.digest.slice(7, 19)}: Pull complete`)
}
