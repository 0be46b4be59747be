// The embedded registry beside the reference one (Debian's docker-registry) in one run: push and pull of a gigabyte as one layer and as a
// hundred, HEADs of a manifest, a list of ten thousand tags, and the memory of a push. `npm run bench registry`.
// PUSHWAY_BENCH_MB and PUSHWAY_BENCH_TAGS make it smaller.

import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { startServer } from '../test/support/server.ts'
import {
  getManifest,
  headsPerSecond,
  listTags,
  makeLayer,
  peakOver,
  pullLayers,
  pushLayers,
  putManifest,
  type Target,
  untilIdle,
} from './support/registry-load.ts'
import { fixed, median, printMachine, printTable } from './support/report.ts'

const mb = Number(process.env.PUSHWAY_BENCH_MB ?? 1000)
const tags = Number(process.env.PUSHWAY_BENCH_TAGS ?? 10_000)
const rounds = 3
const headSeconds = 5

/** By row: what each registry did. */
const measured = new Map<string, Map<string, number[]>>()

function note(row: string, target: Target, value: number): void {
  const of = measured.get(row) ?? new Map<string, number[]>()
  measured.set(row, of)
  of.set(target.name, [...(of.get(target.name) ?? []), value])
}

async function measureLayers(target: Target, count: number, round: number): Promise<void> {
  const layers = Array.from({ length: count }, () => makeLayer(Math.max(1, Math.round(mb / count))))
  const { result, peakMb } = await peakOver(target.pid, () => pushLayers(target, layers, `layers-${count}-${round}`))
  note(`push, ${count} × ${Math.round(mb / count)} MB, s`, target, result)
  note(`… memory over idle, MB`, target, peakMb)
  await untilIdle(target.pid)
  note(`pull, ${count} × ${Math.round(mb / count)} MB, s`, target, await pullLayers(target, layers))
}

async function measureTags(target: Target): Promise<void> {
  const manifest = await getManifest(target, `layers-1-${rounds}`)
  const begun = performance.now()
  const names = Array.from({ length: tags }, (_, i) => `tag-${i}`)
  for (let from = 0; from < tags; from += 8) await Promise.all(names.slice(from, from + 8).map((tag) => putManifest(target, tag, manifest)))
  note(`${tags} tags set, s`, target, (performance.now() - begun) / 1000)
  await untilIdle(target.pid)
  for (let round = 0; round < rounds; round++) {
    const { seconds, count } = await listTags(target)
    if (count < tags) throw new Error(`${target.name} lists ${count} tags`)
    note(`${tags} tags listed, s`, target, seconds)
  }
}

const reference = await startDockerRegistry()
const server = await startServer()
try {
  await server.client.createProject('acme/bench')
  await server.client.setImagePolicy('acme/bench', { anonymousPull: true })
  const bearer = { authorization: `Bearer ${server.token}` }
  const targets: readonly Target[] = [
    { name: 'pushway', url: server.url, repository: 'acme/bench', headers: bearer, pid: server.pid },
    { name: 'docker-registry', url: reference.url, repository: 'acme/bench', headers: {}, pid: reference.pid },
  ]
  printMachine()
  for (let round = 1; round <= rounds; round++) {
    for (const count of [1, 100]) for (const target of targets) await measureLayers(target, count, round)
    for (const target of targets) {
      note('HEAD of a manifest, /s', target, await headsPerSecond(target, `layers-1-${round}`, headSeconds))
      note('HEAD of a manifest by nobody, /s', target, await headsPerSecond({ ...target, headers: {} }, `layers-1-${round}`, headSeconds))
    }
  }
  for (const target of targets) await measureTags(target)
  const value = (row: string, name: string, of: (values: readonly number[]) => number) => of(measured.get(row)?.get(name) ?? [])
  printTable(
    ['', 'pushway', 'docker-registry', 'ratio', 'limit'],
    [...measured.keys()].map((row) => {
      const of = row.includes('memory') ? (values: readonly number[]) => Math.max(...values) : median
      const [own, theirs] = [value(row, 'pushway', of), value(row, 'docker-registry', of)]
      const limit = row.startsWith('push')
        ? '1.20'
        : row.includes('memory')
          ? '100 MB'
          : row.startsWith('pull')
            ? '1.00'
            : row.startsWith('HEAD')
              ? '> 1.00'
              : ''
      const digits = own < 100 ? 2 : 0
      return [row, fixed(own, digits), fixed(theirs, digits), fixed(own / theirs, 2), limit]
    }),
  )
} finally {
  await server.stop()
  await reference.stop()
}
