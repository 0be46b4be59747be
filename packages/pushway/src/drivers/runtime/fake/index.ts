// A Runtime that runs nothing: what its instances do follows from cues and the clock alone, so that tests can play any story.

import { fail } from '@pushway/core/reason/errors.ts'
import type { EpochMs, GroupId, Milliseconds } from '@pushway/core/text/ids.ts'
import type { Clock } from '../../../ports/misc.ts'
import type { GroupSpec, GroupStatus, InstanceLogLine, InstanceStatus, Runtime, RuntimeCapabilities } from '../../../ports/runtime.ts'

/** How the instances of a group behave. Absent: ready at once, for ever. */
export interface FakeCue {
  readonly readyAfterMs?: Milliseconds
  /** Runs, and is never ready, for this reason. */
  readonly neverReady?: string
  /** Ends by itself this long after each start. */
  readonly crashAfterMs?: Milliseconds
  readonly problem?: string
  /** Takes this long to stop. */
  readonly stopMs?: Milliseconds
  /** What each instance writes when it starts. */
  readonly output?: readonly string[]
  /** `ensureGroup` refuses it with this error. */
  readonly refuse?: Error
}

export interface FakeScript {
  readonly clock: Clock
  readonly capabilities?: Partial<RuntimeCapabilities>
  /** The cue of a group when it is made; `cue` changes it later. */
  readonly cueFor?: (spec: GroupSpec) => FakeCue
}

export interface FakeRuntime extends Runtime {
  /** Every call that changed something or asked to, in order: `ensureGroup id 2`. */
  readonly calls: readonly string[]
  /** From now on the group behaves like this. */
  cue(group: GroupId, cue: FakeCue): void
}

interface FakeInstance {
  readonly id: string
  readonly startedAt: EpochMs
  readonly address: number
  stopAt?: EpochMs
}

interface FakeGroup {
  readonly spec: GroupSpec
  cue: FakeCue
  wanted: number
  removing: boolean
  instances: FakeInstance[]
}

/** Where an instance is in its own story. */
interface Moment {
  readonly state: InstanceStatus['state']
  readonly crashes: number
  readonly problem?: string
}

/** A runtime for tests. State is what its calls made it; instances move on with `script.clock`. */
export function createFakeRuntime(script: FakeScript): FakeRuntime {
  const { clock } = script
  const groups = new Map<GroupId, FakeGroup>()
  const calls: string[] = []
  let count = 0

  function scale(group: FakeGroup, replicas: number): void {
    group.wanted = replicas
    const staying = group.instances.filter((i) => i.stopAt === undefined)
    for (const surplus of staying.slice(replicas)) surplus.stopAt = clock.now()
    for (let missing = replicas - staying.length; missing > 0; missing--) {
      count++
      group.instances.push({ id: `${group.spec.service}-${count}`, startedAt: clock.now(), address: 20_000 + count })
    }
  }

  /** Instances that have stopped, and removed groups without any, are gone. */
  function sweep(): void {
    for (const [id, group] of groups) {
      group.instances = group.instances.filter((i) => i.stopAt === undefined || clock.now() < i.stopAt + (group.cue.stopMs ?? 0))
      if (group.removing && group.instances.length === 0) groups.delete(id)
    }
  }

  return {
    capabilities: { sideBySide: true, limits: false, bases: ['host'], ...script.capabilities },
    calls,
    cue(id, cue) {
      const group = groups.get(id)
      if (group) group.cue = cue
    },
    async observe(environment) {
      sweep()
      return [...groups.values()].filter((g) => environment === undefined || g.spec.environment === environment).map((g) => statusOf(g, clock.now()))
    },
    async ensureGroup(spec, replicas) {
      calls.push(`ensureGroup ${spec.id} ${replicas}`)
      const cue = script.cueFor?.(spec) ?? {}
      if (cue.refuse) throw cue.refuse
      const group = groups.get(spec.id) ?? { spec, cue, wanted: 0, removing: false, instances: [] }
      groups.set(spec.id, group)
      group.removing = false
      scale(group, replicas)
    },
    async scaleGroup(id, replicas) {
      calls.push(`scaleGroup ${id} ${replicas}`)
      const group = groups.get(id)
      if (!group || group.removing) throw fail('not-found', { what: 'group', name: id })
      scale(group, replicas)
    },
    async removeGroup(id) {
      calls.push(`removeGroup ${id}`)
      const group = groups.get(id)
      if (!group) return
      group.removing = true
      scale(group, 0)
    },
    async *logs(id, options, signal) {
      const seen = new Set<string>()
      const first = linesOf(groups.get(id), seen)
      yield* options.tail === 0 ? [] : first.slice(-options.tail)
      while (options.follow && !signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 10))
        yield* linesOf(groups.get(id), seen)
      }
    },
  }
}

function linesOf(group: FakeGroup | undefined, seen: Set<string>): readonly InstanceLogLine[] {
  if (!group) return []
  const fresh = group.instances.filter((i) => !seen.has(i.id))
  for (const instance of fresh) seen.add(instance.id)
  return fresh.flatMap((i) => (group.cue.output ?? []).map((text) => ({ at: i.startedAt, instance: i.id, stream: 'stdout' as const, text })))
}

function statusOf(group: FakeGroup, now: EpochMs): GroupStatus {
  const { id, environment, service, release, ports } = group.spec
  const moments = group.instances.map((instance) => ({ instance, ...momentOf(instance, group.cue, now) }))
  const instances = moments.map(({ instance, state, crashes, problem: said }): InstanceStatus => {
    const addresses = Object.fromEntries(ports.map((port) => [port.target, `127.0.0.1:${instance.address}`]))
    return { id: instance.id, state, startedAt: instance.startedAt, restarts: crashes, addresses, ...(said === undefined ? {} : { problem: said }) }
  })
  const problem = instances.filter((i) => i.state !== 'ready').at(-1)?.problem
  return {
    id,
    environment,
    service,
    release,
    wanted: group.wanted,
    total: instances.length,
    ready: instances.filter((i) => i.state === 'ready').length,
    crashes: moments.reduce((sum, m) => sum + m.crashes, 0),
    instances,
    ...(problem === undefined ? {} : { problem }),
  }
}

/** An instance's state at `now`: it lives, ends, waits 100 ms, twice that, …, 30 s, and lives again. */
function momentOf(instance: FakeInstance, cue: FakeCue, now: EpochMs): Moment {
  if (instance.stopAt !== undefined) return { state: 'stopping', crashes: 0 }
  let since = now - instance.startedAt
  let crashes = 0
  const problem = cue.problem ?? 'exited with code 1'
  if (cue.crashAfterMs !== undefined) {
    for (let wait = 100; since >= cue.crashAfterMs; wait = Math.min(wait * 2, 30_000)) {
      crashes++
      since -= cue.crashAfterMs
      if (since < wait) return { state: 'backing-off', crashes, problem }
      since -= wait
    }
  }
  if (cue.neverReady !== undefined) return { state: 'starting', crashes, problem: cue.neverReady }
  if (since < (cue.readyAfterMs ?? 0)) return { state: 'starting', crashes, ...(crashes > 0 ? { problem } : {}) }
  return { state: 'ready', crashes }
}
