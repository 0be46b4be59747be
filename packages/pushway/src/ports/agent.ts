// What the process runtime and the agent say to each other: JSON over a unix socket. Plain data on both sides.

import type { Probe } from '@pushway/core/app/types.ts'
import type { EnvironmentId, EpochMs, GroupId, Milliseconds, ReleaseId } from '@pushway/core/text/ids.ts'

/** The protocol this build speaks. A side accepts the other's N and N−1, so that an upgrade needs no restart. */
export const agentProtocol = 1

/** The header that carries the speaker's protocol. */
export const protocolHeader = 'pushway-protocol'

/** Whether a speaker of `protocol` is understood. */
export function speaksProtocol(protocol: number): boolean {
  return protocol === agentProtocol || protocol === agentProtocol - 1
}

/** The variable by which a started agent learns which build it is. */
export const agentBuildVariable = 'PUSHWAY_AGENT_BUILD'

/** The answer of GET /v1/hello. `version` names the build. */
export interface AgentHello {
  readonly version: string
  readonly protocol: number
  readonly pid: number
}

/**
 * A word of a command: literal, an absolute path inside the instance's own copy of the image's tree, or a text in which the instance's
 * own `{run}` (its folder), `{address}`, `{address:tuple}` (as Erlang writes it) and `{port:N}` (the machine's port for N) are filled in.
 */
export type Word = string | { readonly inTree: string } | { readonly fill: string }

/** A command besides the program itself. */
export interface ProgramStep {
  readonly argv: readonly Word[]
  readonly input?: string
  /** Not run where this file is. */
  readonly unless?: string
  /** Run also when a step before it failed. */
  readonly always?: boolean
}

/** A file that is written before the start; `path` and `text` are filled in as words are. */
export interface ProgramFile {
  readonly path: string
  readonly text: string
  readonly mode: number
  /** The text of this file instead, with these patterns replaced. */
  readonly from?: string
  readonly replace?: readonly (readonly [pattern: string, by: string])[]
  /** Bytes instead of a text. */
  readonly base64?: string
}

/** What an instance finds at a path of its image: a folder or file of this machine, shared, or a copy of its own. */
export interface ProgramMount {
  readonly target: string
  readonly path: string
  readonly copy: boolean
}

/** A program of this machine in place of an image. */
export interface HostPart {
  readonly prepare: readonly ProgramStep[]
  readonly after: readonly ProgramStep[]
  readonly files: readonly ProgramFile[]
  /** The address that it binds itself, on its ports as they are; else it gets ports on the loopback address. */
  readonly address?: string
  readonly privatePorts: readonly number[]
  /** Lines for its log at each start. */
  readonly notes: readonly string[]
}

/** How an instance is isolated; see util/isolation. `hide` and `keepReadOnly` are absolute folders of the machine. */
export interface InstanceIsolation {
  readonly kind: 'uid' | 'namespaces' | 'none'
  readonly mounts: boolean
  readonly pids: boolean
  readonly uid?: number
  readonly hide: readonly string[]
  readonly keepReadOnly: readonly string[]
  /** Folders that stay, writable, inside hidden ones: volumes. Made when they are missing, and owned by the instance's uid. */
  readonly keep?: readonly string[]
}

/** What one instance is: everything the agent needs to start it again after a reboot, alone. */
export interface Program {
  /** The unpacked image; each instance gets its own copy. */
  readonly tree: string
  readonly argv: readonly Word[]
  /** A path inside the tree: `/app`. */
  readonly workingDir: string
  readonly env: Readonly<Record<string, string>>
  /** Folders put in front of PATH: the toolchain. */
  readonly path: readonly string[]
  /** Ports the program thinks it listens on; the first one's host port is given as PORT. */
  readonly ports: readonly number[]
  /** `service:port` → `host:port`. */
  readonly services: Readonly<Record<string, string>>
  readonly ready?: Probe
  readonly live?: Probe
  /** Names that programs resolve → address of this machine. */
  readonly hosts?: Readonly<Record<string, string>>
  readonly mounts?: readonly ProgramMount[]
  /** Written before each start: configs and secrets. */
  readonly files?: readonly ProgramFile[]
  readonly host?: HostPart
  readonly stopSignal: string
  readonly stopGraceMs: Milliseconds
  readonly isolation: InstanceIsolation
}

/** A group as it is asked for. `program` never changes once the group exists. */
export interface AgentGroup {
  readonly id: GroupId
  readonly environment: EnvironmentId
  readonly service: string
  readonly release: ReleaseId
  readonly replicas: number
  readonly program: Program
}

export type AgentInstanceState = 'starting' | 'ready' | 'unready' | 'backing-off' | 'stopping' | 'exited'

export interface AgentInstance {
  readonly id: string
  readonly state: AgentInstanceState
  readonly startedAt: EpochMs
  readonly restarts: number
  readonly pid?: number
  readonly addresses: Readonly<Record<number, string>>
  readonly problem?: string
  /** Where its log files are. */
  readonly logs: string
}

/** A group as it is now. `logs` also names folders of instances that are gone while the group is not. */
export interface AgentGroupStatus {
  readonly id: GroupId
  readonly environment: EnvironmentId
  readonly service: string
  readonly release: ReleaseId
  readonly wanted: number
  readonly crashes: number
  readonly problem?: string
  readonly instances: readonly AgentInstance[]
  readonly logs: readonly { readonly instance: string; readonly dir: string }[]
}
