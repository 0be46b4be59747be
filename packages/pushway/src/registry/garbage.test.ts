// Garbage collection on a real store: what stays, what goes, what happens beside pushes, and what is left when it is killed at any write.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ImageUse } from '@pushway/core/images/types.ts'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { openFileBlobs } from '../drivers/blobs/files.ts'
import { mediaTypes } from '../oci/media-types.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'
import { openDatabase } from '../store/database.ts'
import { openRegistryIndex } from '../store/registry-index.ts'
import { collectGarbage, type KeeperParts } from './garbage.ts'
import { createImages } from './images.ts'
import { scrub } from './scrub.ts'

const hour = 3_600_000
const repository = 'acme/hello'

/** A registry in a folder, with a clock that is moved by hand. `at` begins now: the times of files are real. */
function makeRegistry(dir = tempDir('garbage')) {
  const blobs = openFileBlobs(`${dir}/blobs`)
  const database = openDatabase(`${dir}/state.sqlite`, { durable: false })
  const clock = { at: Date.now(), now: () => clock.at }
  const index = openRegistryIndex(database, clock)
  const uses: ImageUse[] = []
  let version = 0
  const parts: KeeperParts = { blobs, index, clock, graceMs: hour, uses: { current: () => uses, version: () => version } }
  return {
    ...{ dir, blobs, index, clock, parts, database },
    use: (digest: string, why: ImageUse['why'] = 'live') => {
      uses.push({ repository, digest, why, project: 'acme/hello', environment: 'production', service: 'web', number: 3 })
      version++
    },
    async push(seed: string, tag?: string, more: object = {}) {
      const bytes = { config: JSON.stringify({ seed }), layer: `layer ${seed}` }
      const [config, layer] = [await blobs.put(Buffer.from(bytes.config)), await blobs.put(Buffer.from(bytes.layer))]
      for (const { digest } of [config, layer]) index.addBlob(repository, digest)
      const body = JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: mediaTypes.config, ...config },
        layers: [{ mediaType: mediaTypes.layer, ...layer }],
        ...more,
      })
      const { digest, size } = await blobs.put(Buffer.from(body))
      index.putManifest(repository, { digest, size, mediaType: mediaTypes.manifest }, tag)
      return { digest, layer: layer.digest, config: config.digest }
    },
  }
}

async function isWhole({ blobs, index }: { blobs: BlobStore; index: RegistryIndex }, image: { digest: string; layer: string; config: string }) {
  const stored = await Promise.all([image.digest, image.layer, image.config].map((digest) => blobs.has(digest)))
  return index.manifest(repository, image.digest) !== undefined && stored.every((blob) => blob !== undefined) && index.hasBlob(repository, image.layer)
}

describe('a pass', () => {
  test('takes what nothing needs once it is old; what runs stays though its tag has moved on', async () => {
    const registry = makeRegistry()
    const [runs, unused, newest] = [await registry.push('1', 'latest'), await registry.push('2', 'latest'), await registry.push('3', 'latest')]
    registry.use(runs.digest)
    expect(await collectGarbage(registry.parts, { dryRun: false })).toMatchObject({ manifests: [], blobs: 0 })
    registry.clock.at += 2 * hour
    const dry = await collectGarbage(registry.parts, { dryRun: true })
    expect(dry).toMatchObject({ manifests: [{ repository, digest: unused.digest }], blobs: 3, kept: 2 })
    expect(await isWhole(registry, unused)).toBe(true)
    expect(await collectGarbage(registry.parts, { dryRun: false })).toMatchObject({ blobs: 3, bytes: dry.bytes })
    expect(await Promise.all([runs, unused, newest].map((image) => isWhole(registry, image)))).toEqual([true, false, true])
    expect([await registry.blobs.has(unused.layer), registry.index.hasBlob(repository, unused.layer)]).toEqual([undefined, false])
  })

  test('gives up uploads that stand still, and blobs that no manifest came for', async () => {
    const registry = makeRegistry()
    const { id } = await registry.blobs.uploadStart()
    await registry.blobs.uploadAppend(id, 0, Readable.from([Buffer.from('half')]))
    const { digest } = await registry.blobs.put(Buffer.from('stray'))
    registry.index.addBlob(repository, digest)
    registry.clock.at += 2 * hour
    expect(await collectGarbage(registry.parts, { dryRun: false })).toMatchObject({ blobs: 1, uploads: 1 })
    expect(await registry.blobs.has(digest)).toBeUndefined()
  })

  test('removes no blob while a kept manifest can not be read, and names it', async () => {
    const registry = makeRegistry()
    const kept = await registry.push('kept', 'v1')
    registry.database.exec('delete from manifest_parts')
    await registry.blobs.delete(kept.digest)
    await registry.blobs.put(Buffer.from('stray'))
    registry.clock.at += 2 * hour
    const report = await collectGarbage(registry.parts, { dryRun: false })
    expect(report).toMatchObject({ blobs: 0, unreadable: [{ repository, digest: kept.digest, why: 'tag' }] })
  })
})

describe('beside pushes', () => {
  test('a release that is made between the mark and the sweep keeps its image', async () => {
    const registry = makeRegistry()
    const image = await registry.push('1')
    registry.clock.at += 2 * hour
    const { blobs } = registry
    const late: BlobStore = {
      ...blobs,
      list: async function* () {
        yield* blobs.list()
        // The mark has seen all uses; this one comes after it.
        setImmediate(() => registry.use(image.digest))
      },
    }
    const current = registry.parts.uses.current().slice()
    let asked = 0
    const uses = { ...registry.parts.uses, current: () => (asked++ === 0 ? current : registry.parts.uses.current()) }
    await collectGarbage({ ...registry.parts, blobs: late, uses }, { dryRun: false })
    expect(await isWhole(registry, image)).toBe(true)
  })

  test('a client that has been told that a blob is there finds it there', async () => {
    const registry = makeRegistry()
    const old = await registry.blobs.put(Buffer.from('layer asked for'))
    registry.index.addBlob(repository, old.digest)
    registry.clock.at += 2 * hour
    const blobs: BlobStore = {
      ...registry.blobs,
      deleteIf: (digest, check) => {
        registry.index.addBlob(repository, digest)
        return registry.blobs.deleteIf(digest, check)
      },
    }
    await collectGarbage({ ...registry.parts, blobs }, { dryRun: false })
    expect(await registry.blobs.has(old.digest)).toBeDefined()
  })
})

test('killed at any write, a pass has damaged nothing, and the next one ends the work', async () => {
  class Killed extends Error {}
  for (let write = 1; ; write++) {
    const registry = makeRegistry()
    const [runs, tagged] = [await registry.push('runs', 'latest'), await registry.push('tagged', 'latest')]
    const lost = [await registry.push('a'), await registry.push('b')]
    registry.use(runs.digest)
    registry.clock.at += 2 * hour
    let left = write
    const counted = <A extends unknown[], R>(work: (...args: A) => R) =>
      ((...args: A) => {
        if (--left === 0) throw new Killed()
        return work(...args)
      }) as (...args: A) => R
    const { index, blobs } = registry
    const parts: KeeperParts = {
      ...registry.parts,
      index: { ...index, removeManifest: counted(index.removeManifest), removeBlob: counted(index.removeBlob) },
      // Killed before the bytes go and after.
      blobs: {
        ...blobs,
        deleteIf: async (digest, check) => {
          const gone = await counted(blobs.deleteIf)(digest, check)
          counted(() => undefined)()
          return gone
        },
      },
    }
    const killed = await collectGarbage(parts, { dryRun: false }).then(
      () => false,
      (error: unknown) => error instanceof Killed,
    )
    expect(await Promise.all([runs, tagged].map((image) => isWhole(registry, image)))).toEqual([true, true])
    // A manifest that is named has all its bytes.
    for (const image of lost) if (index.manifest(repository, image.digest)) expect(await isWhole(registry, image)).toBe(true)
    await collectGarbage(registry.parts, { dryRun: false })
    expect(await Promise.all([...lost.map((image) => blobs.has(image.digest)), ...lost.map((image) => blobs.has(image.layer))])).toEqual(
      Array(4).fill(undefined),
    )
    expect(await Promise.all([runs, tagged].map((image) => isWhole(registry, image)))).toEqual([true, true])
    registry.database.close()
    if (!killed) break
    expect(write).toBeLessThan(100)
  }
})

describe('the images of a project', () => {
  const images = (registry: ReturnType<typeof makeRegistry>) =>
    createImages({
      ...registry.parts,
      evidence: { attest: async () => undefined, check: async (_, repository, digest) => ({ repository, digest, problems: [] }), sbom: async () => undefined },
      pushes: () => registry.index.allManifests().map(({ digest, seenAt }) => ({ repository, digest, at: seenAt, by: 'ada', tag: 'latest' })),
    })

  test('are listed with what they share and have alone, and where they run', async () => {
    const registry = makeRegistry()
    const first = await registry.push('1', 'v1')
    const second = await registry.push('2', 'v2')
    registry.use(first.digest)
    const list = await images(registry).list('acme/hello')
    expect(list.map(({ digest, tags, uses }) => [digest, tags, uses.length])).toEqual([
      [second.digest, ['v2'], 0],
      [first.digest, ['v1'], 1],
    ])
    expect(list[0]?.size).toBe(list[0]?.own)
    expect(await images(registry).list('acme/hell')).toEqual([])
  })

  test.each(['latest', 'acme/hello', 'acme/hello:latest', 'digest', 'start', 'repository@digest'])('are found by %s', async (form) => {
    const registry = makeRegistry()
    const { digest } = await registry.push('1', 'latest')
    const reference = { digest, start: digest.slice(7, 19), 'repository@digest': `acme/hello@${digest}` }[form] ?? form
    expect(await images(registry).inspect('acme/hello', reference)).toMatchObject({ digest, parts: [{ stored: true }, { stored: true }] })
    await expect(images(registry).inspect('acme/hello', 'nothing')).rejects.toMatchObject({ code: 'image-missing' })
  })

  test('that run can not be deleted, by tag or digest; others can, and the tag alone leaves the digest', async () => {
    const registry = makeRegistry()
    const [runs, other] = [await registry.push('1', 'runs'), await registry.push('2', 'other')]
    registry.use(runs.digest)
    for (const reference of ['runs', runs.digest]) {
      await expect(images(registry).remove('acme/hello', reference)).rejects.toMatchObject({
        code: 'image-in-use',
        message: expect.stringContaining('live in production (web)'),
      })
    }
    expect(await images(registry).remove('acme/hello', 'other')).toEqual({ repository, digest: other.digest, tags: ['other'] })
    expect(registry.index.manifest(repository, other.digest)).toBeDefined()
    await images(registry).remove('acme/hello', other.digest)
    expect(registry.index.manifest(repository, other.digest)).toBeUndefined()
  })

  test('have a history that says what is still there', async () => {
    const registry = makeRegistry()
    const first = await registry.push('1', 'latest')
    const history = await images(registry).history('acme/hello', 'latest')
    expect(history).toMatchObject([{ digest: first.digest, stored: true, uses: [] }])
  })
})

describe('a scrub', () => {
  test('names damaged and missing blobs, the images they belong to and where these run; a repair lets a push store them again', async () => {
    const registry = makeRegistry()
    const [good, bad, cut] = [await registry.push('good', 'v1'), await registry.push('bad', 'v2'), await registry.push('cut', 'v3')]
    registry.use(bad.digest)
    expect(await scrub(registry.parts, { repair: false })).toMatchObject({ checked: 9, damaged: [], missing: [] })
    const file = join(registry.dir, 'blobs/sha256', bad.layer.slice('sha256:'.length))
    writeFileSync(file, 'layer bax')
    await registry.blobs.delete(cut.config)
    const report = await scrub(registry.parts, { repair: false })
    const image = (one: { digest: string }) => `${repository}@${one.digest}`
    expect(report.damaged).toMatchObject([{ digest: bad.layer, images: [image(bad)], uses: ['live in production (web)'] }])
    expect(report.missing).toEqual([{ digest: cut.config, images: [image(cut)], uses: [] }])
    expect((await scrub(registry.parts, { repair: true })).repaired).toBe(1)
    expect(await registry.blobs.has(bad.layer)).toBeUndefined()
    await registry.push('bad', 'v2')
    await registry.push('cut', 'v3')
    expect(await scrub(registry.parts, { repair: false })).toMatchObject({ damaged: [], missing: [] })
    expect(await Promise.all([good, bad, cut].map((one) => isWhole(registry, one)))).toEqual([true, true, true])
  })
})
