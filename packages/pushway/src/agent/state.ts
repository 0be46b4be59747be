// The agent's desired state: what must run, and which processes already do. One file, replaced whole, readable by this user only.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EpochMs, GroupId } from '@pushway/core/text/ids.ts'
import type { AgentGroup } from '../ports/agent.ts'
import { writeFileAtomic } from '../util/files.ts'
import type { ProcessIdentity } from './identity.ts'
import { isAgentGroup, isRecord, parseJson } from './schema.ts'

/** One instance, as it must be found again after a crash of the agent or a reboot. */
export interface InstanceRecord {
  readonly id: string
  /** Target port → port of this machine. */
  ports: Readonly<Record<number, number>>
  /** Its tree is whole. */
  prepared: boolean
  process?: ProcessIdentity
  startedAt: EpochMs
  restarts: number
  ready: boolean
  /** Size of the error output when it started: what comes after is of this start. */
  errorsFrom: number
}

export interface GroupRecord {
  readonly spec: AgentGroup
  replicas: number
  crashes: number
  removing: boolean
  instances: InstanceRecord[]
  /** Instances that are gone and whose logs are kept while the group lives. */
  retired: string[]
}

const fileVersion = 1

function stateFile(stateDir: string): string {
  return join(stateDir, 'desired.json')
}

/** What the last agent knew; empty at the first start. @throws Error when the file is not ours */
export function loadState(stateDir: string): Map<GroupId, GroupRecord> {
  const file = stateFile(stateDir)
  if (!existsSync(file)) return new Map()
  const value = parseJson(readFileSync(file, 'utf8'))
  if (!isRecord(value) || value.version !== fileVersion || !Array.isArray(value.groups)) throw new Error(`${file} is not a state file of this agent`)
  const groups = value.groups.filter((g): g is GroupRecord => isRecord(g) && isAgentGroup(g.spec) && Array.isArray(g.instances))
  return new Map(groups.map((group) => [group.spec.id, group]))
}

export function saveState(stateDir: string, groups: Iterable<GroupRecord>): void {
  writeFileAtomic(stateFile(stateDir), JSON.stringify({ version: fileVersion, groups: [...groups] }))
}
