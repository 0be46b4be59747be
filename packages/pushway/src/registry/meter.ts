// Counts what the registry does, for /metrics.

import type { GarbageReport } from '@pushway/core/images/types.ts'
import type { EpochMs, Milliseconds } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { renderLabels, renderMetric } from '../util/metrics-text.ts'
import type { RegistryMeter } from './types.ts'

export interface Meter extends RegistryMeter {
  /** An answer with what another registry has, by where it came from. */
  mirror(host: string, what: 'manifest' | 'blob', outcome: string): void
  /** A pass of garbage collection that has ended. */
  collected(report: GarbageReport, took: Milliseconds): void
  /** Lines in Prometheus' text format. */
  render(): Promise<readonly string[]>
}

/** Adding up everything that is stored takes a moment: it is done this often at most. */
const measureMs: Milliseconds = 5 * 60_000
/** A scrape does not wait longer for it. */
const patienceMs: Milliseconds = 2_000

interface Stored {
  readonly bytes: number
  readonly blobs: number
}

/** Counters that begin at zero, over a store. */
export function createMeter(blobs: Pick<BlobStore, 'list'>, now: () => EpochMs): Meter {
  const totals = { push: 0, pull: 0, received: 0, sent: 0, gcRuns: 0, gcManifests: 0, gcBlobs: 0, gcBytes: 0, gcUploads: 0, gcMs: 0 }
  const mounts = { hit: 0, miss: 0 }
  const mirrored = new Map<string, number>()
  const measure = createMeasure(blobs, now)
  return {
    push: () => void totals.push++,
    pull: () => void totals.pull++,
    received: (bytes) => {
      totals.received += bytes
    },
    sent: (bytes) => {
      totals.sent += bytes
    },
    mount: (hit) => void mounts[hit ? 'hit' : 'miss']++,
    mirror(host, what, outcome) {
      const key = renderLabels({ upstream: host, what, outcome })
      mirrored.set(key, (mirrored.get(key) ?? 0) + 1)
    },
    collected(report, took) {
      totals.gcRuns++
      totals.gcManifests += report.manifests.length
      totals.gcBlobs += report.blobs
      totals.gcBytes += report.bytes
      totals.gcUploads += report.uploads
      totals.gcMs += took
    },
    async render() {
      return [...renderTotals(totals), ...renderCaches(mounts, mirrored), ...renderStored(await measure())]
    },
  }
}

/** What is stored, as of the last look; undefined until the first one has ended. */
function createMeasure(blobs: Pick<BlobStore, 'list'>, now: () => EpochMs): () => Promise<Stored | undefined> {
  let last: { readonly stored: Stored; readonly at: EpochMs } | undefined
  let looking: Promise<void> | undefined
  const look = async () => {
    let bytes = 0
    let count = 0
    for await (const blob of blobs.list()) {
      bytes += blob.size
      count++
    }
    last = { stored: { bytes, blobs: count }, at: now() }
  }
  return async () => {
    if (!last || now() - last.at > measureMs)
      looking ??= look()
        // A store that does not answer is no reason to have no metrics.
        .catch(() => undefined)
        .finally(() => {
          looking = undefined
        })
    if (!last) await Promise.race([looking, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())])
    return last?.stored
  }
}

type Totals = Readonly<Record<'push' | 'pull' | 'received' | 'sent' | 'gcRuns' | 'gcManifests' | 'gcBlobs' | 'gcBytes' | 'gcUploads' | 'gcMs', number>>

function renderTotals(totals: Totals): readonly string[] {
  const counter = (name: string, help: string, value: number) => renderMetric({ name, type: 'counter', help }, [`${name} ${value}`])
  return [
    ...counter('pushway_registry_pushes_total', 'Manifests that were pushed.', totals.push),
    ...counter('pushway_registry_pulls_total', 'Manifests that were given out.', totals.pull),
    ...counter('pushway_registry_received_bytes_total', 'Bytes of blobs that came in.', totals.received),
    ...counter('pushway_registry_sent_bytes_total', 'Bytes of blobs that went out.', totals.sent),
    ...counter('pushway_registry_gc_runs_total', 'Passes of garbage collection.', totals.gcRuns),
    ...counter('pushway_registry_gc_manifests_total', 'Manifests that garbage collection removed.', totals.gcManifests),
    ...counter('pushway_registry_gc_blobs_total', 'Blobs that garbage collection removed.', totals.gcBlobs),
    ...counter('pushway_registry_gc_bytes_total', 'Bytes that garbage collection freed.', totals.gcBytes),
    ...counter('pushway_registry_gc_uploads_total', 'Unfinished uploads that garbage collection gave up.', totals.gcUploads),
    ...counter('pushway_registry_gc_seconds_total', 'Time that garbage collection took, seconds.', totals.gcMs / 1000),
  ]
}

function renderCaches(mounts: { readonly hit: number; readonly miss: number }, mirrored: ReadonlyMap<string, number>): readonly string[] {
  const [mount, mirror] = ['pushway_registry_blob_mounts_total', 'pushway_registry_mirror_requests_total']
  return [
    ...renderMetric({ name: mount, type: 'counter', help: 'Mounts that were asked for: a hit is a blob that need not be sent.' }, [
      `${mount}${renderLabels({ result: 'hit' })} ${mounts.hit}`,
      `${mount}${renderLabels({ result: 'miss' })} ${mounts.miss}`,
    ]),
    ...renderMetric(
      { name: mirror, type: 'counter', help: 'Answers with what another registry has: hit, revalidated and stale were kept here.' },
      [...mirrored].map(([key, value]) => `${mirror}${key} ${value}`),
    ),
  ]
}

function renderStored(stored: Stored | undefined): readonly string[] {
  const gauge = (name: string, help: string, value: number) => renderMetric({ name, type: 'gauge', help }, [`${name} ${value}`])
  if (!stored) return []
  return [
    ...gauge('pushway_registry_storage_bytes', 'Bytes of all blobs that are stored.', stored.bytes),
    ...gauge('pushway_registry_storage_blobs', 'Blobs that are stored.', stored.blobs),
  ]
}
