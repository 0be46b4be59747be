// What a service asks of the machine and of a container engine: limits, restarts, updates, options. After the compose specification.

import type { Milliseconds } from '../text/ids.ts'

/** When an instance that ended is started again (compose `restart`, `deploy.restart_policy`). */
export interface RestartPolicy {
  readonly policy: 'no' | 'always' | 'on-failure' | 'unless-stopped'
  /** Restarts before it is given up; without limit when absent. */
  readonly maxRetries?: number
  /** Between the end and the next start. */
  readonly delayMs?: Milliseconds
  /** How long an instance must run to count as started. */
  readonly windowMs?: Milliseconds
}

/** How the instances of a service are replaced (compose `deploy.update_config` and `rollback_config`). */
export interface UpdatePolicy {
  /** Instances replaced at the same time; 0 is all of them. */
  readonly parallelism?: number
  readonly order?: 'start-first' | 'stop-first'
  /** Between two batches. */
  readonly delayMs?: Milliseconds
  readonly failureAction?: 'continue' | 'pause' | 'rollback'
  /** How long a new instance is watched for a failure. */
  readonly monitorMs?: Milliseconds
  /** From 0 to 1. */
  readonly maxFailureRatio?: number
}

/** Limits and reservations. Memory in bytes, CPU in cores, times in microseconds as the kernel takes them. */
export interface Resources {
  readonly cpus?: number
  readonly cpuReservation?: number
  readonly memoryBytes?: number
  readonly memoryReservationBytes?: number
  /** Memory and swap together; -1 is without limit. */
  readonly memorySwapBytes?: number
  /** From 0 to 100. */
  readonly memorySwappiness?: number
  readonly pids?: number
  /** Cores by number: `0-3`, `0,1`. */
  readonly cpuset?: string
  readonly cpuShares?: number
  readonly cpuPeriodUs?: number
  readonly cpuQuotaUs?: number
  readonly cpuRealtimePeriodUs?: number
  readonly cpuRealtimeRuntimeUs?: number
  readonly cpuCount?: number
  readonly cpuPercent?: number
  readonly block?: BlockLimits
  /** GPUs and other devices (`gpus`, `deploy.resources.reservations.devices`). */
  readonly devices?: readonly DeviceRequest[]
}

/** Limits of reading and writing block devices (compose `blkio_config`); rates per second, in bytes or operations. */
export interface BlockLimits {
  readonly weight?: number
  readonly weightDevices?: readonly { readonly path: string; readonly weight: number }[]
  readonly readBytes?: readonly DeviceRate[]
  readonly readOperations?: readonly DeviceRate[]
  readonly writeBytes?: readonly DeviceRate[]
  readonly writeOperations?: readonly DeviceRate[]
}

export interface DeviceRate {
  readonly path: string
  readonly rate: number
}

/** A request for devices by capability, as the Engine's `DeviceRequests`. */
export interface DeviceRequest {
  readonly driver?: string
  /** How many; -1 is all of them. */
  readonly count?: number
  readonly ids?: readonly string[]
  readonly capabilities?: readonly string[]
  readonly options?: Readonly<Record<string, string>>
}

/** A device of the machine inside a container. */
export interface DeviceMapping {
  readonly source: string
  readonly target: string
  /** Of r, w and m. */
  readonly permissions: string
}

export interface Ulimit {
  readonly soft: number
  readonly hard: number
}

/** A command inside a running instance, after its start or before its stop. */
export interface Hook {
  readonly command: readonly string[]
  readonly user?: string
  readonly privileged?: boolean
  readonly workingDir?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** What only an engine of containers does, each by the name compose has for it. Absent: the engine's own default. */
export interface ContainerOptions {
  readonly name?: string
  readonly hostname?: string
  readonly domainname?: string
  readonly user?: string
  readonly groupAdd?: readonly string[]
  readonly workingDir?: string
  readonly tty?: boolean
  readonly stdinOpen?: boolean
  readonly init?: boolean
  readonly privileged?: boolean
  readonly readOnly?: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly securityOpt?: readonly string[]
  readonly sysctls?: Readonly<Record<string, string>>
  readonly ulimits?: Readonly<Record<string, Ulimit>>
  readonly shmBytes?: number
  readonly devices?: readonly DeviceMapping[]
  readonly deviceCgroupRules?: readonly string[]
  readonly dns?: readonly string[]
  readonly dnsSearch?: readonly string[]
  readonly dnsOptions?: readonly string[]
  /** Host name → addresses, `host-gateway` among them. */
  readonly extraHosts?: readonly { readonly host: string; readonly address: string }[]
  /** `SERVICE` or `SERVICE:ALIAS`; of containers outside the app with `externalLinks`. */
  readonly links?: readonly string[]
  readonly externalLinks?: readonly string[]
  readonly volumesFrom?: readonly VolumesFrom[]
  /** `none`, `host`, `bridge`, `service:NAME`, `container:NAME` or another network's name; `networks` has no meaning then. */
  readonly networkMode?: string
  readonly macAddress?: string
  readonly ipc?: string
  readonly pid?: string
  readonly uts?: string
  readonly usernsMode?: string
  readonly cgroup?: string
  readonly cgroupParent?: string
  readonly isolation?: string
  readonly runtime?: string
  readonly platform?: string
  readonly logging?: { readonly driver?: string; readonly options?: Readonly<Record<string, string>> }
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly storageOptions?: Readonly<Record<string, string>>
  readonly stopSignal?: string
  readonly oomKillDisable?: boolean
  readonly oomScoreAdj?: number
  readonly postStart?: readonly Hook[]
  readonly preStop?: readonly Hook[]
}

export interface VolumesFrom {
  readonly from: 'service' | 'container'
  readonly name: string
  readonly readOnly: boolean
}
