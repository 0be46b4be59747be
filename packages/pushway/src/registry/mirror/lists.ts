// Tags and referrers of other registries: asked for each time; what is kept here answers when they do not.

import { z } from 'zod'
import { isDigest } from '../../oci/digest.ts'
import { mediaTypes } from '../../oci/media-types.ts'
import { documentLimit, readStream } from '../../oci/read.ts'
import { sendJson } from '../answer.ts'
import { nextLink, readPage } from '../lists.ts'
import { readReferrers } from '../referrers.ts'
import type { Exchange } from '../types.ts'
import { announce, type MirrorDesk, toAnswer } from './desk.ts'
import type { MirrorPlace } from './places.ts'
import { UpstreamError } from './upstream.ts'

const tagList = z.object({ tags: z.array(z.string()).nullish() })
const index = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(z.looseObject({ artifactType: z.string().optional() })).nullish() })

async function readJson<T>(body: Parameters<typeof readStream>[0], schema: z.ZodType<T>, host: string): Promise<T> {
  const text = (await readStream(body, documentLimit)).toString()
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    throw new UpstreamError('down', `${host} sent what is no list`)
  }
}

/** The tags of a repository, page by page as the registry gives them; false when it has none. */
export async function serveMirroredTags(desk: MirrorDesk, exchange: Exchange, place: MirrorPlace): Promise<boolean> {
  const { res, url } = exchange
  const { limit, after } = readPage(url)
  const name = place.repository
  try {
    const last = after === undefined ? '' : `&last=${encodeURIComponent(after)}`
    const answer = await desk.upstream(place.mirror).send({ method: 'GET', repository: place.name, path: `tags/list?n=${limit}${last}` })
    if (answer.status === 404) {
      answer.body.resume()
      return false
    }
    // Some registries give all of them, in no order, whatever they are asked for.
    const left = ((await readJson(answer.body, tagList, place.mirror.host)).tags ?? []).filter((tag) => after === undefined || tag > after).sort()
    const tags = left.slice(0, limit)
    announce(desk, exchange, { place, what: 'manifest', reference: 'tags', outcome: 'fetched' })
    const more = tags.length > 0 && (left.length > limit || answer.headers.link !== undefined)
    sendJson(res, { name, tags }, more ? nextLink(`/v2/${name}/tags/list`, { limit, last: tags.at(-1) ?? '' }) : {})
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    if (!exchange.index.hasRepository(name)) throw toAnswer(desk, place, error)
    const tags = exchange.index.tags(name, { limit, ...(after === undefined ? {} : { after }) })
    announce(desk, exchange, { place, what: 'manifest', reference: 'tags', outcome: 'stale', why: error.message })
    sendJson(res, { name, tags })
  }
  return true
}

/** What speaks of a digest; a registry without the referrers API is asked for its fallback tag. */
export async function serveMirroredReferrers(desk: MirrorDesk, exchange: Exchange, asked: { place: MirrorPlace; digest: string }): Promise<boolean> {
  const { place, digest } = asked
  if (!isDigest(digest)) return false
  const wanted = exchange.url.searchParams.get('artifactType')
  try {
    const found = await askReferrers(desk, asked)
    const manifests = found.filter((one) => wanted === null || one.artifactType === wanted)
    announce(desk, exchange, { place, what: 'manifest', reference: digest, outcome: 'fetched' })
    sendReferrers(exchange, manifests, wanted)
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error
    const manifests = (await readReferrers(exchange, place.repository, digest)).filter((one) => wanted === null || one.artifactType === wanted)
    announce(desk, exchange, { place, what: 'manifest', reference: digest, outcome: 'stale', why: error.message })
    sendReferrers(exchange, manifests, wanted)
  }
  return true
}

function sendReferrers({ res }: Exchange, manifests: readonly unknown[], wanted: string | null): void {
  const body = { schemaVersion: 2, mediaType: mediaTypes.index, manifests }
  sendJson(res, body, { 'content-type': mediaTypes.index, ...(wanted === null ? {} : { 'oci-filters-applied': 'artifactType' }) })
}

async function askReferrers(desk: MirrorDesk, { place, digest }: { place: MirrorPlace; digest: string }) {
  const upstream = desk.upstream(place.mirror)
  const headers = { accept: mediaTypes.index }
  for (const path of [`referrers/${digest}`, `manifests/${digest.replace(':', '-')}`]) {
    const answer = await upstream.send({ method: 'GET', repository: place.name, path, headers })
    if (answer.status !== 404) return (await readJson(answer.body, index, place.mirror.host)).manifests ?? []
    answer.body.resume()
  }
  return []
}
