// What the engine says of a group's containers, in our words.

import type { GroupId } from '@pushway/core/text/ids.ts'
import type { GroupStatus, InstanceStatus } from '../../../ports/runtime.ts'
import { type ContainerDetails, pastEvents, readLines, readOutput } from '../../../util/engine-api/index.ts'
import { exitProblem } from '../../../util/exit-problem.ts'
import type { Reach } from './container-body.ts'
import type { DockerContext } from './context.ts'
import type { Liveness } from './liveness.ts'
import type { Member } from './members.ts'
import type { Readiness } from './readiness.ts'
import type { GroupRecord } from './state.ts'

export interface Looking {
  readonly context: DockerContext
  readonly readiness: Readiness
  readonly liveness: Liveness
  readonly exits: Map<string, Exit>
}

/** Why a container ended last, kept so that it is asked for once. */
export interface Exit {
  readonly restarts: number
  readonly problem: string
}

/** One group from its containers and what was asked for; `details` of a container that is gone by now are absent. */
export async function groupStatus(
  looking: Looking,
  group: { readonly id: GroupId; readonly members: readonly Member[]; readonly record: GroupRecord | undefined },
  details: ReadonlyMap<string, ContainerDetails>,
): Promise<GroupStatus> {
  const { members, record, id } = group
  const [first] = members
  const leaving = new Set(record?.leaving ?? [])
  const instances = await Promise.all(
    members.flatMap((member) => {
      const container = details.get(member.container)
      return container ? [instanceStatus(looking, { container, record, leaving: record?.removing === true || leaving.has(member.container) })] : []
    }),
  )
  const stays = [...details].filter(([container]) => members.some((member) => member.container === container))
  const crashes = stays.reduce(
    (sum, [, { Id, RestartCount, State }]) =>
      sum + RestartCount + looking.liveness.restartsOf(Id) + (State.Status === 'exited' && State.ExitCode !== 0 ? 1 : 0),
    0,
  )
  const problem = instances.find((instance) => instance.problem !== undefined)?.problem
  return {
    id,
    environment: record?.spec.environment ?? first?.environment ?? '',
    service: record?.spec.service ?? first?.service ?? '',
    release: record?.spec.release ?? first?.release ?? '',
    wanted: record ? (record.removing ? 0 : record.wanted) : members.length,
    total: instances.length,
    ready: instances.filter(({ state }) => state === 'ready').length,
    crashes,
    instances,
    ...(problem === undefined ? {} : { problem }),
  }
}

interface Seen {
  readonly container: ContainerDetails
  readonly record: GroupRecord | undefined
  readonly leaving: boolean
}

async function instanceStatus(looking: Looking, { container, record, leaving }: Seen): Promise<InstanceStatus> {
  const { context } = looking
  const addresses = addressesOf(container, { ports: portsOf(container, record), reach: await context.reach() })
  const { state, problem } = leaving ? { state: 'stopping' as const, problem: undefined } : await stateOf(looking, { container, record, addresses })
  return {
    id: container.Id.slice(0, 12),
    state,
    startedAt: Date.parse(container.State.StartedAt) || Date.parse(container.Created) || 0,
    restarts: container.RestartCount + looking.liveness.restartsOf(container.Id),
    addresses,
    ...(problem === undefined ? {} : { problem }),
  }
}

type StateAndProblem = Pick<InstanceStatus, 'state' | 'problem'>

async function stateOf(
  looking: Looking,
  seen: { readonly container: ContainerDetails; readonly record: GroupRecord | undefined; readonly addresses: InstanceStatus['addresses'] },
): Promise<StateAndProblem> {
  const { container, record, addresses } = seen
  const { State } = container
  if (State.Status === 'paused') return { state: 'unready', problem: 'is paused' }
  if (State.Restarting || State.Status === 'restarting') return { state: 'backing-off', problem: await lastExit(looking, container) }
  if (State.Status === 'created') return { state: 'starting', ...(State.Error ? { problem: State.Error } : {}) }
  if (!State.Running) return { state: 'exited', ...(State.ExitCode === 0 ? {} : { problem: await lastExit(looking, container) }) }
  const life = looking.liveness.look(container, { spec: record?.spec, addresses })
  const health = await looking.readiness.look(container, { spec: record?.spec, addresses })
  if (health.state === 'ready') return { state: 'ready' }
  const problem = life.problem ?? (container.RestartCount > 0 ? await lastExit(looking, container) : health.problem)
  return { state: health.state, ...(problem === undefined ? {} : { problem }) }
}

/** The engine tells the last exit code until the next start; afterwards its events do. */
async function lastExit({ context, exits }: Looking, container: ContainerDetails): Promise<string> {
  const { Id, RestartCount, State } = container
  const known = exits.get(Id)
  if (known?.restarts === RestartCount) return known.problem
  const code = State.Running && !State.Restarting ? await exitCodeFromEvents(context, Id) : State.ExitCode
  const problem = State.OOMKilled
    ? 'was ended because it used more memory than its limit'
    : exitProblem(code ?? null, null, await lastErrors(context, container))
  exits.set(Id, { restarts: RestartCount, problem })
  return problem
}

async function exitCodeFromEvents(context: DockerContext, id: string): Promise<number | undefined> {
  const now = Math.ceil(Date.now() / 1000)
  const events = await pastEvents(context.engine, { container: [id], event: ['die'] }, { since: now - 3600, until: now })
  const code = events.at(-1)?.Actor.Attributes?.exitCode
  return code === undefined ? undefined : Number(code)
}

async function lastErrors(context: DockerContext, { Id, Config }: ContainerDetails): Promise<string> {
  try {
    const body = await context.engine.open({ method: 'GET', path: `/containers/${Id}/logs`, query: { stderr: true, tail: 30 } })
    const lines: string[] = []
    for await (const { text } of readLines(readOutput(body, Config.Tty))) lines.push(text)
    return lines.join('\n')
  } catch {
    // Some logging drivers can't be read; the exit code says enough.
    return ''
  }
}

function portsOf(container: ContainerDetails, record: GroupRecord | undefined): readonly number[] {
  const exposed = Object.keys(container.Config.ExposedPorts ?? {}).flatMap((key) => (key.endsWith('/udp') ? [] : [Number.parseInt(key, 10)]))
  const own = record?.spec.ports.flatMap(({ target, protocol }) => (protocol === 'udp' ? [] : [target])) ?? []
  const ready = record?.spec.ready?.check
  const probed = ready?.kind === 'http' || ready?.kind === 'tcp' ? [ready.port] : []
  return [...new Set([...own, ...probed, ...exposed])]
}

/** Where this machine reaches each port: the container's own address, the loopback address, or nowhere. */
function addressesOf(container: ContainerDetails, at: { readonly ports: readonly number[]; readonly reach: Reach }): Readonly<Record<number, string>> {
  const { Networks = {}, Ports = {} } = container.NetworkSettings
  if (!container.State.Running) return {}
  const hosted = Networks.host !== undefined
  const ip = Object.values(Networks).find(({ IPAddress }) => IPAddress !== '')?.IPAddress
  const entries = at.ports.flatMap((port): [number, string][] => {
    if (hosted) return [[port, `127.0.0.1:${port}`]]
    const published = Ports[`${port}/tcp`]?.find(({ HostPort }) => HostPort !== '')
    if (at.reach === 'bridge' && ip !== undefined) return [[port, `${ip}:${port}`]]
    return published ? [[port, `127.0.0.1:${published.HostPort}`]] : []
  })
  return Object.fromEntries(entries)
}
