// The demo's users: requests at production's address, each kept with its moment, so that they can be counted per phase afterwards.

import { startLoad } from '../../util/load.ts'

export interface Window {
  readonly from: number
  readonly to: number
}

export interface Counted {
  readonly total: number
  readonly failed: number
}

export interface Traffic {
  /** Requests so far. */
  total(): number
  failed(): number
  /** Requests that were on their way at any moment of the window. */
  within(window: Window): Counted
  /** All requests but those. */
  outside(window: Window): Counted
  /** When the first failed answer came after `from`; undefined: none. */
  firstFailure(from: number): number | undefined
  /** Waits for the answers that are still due. */
  stop(): Promise<void>
}

/** A tenth of it is more than two instances of the bad release can answer, and it leaves two cores time for the runs. */
export const ratePerSecond = 200
const concurrency = 30

interface Seen {
  readonly began: number
  readonly ended: number
  readonly failed: boolean
}

/** Starts asking `url` until it is stopped. */
export function startTraffic(url: string, signal: AbortSignal): Traffic {
  const seen: Seen[] = []
  let failures = 0
  const load = startLoad({
    targets: [`${url}/`, `${url}/greet/Ada`, `${url}/greet/Linus`],
    concurrency,
    ratePerSecond,
    arrivals: 'random',
    keepAlive: true,
    timeoutMs: 10_000,
    signal,
    onResult({ at, ms, status }) {
      // Anything but a good answer: none of these requests is wrong by itself.
      const failed = status < 200 || status >= 400
      if (failed) failures++
      seen.push({ began: at - ms, ended: at, failed })
    },
  })
  const count = (wanted: (one: Seen) => boolean): Counted => {
    const some = seen.filter(wanted)
    return { total: some.length, failed: some.filter((one) => one.failed).length }
  }
  const overlaps = ({ from, to }: Window, one: Seen) => one.ended >= from && one.began <= to
  return {
    total: () => seen.length,
    failed: () => failures,
    within: (window) => count((one) => overlaps(window, one)),
    outside: (window) => count((one) => !overlaps(window, one)),
    firstFailure: (from) => seen.filter((one) => one.failed && one.ended >= from).sort((a, b) => a.ended - b.ended)[0]?.ended,
    stop: async () => void (await load.stop()),
  }
}
