// A Docker runtime for tests: a real engine, images that the engine built, everything removed at the end.

import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openFileBlobs } from '../../packages/pushway/src/drivers/blobs/files.ts'
import { createDockerRuntime } from '../../packages/pushway/src/drivers/runtime/docker/index.ts'
import { writeTar } from '../../packages/pushway/src/oci/tar-write.ts'
import type { GroupSpec, Runtime } from '../../packages/pushway/src/ports/runtime.ts'
import { buildImage, containerSummary, createEngine, type Engine, type EngineAddress, findEngine } from '../../packages/pushway/src/util/engine-api/index.ts'
import { tempDir } from './temp.ts'

export interface DockerRuntimeBench {
  readonly runtime: Runtime
  readonly engine: Engine
  readonly dataDir: string
  /** Another driver over the same records: the server was restarted. */
  reopen(): Runtime
  /** Builds an image with these files on `node:20-slim`, or on what the Dockerfile says. */
  build(files: Readonly<Record<string, string>>, dockerfile: string): Promise<GroupSpec['image']>
  /** Removes what the runtime made. */
  close(): Promise<void>
}

/** On the engine that the docker command uses, unless `address` says otherwise. */
export function openDockerRuntime(address: EngineAddress | undefined = findEngine({ env: process.env })): DockerRuntimeBench {
  if (address === undefined) throw new Error('there is no engine')
  const dataDir = tempDir('docker-runtime')
  const blobs = openFileBlobs(join(dataDir, 'blobs'))
  const engine = createEngine(address)
  const open = () => createDockerRuntime({ address, stateDir: join(dataDir, 'docker'), blobs })
  const built: string[] = []
  return {
    runtime: open(),
    engine,
    dataDir,
    reopen: open,
    async build(files, dockerfile) {
      const entries = Object.entries({ ...files, Dockerfile: dockerfile }).map(([path, text]) => ({
        path,
        type: 'file' as const,
        mode: 0o644,
        content: Buffer.from(text),
      }))
      const digest = await buildImage(engine, { context: Readable.from(writeTar(entries)), query: { labels: { 'pushway.test': String(process.pid) } } })
      built.push(digest)
      return { repository: 'acme/test', digest: digest.startsWith('sha256:') ? digest : `sha256:${digest}`, origin: 'resolved' }
    },
    async close() {
      await removeLabelled(engine, join(dataDir, 'docker'))
      for (const id of new Set(built)) await engine.tell({ method: 'DELETE', path: `/images/${id}`, query: { force: true } }).catch(() => undefined)
    },
  }
}

async function removeLabelled(engine: Engine, stateDir: string): Promise<void> {
  const { readFileSync } = await import('node:fs')
  const filters = { label: [`dev.pushway.installation=${readFileSync(join(stateDir, 'installation'), 'utf8').trim()}`] }
  const containers = await engine.call(containerSummary.array(), { method: 'GET', path: '/containers/json', query: { all: true, filters } })
  await Promise.all(
    containers.map(({ Id }) => engine.tell({ method: 'DELETE', path: `/containers/${Id}`, query: { force: true, v: true } }).catch(() => undefined)),
  )
  for (const kind of ['networks', 'volumes'])
    await engine
      .tell({ method: 'POST', path: `/${kind}/prune`, query: { filters: { ...filters, ...(kind === 'volumes' ? { all: ['true'] } : {}) } } })
      .catch(() => undefined)
}
