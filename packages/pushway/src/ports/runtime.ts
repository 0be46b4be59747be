// The Runtime port: runs groups of instances.

import type { ContainerOptions, Resources, RestartPolicy } from '@pushway/core/app/container.ts'
import type { AppNetwork, AppVolume, Mount, NetworkAttachment } from '@pushway/core/app/parts.ts'
import type { PinnedImage, Port, Probe } from '@pushway/core/app/types.ts'
import type { ObservedGroup } from '@pushway/core/rollout/types.ts'
import type { Digest, EnvironmentId, EpochMs, GroupId, Milliseconds, ReleaseId } from '@pushway/core/text/ids.ts'

/** What every instance of a group is. Plain JSON: it is kept in the driver's desired state, so it is written with mode 0600. */
export interface GroupSpec {
  readonly id: GroupId
  readonly environment: EnvironmentId
  readonly service: string
  readonly release: ReleaseId
  readonly image: PinnedImage
  /** Override the image's own; argument arrays. */
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  /** Rendered, secret values included. */
  readonly env: Readonly<Record<string, string>>
  readonly ports: readonly Port[]
  /** Absent: the driver uses the image's HEALTHCHECK, else TCP accept on the first port, else "it runs". */
  readonly ready?: Probe
  readonly live?: Probe
  readonly stopGraceMs: Milliseconds
  /** `service:port` as programs dial it → `host:port` where it is reached on this machine. */
  readonly services: Readonly<Record<string, string>>
  /** Names that the service's programs resolve → address of this machine, the same on every port. */
  readonly hosts?: Readonly<Record<string, string>>
  /** The compose project: engines label what they make with it. */
  readonly project?: string
  readonly mounts?: readonly ResolvedMount[]
  /** Highest priority first. Absent: no separation is asked for. */
  readonly networks?: readonly ResolvedNetwork[]
  /** Absent: an instance that ends is started again, always. */
  readonly restart?: RestartPolicy
  readonly resources?: Resources
  readonly container?: ContainerOptions
}

/** A mount with nothing left to look up: what the driver makes before the instance starts. */
export type ResolvedMount =
  /** Without `volume` it is the instance's own. A volume that is not `external` is made when it is missing. */
  | (Omit<Extract<Mount, { kind: 'volume' }>, 'volume'> & { readonly volume?: AppVolume })
  /** `path` is absolute on this machine; a project's file is written out from the commit. */
  | Omit<Extract<Mount, { kind: 'bind' }>, 'from' | 'object'>
  | Extract<Mount, { kind: 'tmpfs' | 'image' }>
  /** The content of a config or secret, as base64: it may be any bytes. */
  | (Omit<Extract<Mount, { kind: 'file' }>, 'source'> & { readonly name: string; readonly contentBase64: string })

/** A network that the instances join. One that is not `external` is made when it is missing. */
export interface ResolvedNetwork extends Omit<NetworkAttachment, 'network'> {
  readonly network: AppNetwork
}

export interface RuntimeCapabilities {
  /** Two groups of one service may run side by side. When false, a swap is a stop and a start, and the plan says so. */
  readonly sideBySide: boolean
  /** Memory and CPU limits are enforced, not only recorded. */
  readonly limits: boolean
  /** The base kinds whose images run here: `host` (the embedded builder's) and/or `image` (with their own root file system). */
  readonly bases: readonly ('host' | 'image')[]
  /** Named volumes, bind mounts, tmpfs and files are inside the instance. Absent members of this kind are `false`. */
  readonly mounts?: boolean
  /** Services of different networks can't reach each other. */
  readonly networks?: boolean
  /** `restart` is kept as asked; else every instance that ends is started again. */
  readonly restartPolicies?: boolean
  /** The driver publishes ports itself; else the router listens for them. */
  readonly publishes?: boolean
  /** The options of `ContainerOptions` that it honours; the others are named to the user. */
  readonly container?: readonly (keyof ContainerOptions)[]
  /** The limits of `Resources` that it enforces. */
  readonly resources?: readonly (keyof Resources)[]
}

/** A group as it is now. */
export interface GroupStatus extends ObservedGroup {
  readonly id: GroupId
  readonly environment: EnvironmentId
  readonly service: string
  readonly release: ReleaseId
  readonly wanted: number
  readonly instances: readonly InstanceStatus[]
}

export interface InstanceStatus {
  /** Unique on the machine, stable over the instance's life. */
  readonly id: string
  readonly state: 'starting' | 'ready' | 'unready' | 'backing-off' | 'stopping' | 'exited'
  readonly startedAt: EpochMs
  readonly restarts: number
  /** Where each container port is reached from this machine: target port → `host:port`. */
  readonly addresses: Readonly<Record<number, string>>
  readonly problem?: string
}

/** An image as a release pins it. */
export interface ResolvedImage {
  readonly repository: string
  readonly digest: Digest
  /** `host`: made by the embedded builder on this machine's own userland. */
  readonly base: 'host' | 'image'
  /** It binds its service's address itself: one instance at a time, and no router before it. */
  readonly exclusive?: boolean
}

export interface ServiceAddress {
  readonly host: string
  /** Address ranges that may connect. */
  readonly from: readonly string[]
  /** Lower ports of it can't be listened on; 1 when absent. */
  readonly lowestPort?: number
}

/** What one instance uses now. */
export interface InstanceStats {
  readonly id: string
  /** 1 is one core, all of the time. */
  readonly cpuCores: number
  readonly memoryBytes: number
  readonly memoryLimitBytes?: number
  readonly processes: number
  /** Since its start. */
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** A command to run inside an instance. */
export interface InstanceCommand {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly user?: string
  readonly workingDir?: string
  readonly tty?: boolean
  readonly privileged?: boolean
  /** Whether it reads an input. */
  readonly stdin?: boolean
}

/** A command that runs inside an instance. */
export interface RunningCommand {
  readonly input: NodeJS.WritableStream
  /** With a terminal, everything is `stdout`. */
  readonly output: AsyncIterable<{ readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>
  endInput(): void
  /** Tells a terminal its size. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>
  /** Once its output has ended. */
  exitCode(): Promise<number>
  /** Leaves it; it may go on. */
  destroy(): void
}

/** One line an instance wrote. */
export interface InstanceLogLine {
  readonly at: EpochMs
  readonly instance: string
  readonly stream: 'stdout' | 'stderr'
  readonly text: string
}

/**
 * Runs groups of instances. A group is (environment, service, release); its instances are interchangeable.
 *
 * - Every call may be repeated, also after a crash of either side, and then changes nothing more.
 * - Calls on different groups may run at the same time; calls on one group are serialised by the caller.
 * - Nothing is remembered between calls: `observe` finds what runs, and is the only truth.
 * - Instances outlive the control plane. A driver never decides: it makes the group as asked, or reports why it could not.
 */
export interface Runtime {
  /** What this driver can do; callers ask here, never for the driver's name. */
  readonly capabilities: RuntimeCapabilities

  /** What runs in `environment` now, every group of it; all environments when it is absent. */
  observe(environment: EnvironmentId | undefined, signal: AbortSignal): Promise<readonly GroupStatus[]>

  /**
   * Makes `replicas` instances of the group exist (and no more); returns when they are asked for, not when they are ready.
   * An existing group keeps its spec: a group's spec never changes, a new release is a new group.
   * @throws PushwayError `image-not-runnable`, `image-missing`, `toolchain-missing`
   */
  ensureGroup(group: GroupSpec, replicas: number, signal: AbortSignal): Promise<void>

  /** Another number of instances of an existing group. Surplus ones are asked to stop, newest first. Unknown group: `not-found`. */
  scaleGroup(group: GroupId, replicas: number, signal: AbortSignal): Promise<void>

  /** Stops the group's instances: asks, waits the group's grace, then kills, and forgets the group. Returns at once; `observe` tells when it is gone. */
  removeGroup(group: GroupId, signal: AbortSignal): Promise<void>

  /** The newest `tail` lines of the group's instances, oldest first, then (with `follow`) what comes, until `signal`. */
  logs(group: GroupId, options: { readonly tail: number; readonly follow: boolean }, signal: AbortSignal): AsyncIterable<InstanceLogLine>

  /**
   * What an image reference means to this runtime now, by digest: what its own store has, else (with `pull`) what the image's registry has.
   * Absent: only images of the embedded registry run here. Undefined: there is none.
   * @throws PushwayError `image-pull-failed`, `engine-unreachable`
   */
  resolveImage?(reference: string, pull: boolean, signal: AbortSignal): Promise<ResolvedImage | undefined>

  /**
   * Where the router must listen so that instances reach a service of the environment by its name, on the service's own ports: the same
   * address for as long as the service is there. Absent or undefined: instances reach the router's loopback addresses, or find each
   * other without it.
   */
  serviceAddress?(environment: EnvironmentId, service: string, signal: AbortSignal): Promise<ServiceAddress | undefined>

  /**
   * Until `signal`: tells of changes by themselves (an instance ended, the engine came back) as they happen, and makes again what somebody
   * took away. Absent: `observe` is the only way to see them.
   */
  watch?(changed: () => void, signal: AbortSignal): Promise<void>

  /**
   * What people should know before something is deployed to `environment`, one sentence each: what it runs on, what is missing there, what
   * others made that is in the way. `project`: the compose project, when it is known.
   */
  describe?(environment: EnvironmentId, project: string | undefined, signal: AbortSignal): Promise<readonly string[]>

  /** Who publishes a port of this machine, when that is something of the runtime's; in words. */
  portOwner?(port: number, signal: AbortSignal): Promise<string | undefined>

  /** Stops and removes every group that there is; returns when they are gone. Absent: what the driver runs ends otherwise. */
  stopAll?(signal: AbortSignal): Promise<void>

  /** Runs a command inside an instance that runs. Absent: this runtime can't. @throws PushwayError `engine-refused`, `engine-unreachable` */
  exec?(instance: string, command: InstanceCommand, signal: AbortSignal): Promise<RunningCommand>

  /** What the group's instances use now. Absent: this runtime can't tell. */
  stats?(group: GroupId, signal: AbortSignal): Promise<readonly InstanceStats[]>
}
