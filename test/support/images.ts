// Small images for tests of registries: made of a word, pushed by plain HTTP.

import { createHash } from 'node:crypto'

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
}

export interface PushedImage {
  readonly digest: string
  readonly manifest: string
  readonly layer: string
  /** What the layer has. */
  readonly bytes: Buffer
}

function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Where an image goes: `http://HOST/v2/REPOSITORY`, with the headers of a credential. */
export interface PushTarget {
  readonly base: string
  readonly headers?: Readonly<Record<string, string>>
}

async function pushBlob({ base, headers = {} }: PushTarget, bytes: Uint8Array | string): Promise<{ digest: string; size: number }> {
  const digest = digestOf(bytes)
  const start = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers })
  const location = new URL(start.headers.get('location') ?? '', base)
  location.searchParams.set('digest', digest)
  const type = { 'content-type': 'application/octet-stream' }
  const put = await fetch(location, { method: 'PUT', headers: { ...headers, ...type }, body: typeof bytes === 'string' ? bytes : new Uint8Array(bytes) })
  if (put.status !== 201) throw new Error(`blob: ${put.status} ${await put.text()}`)
  return { digest, size: Buffer.byteLength(bytes) }
}

/** Pushes a manifest under a tag or its digest. */
export async function pushManifest({ base, headers = {} }: PushTarget, reference: string, sent: { body: string; type: string }): Promise<string> {
  const put = await fetch(`${base}/manifests/${reference}`, { method: 'PUT', headers: { ...headers, 'content-type': sent.type }, body: sent.body })
  if (put.status !== 201) throw new Error(`manifest: ${put.status} ${await put.text()}`)
  return digestOf(sent.body)
}

/** Pushes an image with one layer of `size` bytes, made of `seed`. */
export async function pushImage(target: PushTarget, tag: string, { seed = tag, size = 100_000 } = {}): Promise<PushedImage> {
  const bytes = Buffer.alloc(size, `${seed} `)
  const layer = { mediaType: types.layer, ...(await pushBlob(target, bytes)) }
  const config = { mediaType: types.config, ...(await pushBlob(target, JSON.stringify({ architecture: 'amd64', os: 'linux', seed }))) }
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] })
  return { digest: await pushManifest(target, tag, { body: manifest, type: types.manifest }), manifest, layer: layer.digest, bytes }
}
