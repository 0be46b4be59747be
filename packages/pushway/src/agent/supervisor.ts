// The groups: makes as many instances of each as are wanted, and remembers them in the desired-state file.

import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EnvironmentId, GroupId } from '@pushway/core/text/ids.ts'
import type { AgentGroup, AgentGroupStatus } from '../ports/agent.ts'
import { Instance, type InstanceContext } from './instance.ts'
import { type GroupRecord, type InstanceRecord, loadState, saveState } from './state.ts'

const lookEveryMs = 1000
/** Logs of this many gone instances are kept per group. */
const keptLogs = 5

interface Group {
  readonly record: GroupRecord
  instances: Instance[]
  problem: string | undefined
}

export class Supervisor {
  readonly #stateDir: string
  readonly #log: (line: string) => void
  readonly #groups = new Map<GroupId, Group>()
  #unsaved = false
  readonly #ticker: NodeJS.Timeout

  constructor(stateDir: string, log: (line: string) => void) {
    this.#stateDir = stateDir
    this.#log = log
    for (const [id, record] of loadState(stateDir)) {
      const group: Group = { record, instances: [], problem: undefined }
      this.#groups.set(id, group)
      group.instances = record.instances.map((instance) => this.#instance(group, instance))
    }
    this.#ticker = setInterval(() => this.#look(), lookEveryMs)
  }

  /** Adopts what runs and starts what does not, as the last agent left it. */
  resume(): void {
    for (const group of this.#groups.values()) {
      for (const instance of group.instances) instance.resume()
      this.#reconcile(group)
    }
  }

  ensure(spec: AgentGroup): void {
    const group = this.#groups.get(spec.id) ?? { record: newRecord(spec), instances: [], problem: undefined }
    this.#groups.set(spec.id, group)
    group.record.removing = false
    group.record.replicas = spec.replicas
    this.#reconcile(group)
  }

  /** False: there is no such group. */
  scale(id: GroupId, replicas: number): boolean {
    const group = this.#groups.get(id)
    if (!group || group.record.removing) return false
    group.record.replicas = replicas
    this.#reconcile(group)
    return true
  }

  remove(id: GroupId): void {
    const group = this.#groups.get(id)
    if (!group) return
    group.record.removing = true
    group.record.replicas = 0
    this.#reconcile(group)
  }

  has(id: GroupId): boolean {
    const group = this.#groups.get(id)
    return group !== undefined && !group.record.removing
  }

  observe(environment: EnvironmentId | undefined): readonly AgentGroupStatus[] {
    return [...this.#groups.values()].filter((g) => environment === undefined || g.record.spec.environment === environment).map((g) => this.#status(g))
  }

  /** Stops looking; with `instances`, stops them first and waits until they are gone. */
  async close(instances: boolean): Promise<void> {
    if (instances) {
      for (const id of [...this.#groups.keys()]) this.remove(id)
      while (this.#groups.size > 0) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    clearInterval(this.#ticker)
    for (const group of this.#groups.values()) for (const instance of group.instances) instance.release()
    this.#save()
  }

  #status(group: Group): AgentGroupStatus {
    const { record } = group
    const { id, environment, service, release } = record.spec
    const instances = group.instances.map((instance) => instance.status())
    const retired = record.retired.map((instance) => ({ instance, dir: join(this.#dir(instance), 'logs') }))
    const problem = instances.filter((i) => i.state !== 'ready').at(-1)?.problem ?? (instances.every((i) => i.state === 'ready') ? undefined : group.problem)
    return {
      id,
      environment,
      service,
      release,
      wanted: record.replicas,
      crashes: record.crashes,
      instances,
      logs: [...retired, ...instances.map((i) => ({ instance: i.id, dir: i.logs }))],
      ...(problem === undefined ? {} : { problem }),
    }
  }

  #reconcile(group: Group): void {
    const { record } = group
    const staying = group.instances.filter((i) => !i.stopping)
    for (const surplus of staying.slice(record.replicas).reverse()) surplus.stop()
    const fresh: Instance[] = []
    for (let missing = record.replicas - staying.length; missing > 0; missing--) fresh.push(this.#instance(group, this.#newInstance(group)))
    group.instances = [...group.instances, ...fresh]
    this.#save()
    for (const instance of fresh) instance.start()
    this.#forgetIfGone(group)
  }

  #newInstance(group: Group): InstanceRecord {
    const name = group.record.spec.service.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 40)
    const id = `${name}-${randomBytes(4).toString('hex')}`
    const record: InstanceRecord = { id, ports: {}, prepared: false, startedAt: Date.now(), restarts: 0, ready: false, errorsFrom: 0 }
    group.record.instances.push(record)
    return record
  }

  #instance(group: Group, record: InstanceRecord): Instance {
    const context: InstanceContext = {
      program: group.record.spec.program,
      dir: this.#dir(record.id),
      wanted: () => group.record.replicas,
      takenPorts: () => this.#takenPorts(),
      literalSibling: (self) => group.instances.find((i) => i !== self && i.literal !== undefined)?.literal,
      changed: () => this.#save(),
      crashed: (problem) => {
        group.record.crashes++
        group.problem = problem
        this.#log(`${record.id}: ${problem}`)
        this.#save()
      },
      gone: (self) => this.#gone(group, self),
    }
    return new Instance(record, context)
  }

  #gone(group: Group, instance: Instance): void {
    group.instances = group.instances.filter((i) => i !== instance)
    group.record.instances = group.record.instances.filter((r) => r.id !== instance.record.id)
    group.record.retired.push(instance.record.id)
    for (const old of group.record.retired.splice(0, Math.max(0, group.record.retired.length - keptLogs))) this.#erase(old)
    this.#save()
    this.#forgetIfGone(group)
  }

  #forgetIfGone(group: Group): void {
    if (!group.record.removing || group.instances.length > 0) return
    for (const id of group.record.retired) this.#erase(id)
    this.#groups.delete(group.record.spec.id)
    this.#save()
  }

  #takenPorts(): ReadonlySet<number> {
    return new Set([...this.#groups.values()].flatMap((g) => g.instances.flatMap((i) => Object.values(i.record.ports))))
  }

  #dir(instance: string): string {
    return join(this.#stateDir, 'instances', instance)
  }

  #erase(instance: string): void {
    rmSync(this.#dir(instance), { recursive: true, force: true })
  }

  #look(): void {
    for (const group of this.#groups.values()) for (const instance of group.instances) this.#safely(() => instance.look())
    if (this.#unsaved) this.#save()
  }

  /** A full disk must not end the agent, and with it the watch over everything that runs; the next look tries again. */
  #save(): void {
    this.#unsaved = true
    this.#safely(() => {
      saveState(
        this.#stateDir,
        [...this.#groups.values()].map((g) => g.record),
      )
      this.#unsaved = false
    })
  }

  #safely(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#log(`could not write: ${String(error)}`)
    }
  }
}

function newRecord(spec: AgentGroup): GroupRecord {
  return { spec, replicas: spec.replicas, crashes: 0, removing: false, instances: [], retired: [] }
}
