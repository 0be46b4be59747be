// The process runtime: instances are supervised processes of this machine, run by the agent.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Recipe } from '@pushway/core/host-program/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { AgentGroup, AgentGroupStatus, InstanceIsolation, Program } from '../../../ports/agent.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import type { GroupSpec, GroupStatus, InstanceStatus, Runtime } from '../../../ports/runtime.ts'
import { type Isolation, openHome, projectUid } from '../../../util/isolation/index.ts'
import { joinInside } from '../../../util/paths.ts'
import { createAgentClient } from './client.ts'
import { isHostProgram, makeHostProgram, resolveHostProgram } from './host-program.ts'
import { type ImageTrees, openImageTrees } from './images.ts'
import { readLogs } from './logs.ts'
import { type PlacedMounts, placeMounts } from './place-mounts.ts'
import { makeProgram } from './program.ts'
import { readRecipes } from './recipes.ts'
import { type LoopbackAddresses, openLoopbackAddresses } from './service-addresses.ts'

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
  /** Folders of the user's own recipes for host programs. */
  readonly recipes?: readonly string[]
  /** Instead of `blobs`: where images come from. */
  readonly images?: ImageTrees
}

/** The Runtime port over a running agent. Limits are not enforced; only images of the host base run. */
export function createProcessRuntime(options: ProcessRuntimeOptions): Runtime {
  const client = createAgentClient(options.socket)
  const images = options.images ?? openImageTrees(options.blobs, options.imagesDir)
  const addresses = openLoopbackAddresses(options.dataDir)
  let read: readonly Recipe[] | undefined
  const recipes = () => (read ??= readRecipes(options.recipes ?? []))
  const making = { options, images, addresses, recipes }
  return {
    capabilities: { sideBySide: true, limits: false, bases: ['host'], mounts: true },
    resolveImage: (reference) => resolveHostProgram(recipes(), reference),
    async serviceAddress(environment, service) {
      const host = await addresses.of(environment, service)
      return host === undefined ? undefined : { host, from: ['127.0.0.0/8'], lowestPort: lowestPort() }
    },
    async observe(environment, signal) {
      return (await client.observe(environment, signal)).map(toStatus)
    },
    async ensureGroup(spec, replicas, signal) {
      await client.ensure(await toAgentGroup(spec, replicas, making), signal)
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
  readonly addresses: LoopbackAddresses
  readonly recipes: () => readonly Recipe[]
}

async function toAgentGroup(spec: GroupSpec, replicas: number, making: Making): Promise<AgentGroup> {
  const { options, addresses, recipes } = making
  const group = { id: spec.id, environment: spec.environment, service: spec.service, release: spec.release, replicas }
  const host = isHostProgram(spec.image.repository)
  const placed = placeMounts(spec, { volumesDir: join(options.dataDir, 'volumes', ...spec.environment.split('/')), host })
  const hosts = spec.hosts ?? {}
  if (!host) return { ...group, program: await imageProgram(spec, { ...making, placed }) }
  const address = await addresses.of(spec.environment, spec.service)
  return { ...group, program: await makeHostProgram(spec, { recipes: recipes(), isolation: isolationOf(spec, options), placed, address, hosts }) }
}

async function imageProgram(spec: GroupSpec, { options, images, placed }: Making & { readonly placed: PlacedMounts }): Promise<Program> {
  const { tree, config } = await images.prepare(spec.image)
  const image = `${spec.image.repository}@${spec.image.digest}`
  if (config.base !== 'host') throw fail('image-not-runnable', { image, base: config.base, runtime: 'process' })
  const { provideNode } = await import('../../../util/toolchain/node.ts')
  const node = await provideNode(config.node ?? process.versions.node, { cacheDir: options.toolchainCacheDir })
  const program = makeProgram({
    spec,
    placed,
    image: config,
    tree,
    path: [node.binDir],
    isolation: isolationOf(spec, options),
    inTree: (path) => existsSync(joinInside(tree, `.${path}`)),
  })
  if ('problem' in program) throw fail('image-not-runnable', { image, base: `without a command (${program.problem})`, runtime: 'process' })
  return program
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
    keepReadOnly: home.keepReadOnly.filter((folder) => existsSync(folder)),
  }
}

/** The lowest port that this process may listen on. */
function lowestPort(): number {
  if (process.getuid?.() === 0) return 1
  const file = '/proc/sys/net/ipv4/ip_unprivileged_port_start'
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 1024
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
