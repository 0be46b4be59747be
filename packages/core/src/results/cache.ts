// Caches of dependencies: who may read and write which, which entry a key finds, and which must go when there is no room.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/dependency-caching

import type { RunCause } from '../run/types.ts'
import type { EpochMs } from '../text/ids.ts'

/** Refs whose caches a job may use. */
export interface CacheScopes {
  /** Where it saves. */
  readonly write: string
  /** Where it looks, in this order. */
  readonly read: readonly string[]
}

/** What is known of a stored cache. */
export interface CacheEntry {
  readonly id: number
  /** The ref it was saved for. */
  readonly scope: string
  readonly key: string
  /** A hash of paths and compression: only the same one fits. */
  readonly version: string
  readonly size: number
  readonly createdAt: EpochMs
  readonly usedAt: EpochMs
}

const largestKey = 512
const day = 24 * 60 * 60_000

/** GitHub's limits: bytes of a repository's caches together, and how long one stays that nobody reads. */
export const cacheLimits = { bytes: 10 * 2 ** 30, unusedMs: 7 * day } as const

/**
 * A job saves for its own ref and reads its own, then the base of its pull request, then the default branch; never a sibling's.
 * A pull request has a scope of its own (`refs/pull/N/merge`) whatever ref its run has: code of a fork can't reach a branch's caches.
 */
export function cacheScopes(cause: Pick<RunCause, 'ref' | 'payload'> & { readonly event: string }, defaultBranch: string): CacheScopes {
  const pull = cause.event === 'pull_request' ? field(cause.payload, 'pull_request') : undefined
  const number = field(pull, 'number') ?? (pull === undefined ? undefined : field(cause.payload, 'number'))
  const write = typeof number === 'number' ? `refs/pull/${number}/merge` : cause.ref
  const base = field(field(pull, 'base'), 'ref')
  const bases = typeof base === 'string' && base !== '' ? [`refs/heads/${base.replace(/^refs\/heads\//, '')}`] : []
  return { write, read: [...new Set([write, ...bases, defaultBranch])] }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** Why a key can't be used; undefined when it can. */
export function cacheKeyProblem(key: string): string | undefined {
  if (key === '') return 'the key of a cache is empty'
  if (key.length > largestKey) return `the key of a cache has at most ${largestKey} characters`
  return /[,\0\r\n]/.test(key) ? `the key ${JSON.stringify(key)} holds a comma or a line break` : undefined
}

/**
 * The entry that a restore gets. Scope after scope: the key itself, then the newest that begins with it, then each restore key the same way.
 * `keys`: the key and its restore keys, in order.
 */
export function findCache(entries: readonly CacheEntry[], wanted: { keys: readonly string[]; version: string; scopes: readonly string[] }) {
  const fitting = entries.filter((entry) => entry.version === wanted.version)
  for (const scope of wanted.scopes) {
    const there = fitting.filter((entry) => entry.scope === scope)
    for (const key of wanted.keys) {
      const exact = there.find((entry) => entry.key === key)
      const found = exact ?? newest(there.filter((entry) => entry.key.startsWith(key)))
      if (found) return found
    }
  }
  return undefined
}

function newest(entries: readonly CacheEntry[]): CacheEntry | undefined {
  return entries.toSorted((a, b) => b.createdAt - a.createdAt || b.id - a.id)[0]
}

/** What must go: entries nobody has read for a week, then those used longest ago, until the rest fits in `limit` bytes. */
export function cachesToEvict(entries: readonly CacheEntry[], now: EpochMs, limit: number = cacheLimits.bytes): readonly CacheEntry[] {
  const stale = entries.filter((entry) => entry.usedAt < now - cacheLimits.unusedMs)
  const rest = entries.filter((entry) => !stale.includes(entry)).toSorted((a, b) => a.usedAt - b.usedAt || a.id - b.id)
  let total = rest.reduce((sum, entry) => sum + entry.size, 0)
  const gone = [...stale]
  for (const entry of rest) {
    if (total <= limit) break
    gone.push(entry)
    total -= entry.size
  }
  return gone
}
