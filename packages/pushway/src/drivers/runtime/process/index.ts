// The process runtime: instances are supervised processes of this machine, run by the agent.

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { AgentGroup, AgentGroupStatus, InstanceIsolation } from '../../../ports/agent.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import type { GroupSpec, GroupStatus, InstanceStatus, Runtime } from '../../../ports/runtime.ts'
import { type Isolation, openHome, projectUid } from '../../../util/isolation/index.ts'
import { joinInside } from '../../../util/paths.ts'
import { createAgentClient } from './client.ts'
import { type ImageTrees, openImageTrees } from './images.ts'
import { readLogs } from './logs.ts'
import { makeProgram } from './program.ts'

export { type EnsuredAgent, ensureAgent, stopAgent } from './ensure-agent.ts'
export { type ImageTrees, pruneImageTrees } from './images.ts'
export type { ProcessImage } from './program.ts'

export interface ProcessRuntimeOptions {
  /** The agent's socket, as `ensureAgent` gives it. */
  readonly socket: string
  /** Where images are unpacked. */
  readonly imagesDir: string
  readonly blobs: BlobStore
  /** `defaultCacheDir()`. */
  readonly toolchainCacheDir: string
  readonly isolation: Isolation
  /** Hidden from every instance. */
  readonly dataDir: string
  /** Instead of `blobs`: where images come from. */
  readonly images?: ImageTrees
}

/** The Runtime port over a running agent. Limits are not enforced; only images of the host base run. */
export function createProcessRuntime(options: ProcessRuntimeOptions): Runtime {
  const client = createAgentClient(options.socket)
  const images = options.images ?? openImageTrees(options.blobs, options.imagesDir)
  return {
    capabilities: { sideBySide: true, limits: false, bases: ['host'] },
    async observe(environment, signal) {
      return (await client.observe(environment, signal)).map(toStatus)
    },
    async ensureGroup(spec, replicas, signal) {
      await client.ensure(await toAgentGroup(spec, replicas, { options, images }), signal)
    },
    scaleGroup: (group, replicas, signal) => client.scale(group, replicas, signal),
    removeGroup: (group, signal) => client.remove(group, signal),
    async *logs(group, wanted, signal) {
      const places = async () => (await client.observe(undefined, signal)).find((g) => g.id === group)?.logs ?? []
      yield* readLogs(places, wanted, signal)
    },
  }
}

interface Making {
  readonly options: ProcessRuntimeOptions
  readonly images: ImageTrees
}

async function toAgentGroup(spec: GroupSpec, replicas: number, { options, images }: Making): Promise<AgentGroup> {
  const { tree, config } = await images.prepare(spec.image)
  const image = `${spec.image.repository}@${spec.image.digest}`
  if (config.base !== 'host') throw fail('image-not-runnable', { image, base: config.base, runtime: 'process' })
  const { provideNode } = await import('../../../util/toolchain/node.ts')
  const node = await provideNode(config.node ?? process.versions.node, { cacheDir: options.toolchainCacheDir })
  const program = makeProgram({
    spec,
    image: config,
    tree,
    path: [node.binDir],
    isolation: isolationOf(spec, options),
    inTree: (path) => existsSync(joinInside(tree, `.${path}`)),
  })
  if ('problem' in program) throw fail('image-not-runnable', { image, base: `without a command (${program.problem})`, runtime: 'process' })
  return { id: spec.id, environment: spec.environment, service: spec.service, release: spec.release, replicas, program }
}

/** Everything of ours is covered: the data folder, and the folder of sockets that are not in it. */
function isolationOf(spec: GroupSpec, options: ProcessRuntimeOptions): InstanceIsolation {
  const { kind, mounts, pids } = options.isolation
  const project = spec.environment.slice(0, spec.environment.lastIndexOf('/')) || spec.environment
  const sockets = dirname(options.socket)
  const home = openHome(options.isolation, [options.toolchainCacheDir])
  return {
    kind,
    mounts,
    pids,
    ...(kind === 'uid' ? { uid: projectUid(project, options.dataDir) } : {}),
    hide: [options.dataDir, sockets, ...home.hide],
    keepReadOnly: home.keepReadOnly,
  }
}

function toStatus(group: AgentGroupStatus): GroupStatus {
  const instances = group.instances.map(
    ({ id, state, startedAt, restarts, addresses, problem }): InstanceStatus => ({
      id,
      state,
      startedAt,
      restarts,
      addresses,
      ...(problem === undefined ? {} : { problem }),
    }),
  )
  const { id, environment, service, release, wanted, crashes, problem } = group
  const ready = instances.filter((i) => i.state === 'ready').length
  return { id, environment, service, release, wanted, crashes, total: instances.length, ready, instances, ...(problem === undefined ? {} : { problem }) }
}
