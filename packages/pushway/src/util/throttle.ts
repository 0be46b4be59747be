// Counts failures per key and says for how long a key has to wait. In memory: a restart forgives.

export interface Throttle {
  /** Seconds to wait before the next try; 0: go on. */
  waitSeconds(key: string, now: number): number
  failed(key: string, now: number): void
  succeeded(key: string): void
}

/** After `allowed` failures every further one doubles the wait, from one second up to `maxSeconds`; forgotten `maxSeconds` after the last. */
export function createThrottle(options: { readonly allowed: number; readonly maxSeconds: number; readonly maxKeys?: number }): Throttle {
  const seen = new Map<string, { failures: number; until: number; last: number }>()
  const maxKeys = options.maxKeys ?? 10_000
  return {
    waitSeconds: (key, now) => Math.max(0, Math.ceil(((seen.get(key)?.until ?? 0) - now) / 1000)),
    failed(key, now) {
      const old = seen.get(key)
      const failures = (old && now - old.last < options.maxSeconds * 1000 ? old.failures : 0) + 1
      const over = failures - options.allowed
      const seconds = over < 0 ? 0 : Math.min(options.maxSeconds, 2 ** Math.min(over, 20))
      // Newest last, so that the oldest go first when there are too many.
      seen.delete(key)
      seen.set(key, { failures, until: now + seconds * 1000, last: now })
      const oldest = seen.keys().next().value
      if (seen.size > maxKeys && oldest !== undefined) seen.delete(oldest)
    },
    succeeded: (key) => void seen.delete(key),
  }
}
