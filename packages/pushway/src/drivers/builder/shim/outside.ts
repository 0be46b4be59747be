// Base images of registries that are not ours: read only, by the distribution API with Docker's token sign-in.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { readStream } from '../../../oci/read.ts'
import { createOutbound, type Outbound } from '../../../util/outbound/index.ts'
import { Secret } from '../../../util/secret.ts'
import type { ImageLayout, LayoutImage } from '../layout.ts'
import { formatReference, type Reference } from '../reference.ts'
import { authKey } from './images.ts'
import { pullImage, type RegistryClient } from './registry-client.ts'
import { readAuth, type Settings } from './settings.ts'

/** Brings an image into the store, with the credential that `docker login` kept for its registry. A sentence when it can't be had. */
export async function pullOutside(settings: Settings, store: ImageLayout, reference: Reference): Promise<LayoutImage | string> {
  const { registry, repository } = reference
  // Docker Hub's API has another name than its images.
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host)
  const base = new URL(`${local ? 'http' : 'https'}://${host}`)
  const port = base.port || (local ? '80' : '443')
  const outbound = createOutbound({ allowPrivate: [`${base.hostname}:${port}`] })
  const auth = readAuth(settings.dockerConfig, authKey(registry))
  const client: RegistryClient = { host, log: () => undefined, send: signedSend({ outbound, base, repository, ...(auth ? { auth } : {}) }) }
  try {
    const image = await pullImage(client, store, { repository, reference: reference.digest ?? reference.tag ?? 'latest' })
    store.tag(formatReference(reference), image)
    settings.io.stdout.write(`Pulled ${formatReference(reference)} (${image.digest}) from ${registry}\n`)
    return image
  } catch (error) {
    if (error instanceof PushwayError) return `${registry} was asked: ${error.message.replace(/\.$/, '')}`
    throw error
  }
}

interface Signing {
  readonly outbound: Outbound
  readonly base: URL
  readonly repository: string
  readonly auth?: Secret
}

const token = z.object({ token: z.string().optional(), access_token: z.string().optional() })

/** Sends, and when the registry asks for a token, fetches one and sends again. */
function signedSend(signing: Signing): NonNullable<RegistryClient['send']> {
  let header: Secret | undefined = signing.auth && new Secret(`Basic ${signing.auth.reveal()}`)
  const send = (path: string, headers: Readonly<Record<string, string>>) =>
    signing.outbound({ url: new URL(path, signing.base), headers: { ...headers, ...(header ? { authorization: header.reveal() } : {}) } })
  return async ({ path, headers = {} }) => {
    const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    const first = await send(path, plain)
    const challenge = first.status === 401 ? first.headers['www-authenticate'] : undefined
    const bearer = challenge === undefined ? undefined : await fetchToken(signing, challenge)
    if (bearer === undefined) return { status: first.status, headers: first.headers, body: first.body }
    first.body.resume()
    header = bearer
    const { status, headers: got, body } = await send(path, plain)
    return { status, headers: got, body }
  }
}

/** `Bearer realm="…",service="…"`: a token to read the repository; undefined when there is none to be had. */
async function fetchToken({ outbound, repository, auth }: Signing, challenge: string): Promise<Secret | undefined> {
  const part = (name: string) => new RegExp(`${name}="([^"]*)"`, 'i').exec(challenge)?.[1]
  const realm = part('realm')
  if (!/^bearer /i.test(challenge) || realm === undefined || !URL.canParse(realm)) return undefined
  const url = new URL(realm)
  const service = part('service')
  if (service !== undefined) url.searchParams.set('service', service)
  url.searchParams.set('scope', `repository:${repository}:pull`)
  const answer = await outbound({ url, headers: auth ? { authorization: `Basic ${auth.reveal()}` } : {} })
  const text = (await readStream(answer.body, 1 << 20)).toString()
  if (answer.status !== 200) return undefined
  const found = token.safeParse(JSON.parse(text))
  const value = found.success ? (found.data.token ?? found.data.access_token) : undefined
  return value === undefined ? undefined : new Secret(`Bearer ${value}`)
}
