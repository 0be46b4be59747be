// A load of HTTP requests, measured: for the demo, tests and benchmarks.

import { Agent, request } from 'node:http'

export interface LoadOptions {
  /** Asked in turn. */
  readonly targets: readonly string[]
  /** Requests on their way at once, at most. */
  readonly concurrency: number
  /** Requests begun each second; absent: each one begins when the one before it ended. */
  readonly ratePerSecond?: number
  /** With a rate. `even` (the default): at equal distances. `random`: independent of each other, as people come (a Poisson process). */
  readonly arrivals?: 'even' | 'random'
  readonly keepAlive: boolean
  /** Milliseconds until a request counts as failed; 30 s when absent. */
  readonly timeoutMs?: number
  readonly onResult?: (result: LoadRequest) => void
  readonly signal?: AbortSignal
}

export interface LoadRequest {
  readonly at: number
  readonly ms: number
  /** 0: no answer. */
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly error?: string
}

export interface LoadResult {
  readonly total: number
  /** Answers of 500 and above, and requests without a whole answer. */
  readonly failed: number
  readonly firstFailureAt?: number
  /** What the first failure was. */
  readonly firstFailure?: string
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

export interface Load {
  snapshot(): LoadResult
  /** Begins no more requests, waits for those on their way. */
  stop(): Promise<LoadResult>
}

const mostLatencies = 100_000

/** Starts sending GET requests until `stop` or the signal. */
export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ keepAlive: options.keepAlive, maxSockets: options.concurrency })
  const seen = {
    total: 0,
    failed: 0,
    firstFailureAt: undefined as number | undefined,
    firstFailure: undefined as string | undefined,
    latencies: [] as number[],
  }
  let going = 0
  let turn = 0
  let stopped = false
  let idle: (() => void) | undefined
  const record = (result: LoadRequest) => {
    if (seen.latencies.length < mostLatencies) seen.latencies.push(result.ms)
    else seen.latencies[seen.total % mostLatencies] = result.ms
    seen.total++
    if (result.status === 0 || result.status >= 500) {
      seen.failed++
      seen.firstFailureAt ??= result.at
      seen.firstFailure ??= result.error ?? `status ${result.status}`
    }
    options.onResult?.(result)
  }
  const begin = () => {
    going++
    const url = options.targets[turn++ % options.targets.length] as string
    void sendOne(url, agent, options.timeoutMs ?? 30_000).then((result) => {
      going--
      record(result)
      if (stopped && going === 0) idle?.()
      else if (!stopped && options.ratePerSecond === undefined) begin()
    })
  }
  const stopBeginning = pace(options, begin, () => going)
  const end = () => {
    stopped = true
    stopBeginning()
  }
  options.signal?.addEventListener('abort', end, { once: true })
  return {
    snapshot: () => summarise(seen),
    async stop() {
      end()
      if (going > 0) await new Promise<void>((resolve) => (idle = resolve))
      agent.destroy()
      return summarise(seen)
    },
  }
}

/** Begins requests at their rate, or all of them now; gives what ends it. */
function pace(options: LoadOptions, begin: () => void, going: () => number): () => void {
  const rate = options.ratePerSecond
  if (rate === undefined) {
    for (let i = 0; i < options.concurrency; i++) begin()
    return () => undefined
  }
  const distanceMs = options.arrivals === 'random' ? () => (-Math.log(1 - Math.random()) * 1000) / rate : () => 1000 / rate
  let next = performance.now() + distanceMs()
  const timer = setInterval(() => {
    // What could not be begun in time is left out, not made up for in a burst.
    for (; next <= performance.now(); next += distanceMs()) if (going() < options.concurrency) begin()
  }, 5)
  return () => clearInterval(timer)
}

function sendOne(url: string, agent: Agent, timeoutMs: number): Promise<LoadRequest> {
  const begun = performance.now()
  return new Promise((resolve) => {
    const done = (status: number, headers: LoadRequest['headers'], error?: string) =>
      resolve({ at: Date.now(), ms: performance.now() - begun, status, headers, ...(error ? { error } : {}) })
    const req = request(url, { agent, timeout: timeoutMs }, (res) => {
      res.on('error', (error) => done(0, {}, error.message))
      res.on('end', () => done(res.complete ? (res.statusCode ?? 0) : 0, res.headers))
      res.resume()
    })
    req.on('timeout', () => req.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    req.on('error', (error) => done(0, {}, error.message))
    req.end()
  })
}

function summarise(seen: { total: number; failed: number; firstFailureAt?: number; firstFailure?: string; latencies: readonly number[] }): LoadResult {
  const sorted = [...seen.latencies].sort((a, b) => a - b)
  const at = (share: number) => Math.round((sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0) * 100) / 100
  const { total, failed, firstFailureAt, firstFailure } = seen
  return {
    total,
    failed,
    ...(firstFailureAt === undefined ? {} : { firstFailureAt, firstFailure }),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
  }
}
