// Garbage collection by examples, and by thousands of made-up registries: what is reachable is never removed.

import { describe, expect, test } from 'vitest'
import { collect, holders } from './collect.ts'
import type { ImageGraph, ImageUse, ManifestNode } from './types.ts'

const now = 1_000_000
const graceMs = 1_000
const old = 1

function manifest(digest: string, more: Partial<ManifestNode> = {}): ManifestNode {
  return { repository: 'acme/hello', digest, seenAt: old, parts: { manifests: [], blobs: [{ digest: `layer-${digest}`, size: 1 }] }, ...more }
}

function use(digest: string, why: ImageUse['why'] = 'live'): ImageUse {
  return { repository: 'acme/hello', digest, why, project: 'acme/hello', environment: 'production', service: 'web' }
}

/** A registry in which every blob that a manifest names is stored and linked, long ago. */
function graph(manifests: readonly ManifestNode[], more: Partial<ImageGraph> = {}): ImageGraph {
  const names = manifests.flatMap((m) => [m.digest, ...(m.parts?.blobs ?? []).map((b) => b.digest)])
  const links = manifests.flatMap((m) => (m.parts?.blobs ?? []).map((b) => ({ repository: m.repository, digest: b.digest, seenAt: old })))
  return { manifests, tags: [], blobs: [...new Set(names)].map((digest) => ({ digest, size: 1, at: old })), links, uses: [], graceMs, ...more }
}

function removed(input: ImageGraph): readonly string[] {
  const { remove } = collect(input, now)
  return [...remove.manifests.map((m) => m.digest), ...remove.blobs.map((b) => b.digest)].filter((d, i, all) => all.indexOf(d) === i).sort()
}

function whyKept(input: ImageGraph, digest: string): string | undefined {
  return collect(input, now).keep.manifests.find((m) => m.digest === digest)?.why
}

describe('collect', () => {
  test('an old image that nothing speaks of goes, with its blobs and the right to read them', () => {
    const input = graph([manifest('a')])
    expect(removed(input)).toEqual(['a', 'layer-a'])
    expect(collect(input, now).remove.links).toEqual([{ repository: 'acme/hello', digest: 'layer-a' }])
  })

  test.each(['live', 'deploying', 'rollback', 'run'] as const)('what is wanted (%s) stays, tagged or not', (why) => {
    const input = graph([manifest('a')], { uses: [use('a', why)] })
    expect(removed(input)).toEqual([])
    expect(whyKept(input, 'a')).toBe(why)
  })

  test('moving a tag does not lose the digest that runs; one that nobody needs goes', () => {
    const tags = [{ repository: 'acme/hello', tag: 'latest', digest: 'new' }]
    const input = graph([manifest('runs'), manifest('unused'), manifest('new')], { tags, uses: [use('runs')] })
    expect(removed(input)).toEqual(['layer-unused', 'unused'])
    expect(whyKept(input, 'new')).toBe('tag')
  })

  test('what is wanted stays in every repository that has it', () => {
    const input = graph([manifest('a'), manifest('a', { repository: 'acme/copy' })], { uses: [use('a')] })
    expect(removed(input)).toEqual([])
  })

  test('what a kept index lists stays, and what speaks of a kept manifest', () => {
    const index = manifest('index', { parts: { manifests: ['child'], blobs: [] } })
    const signature = manifest('signature', { subject: 'child' })
    const ofSignature = manifest('of-signature', { subject: 'signature' })
    const stray = manifest('stray', { subject: 'never-pushed' })
    const input = graph([index, manifest('child'), signature, ofSignature, stray], { uses: [use('index')] })
    expect(removed(input)).toEqual(['layer-stray', 'stray'])
    expect([whyKept(input, 'child'), whyKept(input, 'of-signature')]).toEqual(['part', 'referrer'])
  })

  test('what is young stays: a manifest, a blob, a blob that a client has just asked for', () => {
    const young = now - graceMs + 1
    const base = graph([manifest('young', { seenAt: young })])
    const blobs = [...base.blobs, { digest: 'fresh', size: 1, at: young }, { digest: 'asked', size: 1, at: old }, { digest: 'old', size: 1, at: old }]
    const links = [...base.links, { repository: 'acme/hello', digest: 'asked', seenAt: young }, { repository: 'acme/hello', digest: 'old', seenAt: old }]
    expect(removed({ ...base, blobs, links })).toEqual(['old'])
  })

  test('shared layers stay as long as one image needs them', () => {
    const parts = { manifests: [], blobs: [{ digest: 'base', size: 1 }] }
    const input = graph([manifest('a', { parts }), manifest('b', { parts })], { uses: [use('a')] })
    expect(removed(input)).toEqual(['b'])
  })

  test('as long as a kept manifest can not be read, no blob is removed', () => {
    const { parts: _, ...broken } = manifest('broken')
    const input = graph([broken, manifest('unused')], { uses: [use('broken')] })
    const result = collect(input, now)
    expect(result.unreadable).toEqual([{ repository: 'acme/hello', digest: 'broken', why: 'live' }])
    expect([result.remove.blobs, result.remove.links]).toEqual([[], []])
    expect(result.remove.manifests.map((m) => m.digest)).toEqual(['unused'])
  })

  test('a manifest that environments need keeps its bytes even when no repository knows it', () => {
    const input = graph([], { uses: [use('lost')], blobs: [{ digest: 'lost', size: 1, at: old }] })
    expect(removed(input)).toEqual([])
  })
})

describe('holders', () => {
  const index = manifest('index', { parts: { manifests: ['child'], blobs: [] } })
  const manifests = [index, manifest('child'), manifest('other')]
  test.each([
    ['index', 1],
    ['child', 1],
    ['other', 0],
  ])('%s is held by %i', (digest, count) => {
    expect(holders({ repository: 'acme/hello', digest }, { manifests, uses: [use('index')] })).toHaveLength(count)
  })
})

/** A small generator with a seed: each failure can be played again. */
function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x297a2d39) >>> 0
    return state % below
  }
}

function randomGraph(seed: number): ImageGraph {
  const roll = dice(seed)
  const repositories = ['acme/hello', 'acme/other']
  const blobNames = Array.from({ length: 8 }, (_, i) => `b${i}`)
  const manifests = Array.from({ length: 12 }, (_, i): ManifestNode => {
    const parts = {
      manifests: i > 0 && roll(3) === 0 ? [`m${roll(i)}`] : [],
      blobs: blobNames.filter(() => roll(4) === 0).map((digest) => ({ digest, size: 1 })),
    }
    const base = { repository: repositories[roll(2)] as string, digest: `m${i}`, seenAt: now - roll(3 * graceMs) }
    const subject = i > 0 && roll(4) === 0 ? { subject: `m${roll(i)}` } : {}
    return { ...base, ...subject, ...(roll(40) === 0 ? {} : { parts }) }
  })
  const pick = () => manifests[roll(manifests.length)] as ManifestNode
  const names = [...blobNames, ...manifests.map((m) => m.digest)]
  return {
    manifests,
    tags: Array.from({ length: roll(4) }, (_, i) => ({ repository: pick().repository, tag: `t${i}`, digest: pick().digest })),
    blobs: names.map((digest) => ({ digest, size: 1, at: now - roll(3 * graceMs) })),
    links: blobNames.map((digest) => ({ repository: repositories[roll(2)] as string, digest, seenAt: now - roll(3 * graceMs) })),
    uses: Array.from({ length: roll(3) }, () => ({ ...use(pick().digest), repository: pick().repository })),
    graceMs,
  }
}

/** Everything that can be reached from what is wanted, by the plainest walk there is. */
function reachable(input: ImageGraph): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (node: ManifestNode): void => {
    const id = `${node.repository}@${node.digest}`
    if (found.has(id)) return
    found.add(id).add(node.digest)
    for (const blob of node.parts?.blobs ?? []) found.add(blob.digest)
    for (const other of input.manifests)
      if (other.repository === node.repository && (node.parts?.manifests.includes(other.digest) || other.subject === node.digest)) visit(other)
  }
  for (const node of input.manifests) {
    const tagged = input.tags.some((tag) => tag.repository === node.repository && tag.digest === node.digest)
    if (tagged || input.uses.some((u) => u.digest === node.digest) || now - node.seenAt < graceMs) visit(node)
  }
  return found
}

describe('made-up registries', () => {
  test('nothing reachable and nothing young is ever removed; nothing is both kept and removed; a second pass finds nothing more', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const input = randomGraph(seed)
      const { keep, remove, unreadable } = collect(input, now)
      const wanted = reachable(input)
      const hurt = [
        ...remove.manifests.filter((m) => wanted.has(`${m.repository}@${m.digest}`)),
        ...remove.blobs.filter((b) => wanted.has(b.digest) || keep.blobs.has(b.digest) || now - b.at < graceMs),
      ]
      expect({ seed, hurt }).toEqual({ seed, hurt: [] })
      if (unreadable.length > 0) expect({ seed, blobs: remove.blobs, links: remove.links }).toEqual({ seed, blobs: [], links: [] })
      const left = {
        ...input,
        manifests: input.manifests.filter((m) => !remove.manifests.some((r) => r.repository === m.repository && r.digest === m.digest)),
        links: input.links.filter((l) => !remove.links.some((r) => r.repository === l.repository && r.digest === l.digest)),
        blobs: input.blobs.filter((b) => !remove.blobs.includes(b)),
      }
      const again = collect(left, now).remove
      expect({ seed, again: [...again.manifests, ...again.links, ...again.blobs] }).toEqual({ seed, again: [] })
    }
  })
})
