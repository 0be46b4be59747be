// All groups' counts of this process, and what its predecessor still reports while it finishes.

import type { TrafficCounts } from '@pushway/core/rollout/types.ts'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import { addData, GroupCounts, type GroupData, mergeReports, sumCounts } from './counts.ts'

/** What a leaving proxy tells its successor. */
export interface TrafficReport {
  /** By route, by target. */
  readonly inFlight: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly groups: Readonly<Record<string, GroupData>>
}

/** Counts per group, over this process and those before it. */
export class Traffic {
  readonly #groups = new Map<string, GroupCounts>()
  readonly #before = new Map<string, GroupData>()
  #inFlightBefore: TrafficReport['inFlight'] = {}

  /** The counts of a group, to be added to. */
  of(group: string): GroupCounts {
    let counts = this.#groups.get(group)
    if (counts === undefined) {
      counts = new GroupCounts()
      this.#groups.set(group, counts)
    }
    return counts
  }

  /** Counts over [since, now] of every group that was ever asked; `wanted` chooses. */
  counts(since: EpochMs, wanted: (group: string) => boolean): Record<string, TrafficCounts> {
    const all: Record<string, TrafficCounts> = {}
    for (const group of this.#names()) if (wanted(group)) all[group] = sumCounts([this.#data(group, since)], since)
    return all
  }

  totals(): Record<string, GroupData['total']> {
    const all: Record<string, GroupData['total']> = {}
    for (const group of this.#names()) all[group] = this.#data(group, Number.MAX_SAFE_INTEGER).total
    return all
  }

  /** Everything since `since`, for a successor. */
  report(since: EpochMs, inFlight: TrafficReport['inFlight']): TrafficReport {
    const groups: Record<string, GroupData> = {}
    for (const group of this.#names()) groups[group] = this.#data(group, since)
    return { inFlight, groups }
  }

  /** Takes a predecessor's report; what it repeats is not counted twice. */
  take(report: TrafficReport): void {
    this.#inFlightBefore = report.inFlight
    for (const [group, data] of Object.entries(report.groups)) this.#before.set(group, mergeReports(this.#before.get(group), data))
  }

  /** The predecessor is gone: it answers nothing any more. */
  predecessorLeft(): void {
    this.#inFlightBefore = {}
  }

  predecessorInFlight(route: string): Readonly<Record<string, number>> | undefined {
    return this.#inFlightBefore[route]
  }

  #names(): Set<string> {
    return new Set([...this.#groups.keys(), ...this.#before.keys()])
  }

  #data(group: string, since: EpochMs): GroupData {
    const before = this.#before.get(group)
    const from = Math.floor(since / 1000)
    const recent = before === undefined ? undefined : { total: before.total, buckets: before.buckets.filter((bucket) => bucket.second >= from) }
    const own = this.#groups.get(group)
    if (own === undefined) return recent ?? { total: { requests: 0, errors: 0, ms: 0 }, buckets: [] }
    return addData(own.data(since), recent)
  }
}
