// Reads everything that is stored and names what is damaged or missing, and who needs it.

import type { DamagedBlob, ScrubReport } from '@pushway/core/images/types.ts'
import { describeUse } from '@pushway/core/images/uses.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { hashFor } from '../oci/digest.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { type KeeperParts, readGraph } from './garbage.ts'

/**
 * Reads every blob once. With `repair`, damaged bytes are taken out of the way, so that the next push of the image stores them again
 * (clients do not send what they are told is there).
 */
export async function scrub(parts: KeeperParts, { repair }: { readonly repair: boolean }): Promise<ScrubReport> {
  const damaged = new Map<Digest, { readonly size: number; readonly got: Digest }>()
  const stored = new Set<Digest>()
  let bytes = 0
  for await (const blob of parts.blobs.list()) {
    const got = await digestOfStored(parts.blobs, blob.digest)
    // Deleted meanwhile.
    if (got === undefined) continue
    stored.add(blob.digest)
    bytes += blob.size
    if (got === blob.digest) continue
    damaged.set(blob.digest, { size: blob.size, got })
    if (repair) await parts.blobs.deleteIf(blob.digest, (now) => now.at === blob.at)
  }
  const who = await whoNeeds(parts)
  const missing = [...who.keys()].filter((digest) => !stored.has(digest))
  return {
    ...{ checked: stored.size, bytes, repaired: repair ? damaged.size : 0 },
    damaged: [...damaged].map(([digest, facts]) => ({ digest, ...facts, ...(who.get(digest) ?? nobody) })),
    missing: (await stillMissing(parts.blobs, missing)).map((digest) => ({ digest, ...(who.get(digest) ?? nobody) })),
  }
}

type Needed = Pick<DamagedBlob, 'images' | 'uses'>
const nobody: Needed = { images: [], uses: [] }

/** What was pushed while we were reading is there by now. */
async function stillMissing(blobs: BlobStore, digests: readonly Digest[]): Promise<readonly Digest[]> {
  const found = await Promise.all(digests.map((digest) => blobs.has(digest)))
  return digests.filter((_, index) => found[index] === undefined)
}

async function digestOfStored(blobs: BlobStore, digest: Digest): Promise<Digest | undefined> {
  const { hash, end } = hashFor(digest)
  try {
    for await (const chunk of await blobs.read(digest, { start: 0, end: Number.MAX_SAFE_INTEGER })) hash.update(chunk as Buffer)
  } catch (error) {
    if ((await blobs.has(digest)) === undefined) return undefined
    return `unreadable: ${error instanceof Error ? error.message : String(error)}`
  }
  return end()
}

/** Blob → the images that are made of it, and where they are used. Layers that are kept elsewhere (`urls`) are never pushed, so never linked. */
async function whoNeeds(parts: KeeperParts): Promise<ReadonlyMap<Digest, Needed>> {
  const graph = await readGraph(parts)
  const linked = new Set(graph.links.map(({ repository, digest }) => `${repository}@${digest}`))
  const needed = new Map<Digest, { images: string[]; uses: Set<string> }>()
  for (const { repository, digest, parts: own } of graph.manifests) {
    const uses = graph.uses.filter((use) => use.digest === digest).map(describeUse)
    const blobs = (own?.blobs ?? []).map((blob) => blob.digest).filter((blob) => linked.has(`${repository}@${blob}`))
    for (const part of new Set([digest, ...blobs])) {
      const known = needed.get(part) ?? { images: [], uses: new Set() }
      known.images.push(`${repository}@${digest}`)
      for (const use of uses) known.uses.add(use)
      needed.set(part, known)
    }
  }
  return new Map([...needed].map(([digest, { images, uses }]) => [digest, { images, uses: [...uses] }]))
}
