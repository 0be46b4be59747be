// The Docker runtime: instances are labelled containers of a Docker Engine or of Podman's service, found over its API.

import { fail } from '@pushway/core/reason/errors.ts'
import type { EnvironmentId, GroupId } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../../../ports/blobs.ts'
import type { GroupSpec, GroupStatus, Runtime } from '../../../ports/runtime.ts'
import { type ContainerDetails, createEngine, type EngineAddress, readOutput, startExec } from '../../../util/engine-api/index.ts'
import { createLocks } from '../../../util/locks.ts'
import type { Reach } from './container-body.ts'
import { type DockerContext, reachOf } from './context.ts'
import { describeForEnvironment, portOwner } from './describe.ts'
import { enforcedResources, honouredOptions } from './host-config.ts'
import { prepareImage, resolveImage } from './images.ts'
import { createLiveness, type Liveness } from './liveness.ts'
import { readLogs } from './logs.ts'
import { inspect, listMembers, type Member, startMember } from './members.ts'
import { ensureNetworks } from './networks.ts'
import { createReadiness } from './readiness.ts'
import { explainRefusal } from './refusals.ts'
import { openServiceAddresses } from './service-address.ts'
import { openGroupStore } from './state.ts'
import { readStats } from './stats.ts'
import { type Exit, groupStatus } from './status.ts'
import { createStopper, type Stopper } from './stop.ts'
import { ensureVolumes } from './volumes.ts'
import { watchEngine } from './watch.ts'

export { describeEngine } from './describe.ts'

export interface DockerRuntimeOptions {
  readonly address: EngineAddress
  /** Where the records of what was asked for are kept; made with mode 0700. */
  readonly stateDir: string
  readonly blobs: BlobStore
}

interface Driver {
  readonly context: DockerContext
  readonly stopper: Stopper
  /** Containers that are being made right now: not left over from a crash. */
  readonly making: Set<GroupId>
}

/** The Runtime port over an engine. Nothing is asked of the engine yet. */
export function createDockerRuntime(options: DockerRuntimeOptions): Runtime {
  const context = makeContext(options)
  const driver: Driver = { context, stopper: createStopper(context), making: new Set() }
  const readiness = createReadiness(context.engine, context.reach)
  const liveness = createLiveness(context.engine, context.reach)
  const exits = new Map<string, Exit>()
  const services = openServiceAddresses(context, options.stateDir)
  return {
    capabilities: {
      sideBySide: true,
      limits: true,
      bases: ['image'],
      mounts: true,
      networks: true,
      restartPolicies: true,
      container: honouredOptions,
      resources: enforcedResources,
    },
    async observe(environment, signal) {
      return observeGroups({ driver, readiness, liveness, exits }, environment, signal)
    },
    ensureGroup: (spec, replicas, signal) => explainRefusal(spec.service, () => ensure(driver, { spec, replicas }, signal)),
    async scaleGroup(group, replicas, signal) {
      const record = context.store.read(group)
      if (!record || record.removing) throw fail('not-found', { what: 'group', name: group })
      await explainRefusal(record.spec.service, () => ensure(driver, { spec: record.spec, replicas }, signal))
    },
    async removeGroup(group) {
      const record = context.store.read(group)
      if (!record || record.removing) return
      context.store.write({ ...record, removing: true, wanted: 0 })
      driver.stopper.remove(group)
    },
    logs: (group, wanted, signal) => readLogs(context, { group, ...wanted }, signal),
    resolveImage: (reference, pull, signal) => resolveImage(context, { reference, pull }, signal),
    serviceAddress: services.of,
    watch: (changed, signal) => watchEngine(context, { changed, mend: (group) => mendGroup(driver, group, signal) }, signal),
    describe: (environment, project, signal) => describeForEnvironment(context, { environment, project }, signal),
    portOwner: (port, signal) => portOwner(context, port, signal),
    stopAll: (signal) => stopEverything(driver, signal),
    async exec(instance, request, signal) {
      const started = await startExec(context.engine, instance, { ...request, signal })
      return { ...started, output: readOutput(started.output, request.tty ?? false) }
    },
    async stats(group, signal) {
      return readStats(context, await runningOf(context, group, signal), signal)
    },
  }
}

function makeContext({ address, stateDir, blobs }: DockerRuntimeOptions): DockerContext {
  const engine = createEngine(address)
  let known: Reach | undefined
  return {
    engine,
    store: openGroupStore(stateDir),
    blobs,
    locks: createLocks(),
    async reach() {
      known ??= reachOf(await engine.info(), address.kind === 'unix')
      return known
    },
  }
}

async function stopEverything({ context, stopper }: Driver, signal: AbortSignal): Promise<void> {
  for (const record of context.store.all()) {
    context.store.write({ ...record, removing: true, wanted: 0 })
    stopper.remove(record.spec.id)
  }
  while (context.store.all().length > 0 && !signal.aborted) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function runningOf(context: DockerContext, group: GroupId, signal: AbortSignal): Promise<readonly Member[]> {
  return (await listMembers(context, group.split('~')[0], signal)).filter((member) => member.id === group && member.state === 'running')
}

interface Observing {
  readonly driver: Driver
  readonly readiness: ReturnType<typeof createReadiness>
  readonly liveness: Liveness
  readonly exits: Map<string, Exit>
}

async function observeGroups(
  { driver, readiness, liveness, exits }: Observing,
  environment: EnvironmentId | undefined,
  signal: AbortSignal,
): Promise<readonly GroupStatus[]> {
  const { context, stopper, making } = driver
  const members = (await listMembers(context, environment, signal)).filter((member) => member.state !== 'created' || making.has(member.id))
  const found = await Promise.all(members.map(({ container }) => inspect(context, container, signal)))
  const details = new Map(found.flatMap((one): [string, ContainerDetails][] => (one && one.State.Status !== 'removing' ? [[one.Id, one]] : [])))
  const records = context.store.all().filter((record) => environment === undefined || record.spec.environment === environment)
  if (environment === undefined) for (const id of exits.keys()) if (!details.has(id)) exits.delete(id)
  // What a killed server of ours had begun to stop.
  for (const record of records) if (record.removing || record.leaving.length > 0) stopper.resume(record)
  const ids = [...new Set([...records.map((record) => record.spec.id), ...members.map((member) => member.id)])]
  const all = await Promise.all(
    ids.map((id) => {
      const group = { id, members: members.filter((member) => member.id === id), record: records.find((record) => record.spec.id === id) }
      return groupStatus({ context, readiness, liveness, exits }, group, details)
    }),
  )
  // A group that is being removed is gone when its containers are.
  return all.filter((status) => status.total > 0 || records.some((record) => record.spec.id === status.id && !record.removing))
}

/** One call on a group at a time: events of the engine lead to calls, too. */
function ensure(driver: Driver, wanted: Wanted, signal: AbortSignal): Promise<void> {
  return driver.context.locks(`group ${wanted.spec.id}`, () => ensureNow(driver, wanted, signal))
}

/** As many instances as the record says at this moment. */
function mendGroup(driver: Driver, group: GroupId, signal: AbortSignal): Promise<void> {
  return driver.context.locks(`group ${group}`, async () => {
    const record = driver.context.store.read(group)
    if (record && !record.removing) await ensureNow(driver, { spec: record.spec, replicas: record.wanted }, signal)
  })
}

interface Wanted {
  readonly spec: GroupSpec
  readonly replicas: number
}

/** Makes as many containers as are wanted: the record first, so that a crash in the middle is mended by the next call. */
async function ensureNow(driver: Driver, wanted: Wanted, signal: AbortSignal): Promise<void> {
  const { context, stopper, making } = driver
  const { store } = context
  const before = store.read(wanted.spec.id)
  const spec = before && !before.removing ? before.spec : wanted.spec
  const { replicas } = wanted
  const members = (await listMembers(context, spec.environment, signal)).filter(({ id }) => id === spec.id)
  const halfMade = members.filter(({ state }) => state === 'created')
  const left = new Set([...(before?.leaving ?? []), ...(before?.removing ? members.map(({ container }) => container) : [])])
  const staying = members.filter((member) => member.state !== 'created' && !left.has(member.container))
  const surplus = staying.slice(replicas).map(({ container }) => container)
  const missing = Math.max(0, replicas - staying.length)
  // Nothing is written down, and nothing stops, before the image is there.
  const image = missing > 0 || !before ? await prepareImage(context, spec.image, signal) : ''
  store.write({ version: 1, spec, wanted: replicas, removing: false, leaving: [...left, ...surplus] })
  for (const { container } of halfMade)
    await context.engine.tell({ method: 'DELETE', path: `/containers/${container}`, query: { force: true, v: true }, signal })
  stopper.stop(spec, [...left, ...surplus])
  if (missing === 0) return
  making.add(spec.id)
  try {
    await ensureNetworks(context, spec, signal)
    await ensureVolumes(context, spec, signal)
    const last = Math.max(0, ...members.map(({ number }) => number))
    await Promise.all(Array.from({ length: missing }, (_, at) => startMember(context, { spec, image, number: last + at + 1 }, signal)))
  } finally {
    making.delete(spec.id)
  }
}
