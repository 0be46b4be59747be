// What /metrics says of the registry after some pushes, pulls, mounts, a mirror's answers and a collection.

import { afterAll, expect, test } from 'vitest'
import { pushImage } from '../../../../test/support/images.ts'
import { serveRegistry } from '../../../../test/support/registry.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { openFileBlobs } from '../drivers/blobs/files.ts'
import { createMeter } from './meter.ts'

const dir = tempDir('meter')
const blobs = openFileBlobs(`${dir}/blobs`)
const clock = { at: 0 }
const meter = createMeter(blobs, () => clock.at)
const registry = await serveRegistry(dir, { blobs, meter })
afterAll(() => registry.close())

/** Metric with labels → value. */
async function read(): Promise<Readonly<Record<string, number>>> {
  const lines = (await meter.render()).filter((line) => !line.startsWith('#'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

test('pushes, pulls, bytes, mounts, mirrored answers, storage and garbage collection are counted', async () => {
  const headers = { authorization: 'Bearer hello-token' }
  const base = `${registry.url}/v2/acme/hello`
  const image = await pushImage({ base, headers }, 'v1', { size: 50_000 })
  await (await fetch(`${base}/manifests/v1`, { headers })).text()
  await (await fetch(`${base}/manifests/v1`, { headers, method: 'HEAD' })).text()
  await (await fetch(`${base}/blobs/${image.layer}`, { headers })).arrayBuffer()
  for (const digest of [image.layer, `sha256:${'0'.repeat(64)}`])
    await fetch(`${base}/two/blobs/uploads/?mount=${digest}&from=acme/hello`, { headers, method: 'POST' })
  meter.mirror('docker.io', 'blob', 'hit')
  meter.collected({ dryRun: false, manifests: [], blobs: 2, bytes: 30, uploads: 1, trees: 0, kept: 1, unreadable: [] }, 1_500)
  const found = await read()
  const stored = found.pushway_registry_storage_bytes ?? 0
  expect(found).toMatchObject({
    pushway_registry_pushes_total: 1,
    pushway_registry_pulls_total: 1,
    pushway_registry_sent_bytes_total: 50_000,
    'pushway_registry_blob_mounts_total{result="hit"}': 1,
    'pushway_registry_blob_mounts_total{result="miss"}': 1,
    'pushway_registry_mirror_requests_total{upstream="docker.io",what="blob",outcome="hit"}': 1,
    pushway_registry_gc_runs_total: 1,
    pushway_registry_gc_blobs_total: 2,
    pushway_registry_gc_bytes_total: 30,
    pushway_registry_gc_seconds_total: 1.5,
    pushway_registry_storage_blobs: 3,
  })
  expect(found.pushway_registry_received_bytes_total).toBeGreaterThan(50_000)
  expect(stored).toBeGreaterThan(50_000)
  await pushImage({ base, headers }, 'v2', { size: 60_000 })
  expect((await read()).pushway_registry_storage_bytes).toBe(stored)
  clock.at += 6 * 60_000
  await read()
  await expect.poll(async () => (await read()).pushway_registry_storage_bytes).toBeGreaterThan(stored + 60_000)
})
