// What serving images of other registries needs, and how it says where they came from.

import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'
import type { Mirror, Mirrors } from '../../ports/mirrors.ts'
import type { ProgramLog } from '../../ports/world.ts'
import { RegistryProblem } from '../answer.ts'
import type { Exchange } from '../types.ts'
import type { MirrorPlace } from './places.ts'
import { createUpstream, toPushwayError, type Upstream, type UpstreamError } from './upstream.ts'

/** Where an answer came from: kept here; kept here and asked for; from the registry just now; kept here, because the registry does not answer. */
export type MirrorOutcome = 'hit' | 'revalidated' | 'fetched' | 'stale'

export interface MirrorOptions {
  readonly mirrors: Mirrors
  /** Whether a name belongs to this installation: then no other registry is asked for it. */
  readonly isLocal: (repository: string) => boolean
  readonly now: () => EpochMs
  readonly log: Pick<ProgramLog, 'info' | 'warn'>
  /** Counts. */
  readonly count?: (host: string, what: 'manifest' | 'blob', outcome: MirrorOutcome | 'failed') => void
}

export interface MirrorDesk extends MirrorOptions {
  upstream(mirror: Mirror): Upstream
  /** Blobs that are being fetched now. */
  readonly fetching: Map<Digest, Promise<void>>
}

/** A desk; the clients of its registries live as long as what is configured does not change. */
export function createMirrorDesk(options: MirrorOptions): MirrorDesk {
  const upstreams = new Map<string, Upstream>()
  return {
    ...options,
    fetching: new Map(),
    upstream(mirror) {
      const known = upstreams.get(mirror.host)
      if (known?.mirror === mirror) return known
      const made = createUpstream(mirror, options.now)
      upstreams.set(mirror.host, made)
      return made
    },
  }
}

interface Told {
  readonly place: MirrorPlace
  readonly what: 'manifest' | 'blob'
  readonly reference: string
  readonly outcome: MirrorOutcome
  /** `stale`: why the registry was not asked. */
  readonly why?: string
}

/** Says aloud where the answer comes from: to the client by headers, in the log, in the counters. */
export function announce(desk: MirrorDesk, { res }: Exchange, { place, what, reference, outcome, why }: Told): void {
  const { mirror, repository } = place
  res.setHeader('x-pushway-source', `${mirror.host}; ${outcome}`)
  if (why !== undefined) res.setHeader('warning', `110 - "${why.replace(/[^\x20-\x7e]|["\\]/g, ' ')}"`)
  const facts = { repository, reference, from: mirror.url, outcome, ...(why === undefined ? {} : { why }) }
  if (outcome === 'stale') desk.log.warn(`${mirror.host} does not answer: what is kept of it is given out`, facts)
  else if (outcome === 'fetched') desk.log.info(`fetched from ${mirror.host}`, facts)
  desk.count?.(mirror.host, what, outcome)
}

/** The answer to a client whose image is not here while its registry does not answer. */
export function toAnswer(desk: MirrorDesk, { mirror }: MirrorPlace, error: UpstreamError): RegistryProblem {
  desk.log.warn(`${mirror.host} does not answer`, { from: mirror.url, why: error.message })
  const { message, http } = toPushwayError(mirror, error)
  if (error.trouble === 'denied') return new RegistryProblem(403, 'DENIED', message)
  if (error.trouble === 'down') return new RegistryProblem(http, 'UNKNOWN', message)
  return new RegistryProblem(429, 'TOOMANYREQUESTS', { message, headers: { 'retry-after': String(Math.ceil((error.waitMs ?? 60_000) / 1000)) } })
}
