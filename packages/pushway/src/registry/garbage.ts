// Garbage collection while the registry works: mark from one look at everything, then sweep with a last look at each thing.
//
// The index forgets before bytes go, so a pass that is killed leaves bytes that nobody knows, never a name without its bytes; the next pass takes
// them. Pushes make what they count on young again before they look whether it is there: what they have seen is not swept.

import { setImmediate as breathe } from 'node:timers/promises'
import { collect } from '@pushway/core/images/collect.ts'
import type { Collection, GarbageReport, ImageGraph, ManifestNode } from '@pushway/core/images/types.ts'
import type { Digest, EpochMs, Milliseconds } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { ImageUses } from '../ports/images.ts'
import type { Clock } from '../ports/misc.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'
import { readParts } from './parts.ts'

export interface KeeperParts {
  readonly blobs: BlobStore
  readonly index: RegistryIndex
  readonly uses: ImageUses
  readonly clock: Clock
  /** What is younger stays. At least ten minutes: marks of age are written now and then only. */
  readonly graceMs?: Milliseconds
}

const day: Milliseconds = 24 * 3_600_000
const leastGrace: Milliseconds = 10 * 60_000

/** Everything there is now. */
export async function readGraph(parts: KeeperParts): Promise<ImageGraph> {
  const { blobs, index, uses } = parts
  const manifests: ManifestNode[] = []
  for (const { repository, digest, subject, seenAt, mediaType } of index.allManifests()) {
    const found = await readParts(parts, { digest, mediaType })
    manifests.push({ repository, digest, seenAt, ...(subject ? { subject } : {}), ...(found ? { parts: found } : {}) })
  }
  const stored = []
  for await (const blob of blobs.list()) stored.push(blob)
  const graceMs = Math.max(leastGrace, parts.graceMs ?? day)
  return { manifests, tags: index.allTags(), blobs: stored, links: index.allBlobLinks(), uses: uses.current(), graceMs }
}

/** One pass; with `dryRun` it only says what it would do. */
export async function collectGarbage(parts: KeeperParts, options: { readonly dryRun: boolean }): Promise<GarbageReport> {
  const now = parts.clock.now()
  const graph = await readGraph(parts)
  const decided = collect(graph, now)
  const since = now - graph.graceMs
  const speaking = new Set(graph.manifests.filter(({ subject }) => subject !== undefined).map(({ digest }) => digest))
  const swept = options.dryRun ? decided.remove : await sweep(parts, decided, since)
  return {
    dryRun: options.dryRun,
    manifests: swept.manifests,
    blobs: swept.blobs.length,
    bytes: swept.blobs.reduce((sum, blob) => sum + blob.size, 0),
    uploads: options.dryRun ? 0 : await parts.blobs.cancelStale(since),
    trees: 0,
    // Signatures and their like go with what they speak of: they are no images of their own.
    kept: decided.keep.manifests.filter(({ digest }) => !speaking.has(digest)).length,
    unreadable: decided.unreadable,
  }
}

async function sweep(parts: KeeperParts, { remove }: Collection, since: EpochMs): Promise<Pick<Collection['remove'], 'manifests' | 'blobs'>> {
  const { blobs, index } = parts
  const isWanted = lastLook(parts)
  const unseenSince = { unseenSince: since }
  const gone = { manifests: [] as (typeof remove.manifests)[number][], blobs: [] as (typeof remove.blobs)[number][] }
  for (const manifest of remove.manifests) {
    await breathe()
    if (!isWanted(manifest.digest) && index.removeManifest(manifest.repository, manifest.digest, unseenSince)) gone.manifests.push(manifest)
  }
  // What a sweep could not take after all keeps its parts: their names are looked at again in the next pass.
  const kept = new Set(remove.manifests.filter((manifest) => !gone.manifests.includes(manifest)).map(({ digest }) => digest))
  if (kept.size > 0) return gone
  for (const { repository, digest } of remove.links) {
    await breathe()
    index.removeBlob(repository, digest, unseenSince)
  }
  for (const blob of remove.blobs) {
    const free = (found: { readonly at: EpochMs }) => found.at <= since && !index.blobSeenSince(blob.digest, since) && !isWanted(blob.digest)
    if (await blobs.deleteIf(blob.digest, free)) gone.blobs.push(blob)
  }
  return gone
}

/** Whether an environment needs a digest at this very moment: asked again only when something has happened. */
function lastLook({ uses, index }: KeeperParts): (digest: Digest) => boolean {
  let version = -1
  let wanted: ReadonlySet<Digest> = new Set()
  return (digest) => {
    if (uses.version() !== version) {
      version = uses.version()
      wanted = withParts(
        uses.current().map((use) => use.digest),
        index,
      )
    }
    return wanted.has(digest)
  }
}

function withParts(digests: readonly Digest[], index: Pick<RegistryIndex, 'parts'>): ReadonlySet<Digest> {
  const found = new Set<Digest>()
  const queue = [...digests]
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (found.has(digest)) continue
    found.add(digest)
    const parts = index.parts(digest)
    queue.push(...(parts?.manifests ?? []))
    for (const blob of parts?.blobs ?? []) found.add(blob.digest)
  }
  return found
}
