// Counts of what groups answered: one bucket for each of the last 15 minutes' seconds, latencies in steps of 5 %.

import type { TrafficCounts } from '@pushway/core/rollout/types.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'

const seconds = 900
const growth = Math.log(1.1)
const smallestMs = 0.1
const steps = 160

/** What one group answered in one second, as it crosses processes: latencies as pairs of step and count. */
export interface BucketData {
  readonly second: number
  readonly requests: number
  readonly errors: number
  readonly firstErrorAt?: EpochMs
  readonly latencies: readonly (readonly [number, number])[]
}

export interface GroupData {
  readonly total: { readonly requests: number; readonly errors: number; readonly ms: number }
  readonly buckets: readonly BucketData[]
}

interface Bucket {
  second: number
  requests: number
  errors: number
  firstErrorAt: EpochMs
  readonly latencies: Uint16Array
}

/** The counts of one group. */
export class GroupCounts {
  readonly #ring: (Bucket | undefined)[] = new Array(seconds).fill(undefined)
  #requests = 0
  #errors = 0
  #ms = 0

  get total(): GroupData['total'] {
    return { requests: this.#requests, errors: this.#errors, ms: Math.round(this.#ms) }
  }

  /** A request ended at `now` after `ms`. */
  add(now: EpochMs, ms: number, failed: boolean): void {
    const bucket = this.#bucket(Math.floor(now / 1000))
    bucket.requests++
    this.#requests++
    this.#ms += ms
    if (failed) {
      bucket.errors++
      this.#errors++
      if (bucket.firstErrorAt === 0) bucket.firstErrorAt = now
    }
    const step = stepOf(ms)
    if ((bucket.latencies[step] as number) < 65_535) bucket.latencies[step] = (bucket.latencies[step] as number) + 1
  }

  /** The buckets of seconds from that of `since` on. */
  data(since: EpochMs): GroupData {
    const from = Math.floor(since / 1000)
    const buckets: BucketData[] = []
    for (const bucket of this.#ring) {
      if (bucket === undefined || bucket.second < from) continue
      const latencies: [number, number][] = []
      for (let step = 0; step < steps; step++) if (bucket.latencies[step]) latencies.push([step, bucket.latencies[step] as number])
      const { second, requests, errors } = bucket
      buckets.push({ second, requests, errors, latencies, ...(bucket.firstErrorAt ? { firstErrorAt: bucket.firstErrorAt } : {}) })
    }
    return { total: this.total, buckets }
  }

  #bucket(second: number): Bucket {
    const place = second % seconds
    const found = this.#ring[place]
    if (found === undefined) {
      const made: Bucket = { second, requests: 0, errors: 0, firstErrorAt: 0, latencies: new Uint16Array(steps) }
      this.#ring[place] = made
      return made
    }
    if (found.second !== second) {
      found.second = second
      found.requests = 0
      found.errors = 0
      found.firstErrorAt = 0
      found.latencies.fill(0)
    }
    return found
  }
}

/** The counts over [since, now] from the data of one or more processes; the second that holds `since` counts whole. */
export function sumCounts(parts: readonly GroupData[], since: EpochMs): TrafficCounts {
  const from = Math.floor(since / 1000)
  const latencies = new Float64Array(steps)
  let requests = 0
  let errors = 0
  let firstErrorAt: EpochMs | undefined
  for (const part of parts) {
    for (const bucket of part.buckets) {
      if (bucket.second < from) continue
      requests += bucket.requests
      errors += bucket.errors
      if (bucket.firstErrorAt !== undefined) firstErrorAt = Math.min(firstErrorAt ?? Number.POSITIVE_INFINITY, bucket.firstErrorAt)
      for (const [step, count] of bucket.latencies) if (step >= 0 && step < steps) latencies[step] = (latencies[step] as number) + count
    }
  }
  const counts = { requests, errors, p50Ms: quantile(latencies, 0.5), p95Ms: quantile(latencies, 0.95), sinceMs: since }
  return firstErrorAt === undefined ? counts : { ...counts, firstErrorAt }
}

/** Two reports of one process joined: a newer bucket replaces the older one of its second. */
export function mergeReports(older: GroupData | undefined, newer: GroupData): GroupData {
  if (older === undefined) return newer
  const bySecond = new Map(older.buckets.map((bucket) => [bucket.second, bucket]))
  for (const bucket of newer.buckets) bySecond.set(bucket.second, bucket)
  return { total: newer.total, buckets: [...bySecond.values()] }
}

/** The data of two processes added up. */
export function addData(a: GroupData, b: GroupData | undefined): GroupData {
  if (b === undefined) return a
  const total = { requests: a.total.requests + b.total.requests, errors: a.total.errors + b.total.errors, ms: a.total.ms + b.total.ms }
  return { total, buckets: joinBuckets([...a.buckets, ...b.buckets]) }
}

function joinBuckets(all: readonly BucketData[]): BucketData[] {
  const bySecond = new Map<number, BucketData>()
  for (const bucket of all) {
    const other = bySecond.get(bucket.second)
    bySecond.set(bucket.second, other === undefined ? bucket : joinTwo(other, bucket))
  }
  return [...bySecond.values()]
}

function joinTwo(a: BucketData, b: BucketData): BucketData {
  const first = Math.min(a.firstErrorAt ?? Number.POSITIVE_INFINITY, b.firstErrorAt ?? Number.POSITIVE_INFINITY)
  const latencies = new Map<number, number>()
  for (const [step, count] of [...a.latencies, ...b.latencies]) latencies.set(step, (latencies.get(step) ?? 0) + count)
  const joined = { second: a.second, requests: a.requests + b.requests, errors: a.errors + b.errors, latencies: [...latencies] }
  return Number.isFinite(first) ? { ...joined, firstErrorAt: first } : joined
}

function stepOf(ms: number): number {
  if (ms <= smallestMs) return 0
  return Math.min(steps - 1, Math.ceil(Math.log(ms / smallestMs) / growth))
}

function quantile(latencies: Float64Array, share: number): number {
  let total = 0
  for (const count of latencies) total += count
  if (total === 0) return 0
  let left = Math.ceil(total * share)
  for (let step = 0; step < steps; step++) {
    left -= latencies[step] as number
    // The middle of the step: half of its width away at most, which is 5 %.
    if (left <= 0) return Math.round(smallestMs * Math.exp(growth * (step - 0.5)) * 100) / 100
  }
  return 0
}
