// From a service's resources and container options to the Engine API's HostConfig. Pure.

import type { BlockLimits, ContainerOptions, DeviceRate, Resources, RestartPolicy } from '@pushway/core/app/container.ts'

type Json = Readonly<Record<string, unknown>>

/** Members that are undefined are left out: the engine has defaults of its own. */
export function compact(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
}

/** The limits of `Resources` that the engine enforces. */
export const enforcedResources = [
  'cpus',
  'memoryBytes',
  'memoryReservationBytes',
  'memorySwapBytes',
  'memorySwappiness',
  'pids',
  'cpuset',
  'cpuShares',
  'cpuPeriodUs',
  'cpuQuotaUs',
  'cpuRealtimePeriodUs',
  'cpuRealtimeRuntimeUs',
  'cpuCount',
  'cpuPercent',
  'block',
  'devices',
] as const satisfies readonly (keyof Resources)[]

export function resourceConfig(resources: Resources): Json {
  const { block, devices } = resources
  return compact({
    NanoCpus: resources.cpus === undefined ? undefined : Math.round(resources.cpus * 1e9),
    Memory: resources.memoryBytes,
    MemoryReservation: resources.memoryReservationBytes,
    MemorySwap: resources.memorySwapBytes,
    MemorySwappiness: resources.memorySwappiness,
    PidsLimit: resources.pids,
    CpusetCpus: resources.cpuset,
    CpuShares: resources.cpuShares,
    CpuPeriod: resources.cpuPeriodUs,
    CpuQuota: resources.cpuQuotaUs,
    CpuRealtimePeriod: resources.cpuRealtimePeriodUs,
    CpuRealtimeRuntime: resources.cpuRealtimeRuntimeUs,
    CpuCount: resources.cpuCount,
    CpuPercent: resources.cpuPercent,
    ...(block ? blockConfig(block) : {}),
    DeviceRequests: devices?.map((one) =>
      compact({
        Driver: one.driver,
        Count: one.count,
        DeviceIDs: one.ids,
        Capabilities: one.capabilities ? [one.capabilities] : undefined,
        Options: one.options,
      }),
    ),
  })
}

function blockConfig(block: BlockLimits): Json {
  const rates = (list: readonly DeviceRate[] | undefined) => list?.map(({ path, rate }) => ({ Path: path, Rate: rate }))
  return {
    BlkioWeight: block.weight,
    BlkioWeightDevice: block.weightDevices?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(block.readBytes),
    BlkioDeviceReadIOps: rates(block.readOperations),
    BlkioDeviceWriteBps: rates(block.writeBytes),
    BlkioDeviceWriteIOps: rates(block.writeOperations),
  }
}

/** The options of `ContainerOptions` that reach the engine. */
export const honouredOptions = [
  'name',
  'hostname',
  'domainname',
  'user',
  'groupAdd',
  'workingDir',
  'tty',
  'stdinOpen',
  'init',
  'privileged',
  'readOnly',
  'capAdd',
  'capDrop',
  'securityOpt',
  'sysctls',
  'ulimits',
  'shmBytes',
  'devices',
  'deviceCgroupRules',
  'dns',
  'dnsSearch',
  'dnsOptions',
  'extraHosts',
  'volumesFrom',
  'networkMode',
  'macAddress',
  'ipc',
  'pid',
  'uts',
  'usernsMode',
  'cgroup',
  'cgroupParent',
  'isolation',
  'runtime',
  'platform',
  'logging',
  'labels',
  'annotations',
  'storageOptions',
  'stopSignal',
  'oomKillDisable',
  'oomScoreAdj',
  'postStart',
  'preStop',
] as const satisfies readonly (keyof ContainerOptions)[]

/** Options that name another container, with that container's id filled in. */
export interface SharedWith {
  readonly networkMode?: string
  readonly ipc?: string
  readonly pid?: string
  readonly volumesFrom: readonly string[]
}

export function optionConfig(options: ContainerOptions, shared: SharedWith): Json {
  return compact({
    Init: options.init,
    Privileged: options.privileged,
    ReadonlyRootfs: options.readOnly,
    CapAdd: options.capAdd,
    CapDrop: options.capDrop,
    SecurityOpt: options.securityOpt,
    Sysctls: options.sysctls,
    Ulimits: options.ulimits && Object.entries(options.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
    ShmSize: options.shmBytes,
    Devices: options.devices?.map(({ source, target, permissions }) => ({ PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions })),
    DeviceCgroupRules: options.deviceCgroupRules,
    Dns: options.dns,
    DnsSearch: options.dnsSearch,
    DnsOptions: options.dnsOptions,
    GroupAdd: options.groupAdd,
    IpcMode: shared.ipc,
    PidMode: shared.pid,
    UTSMode: options.uts,
    UsernsMode: options.usernsMode,
    CgroupnsMode: options.cgroup,
    CgroupParent: options.cgroupParent,
    Isolation: options.isolation,
    Runtime: options.runtime,
    LogConfig: options.logging && compact({ Type: options.logging.driver ?? 'json-file', Config: options.logging.options ?? {} }),
    Annotations: options.annotations,
    StorageOpt: options.storageOptions,
    OomKillDisable: options.oomKillDisable,
    OomScoreAdj: options.oomScoreAdj,
    VolumesFrom: shared.volumesFrom.length > 0 ? shared.volumesFrom : undefined,
  })
}

/** Absent: it is started again, always. The engine waits longer and longer between starts, whatever `delayMs` says. */
export function restartConfig(restart: RestartPolicy | undefined): Json {
  if (restart === undefined) return { Name: 'always' }
  return restart.policy === 'on-failure' ? { Name: 'on-failure', MaximumRetryCount: restart.maxRetries ?? 0 } : { Name: restart.policy }
}
