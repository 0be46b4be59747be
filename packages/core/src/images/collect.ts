// Garbage collection as a decision: what of the registry stays, and why; what may go.

import type { Digest, EpochMs } from '../text/ids.ts'
import type { Collection, ImageGraph, ImageUse, KeepReason, KeptManifest, ManifestNode } from './types.ts'

/**
 * Marks what is wanted and gives the rest.
 *
 * Kept are: what environments use (in every repository that has the digest), what a tag means, what is younger than the grace, what a kept index
 * lists, what a kept manifest is the subject of, and all blobs of these. A blob that nothing speaks of stays until it is older than the grace.
 *
 * @param now epoch ms
 */
export function collect(graph: ImageGraph, now: EpochMs): Collection {
  const since = now - graph.graceMs
  const kept = markManifests(graph, since)
  const keptBlobs = new Set<Digest>()
  const wantedLinks = new Set<string>()
  const unreadable: KeptManifest[] = []
  for (const { node, why } of kept.values()) {
    keptBlobs.add(node.digest)
    if (!node.parts) unreadable.push({ repository: node.repository, digest: node.digest, why })
    for (const { digest } of node.parts?.blobs ?? []) {
      keptBlobs.add(digest)
      wantedLinks.add(key(node.repository, digest))
    }
  }
  // What an environment needs stays even where no repository knows it any more.
  for (const use of graph.uses) keptBlobs.add(use.digest)
  const links = graph.links.filter((link) => link.seenAt <= since && !wantedLinks.has(key(link.repository, link.digest)))
  for (const link of graph.links) if (link.seenAt > since) keptBlobs.add(link.digest)
  for (const blob of graph.blobs) if (blob.at > since) keptBlobs.add(blob.digest)
  const safe = unreadable.length === 0
  return {
    keep: { manifests: [...kept.values()].map(({ node, why }) => ({ repository: node.repository, digest: node.digest, why })), blobs: keptBlobs },
    remove: {
      manifests: graph.manifests.filter((node) => !kept.has(keyOf(node))).map(({ repository, digest }) => ({ repository, digest })),
      links: safe ? links.map(({ repository, digest }) => ({ repository, digest })) : [],
      blobs: safe ? graph.blobs.filter((blob) => !keptBlobs.has(blob.digest)) : [],
    },
    unreadable,
  }
}

interface Marked {
  readonly node: ManifestNode
  readonly why: KeepReason
}

function markManifests(graph: ImageGraph, since: EpochMs): ReadonlyMap<string, Marked> {
  const byKey = new Map(graph.manifests.map((node) => [keyOf(node), node]))
  const referrers = groupReferrers(graph.manifests.filter(hasSubject))
  const kept = new Map<string, Marked>()
  const queue = roots(graph, since)
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const { place, why } = next
    const node = byKey.get(place)
    if (!node || kept.has(place)) continue
    kept.set(place, { node, why })
    for (const digest of node.parts?.manifests ?? []) queue.push({ place: key(node.repository, digest), why: 'part' })
    for (const referrer of referrers.get(place) ?? []) queue.push({ place: keyOf(referrer), why: 'referrer' })
  }
  return kept
}

type WithSubject = ManifestNode & { readonly subject: Digest }

function hasSubject(node: ManifestNode): node is WithSubject {
  return node.subject !== undefined
}

function groupReferrers(nodes: readonly WithSubject[]): Map<string, WithSubject[]> {
  const groups = new Map<string, WithSubject[]>()
  for (const node of nodes) {
    const place = key(node.repository, node.subject)
    const group = groups.get(place)
    if (group) group.push(node)
    else groups.set(place, [node])
  }
  return groups
}

/** Where marking begins; taken from the end, so the strongest reason is last. */
function roots(graph: ImageGraph, since: EpochMs): { readonly place: string; readonly why: KeepReason }[] {
  const strength: Readonly<Record<ImageUse['why'], number>> = { run: 0, rollback: 1, deploying: 2, live: 3 }
  const uses = new Map<Digest, ImageUse['why']>()
  for (const { digest, why } of graph.uses) {
    const known = uses.get(digest)
    if (known === undefined || strength[known] < strength[why]) uses.set(digest, why)
  }
  const used = graph.manifests.flatMap((node) => {
    const why = uses.get(node.digest)
    return why ? [{ place: keyOf(node), why }] : []
  })
  used.sort((a, b) => strength[a.why] - strength[b.why])
  return [
    ...graph.manifests.filter((node) => node.seenAt > since).map((node) => ({ place: keyOf(node), why: 'new' as const })),
    ...graph.tags.map((tag) => ({ place: key(tag.repository, tag.digest), why: 'tag' as const })),
    ...used,
  ]
}

function keyOf(node: { readonly repository: string; readonly digest: Digest }): string {
  return key(node.repository, node.digest)
}

function key(repository: string, digest: Digest): string {
  return `${repository}@${digest}`
}

/**
 * The uses that hold a manifest of a repository: of itself, or of an index that lists it.
 * Who wants to delete it is refused with these.
 */
export function holders(target: { readonly repository: string; readonly digest: Digest }, graph: Pick<ImageGraph, 'manifests' | 'uses'>): readonly ImageUse[] {
  const parents = new Map<Digest, Digest[]>()
  for (const node of graph.manifests) {
    if (node.repository !== target.repository) continue
    for (const digest of node.parts?.manifests ?? []) parents.set(digest, [...(parents.get(digest) ?? []), node.digest])
  }
  const wanted = new Set<Digest>()
  const queue = [target.digest]
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (wanted.has(digest)) continue
    wanted.add(digest)
    queue.push(...(parents.get(digest) ?? []))
  }
  return graph.uses.filter((use) => wanted.has(use.digest))
}
