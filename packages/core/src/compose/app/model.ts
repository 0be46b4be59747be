// The normalised project as plain data: what `config --format json` prints, as far as an App is made from it.

import type { Printed, PrintedMap } from '../print-value.ts'

type Texts = readonly string[]
type Pairs = Readonly<Record<string, string>>

export interface FileReferenceModel {
  readonly source: string
  readonly target?: string
  readonly uid?: string
  readonly gid?: string
  /** Octal: `0440`. */
  readonly mode?: string
}

export interface BuildModel {
  readonly context: string
  readonly dockerfile?: string
  readonly dockerfile_inline?: string
  readonly entitlements?: Texts
  readonly args?: Readonly<Record<string, string | null>>
  readonly provenance?: string
  readonly sbom?: string
  readonly ssh?: Texts
  readonly labels?: Pairs
  readonly cache_from?: Texts
  readonly cache_to?: Texts
  readonly no_cache?: boolean
  readonly additional_contexts?: Pairs
  readonly pull?: boolean
  readonly extra_hosts?: Texts
  readonly isolation?: string
  readonly network?: string
  readonly target?: string
  readonly secrets?: readonly FileReferenceModel[]
  readonly shm_size?: string
  readonly tags?: Texts
  readonly ulimits?: UlimitsModel
  readonly platforms?: Texts
  readonly privileged?: boolean
}

export type UlimitsModel = Readonly<Record<string, number | { readonly soft?: number; readonly hard?: number }>>

export interface UpdateModel {
  readonly parallelism?: number
  readonly delay?: string
  readonly failure_action?: string
  readonly monitor?: string
  readonly max_failure_ratio?: number
  readonly order?: 'start-first' | 'stop-first'
}

export interface DeviceRequestModel {
  readonly capabilities?: Texts
  readonly driver?: string
  readonly count?: number
  readonly device_ids?: Texts
  readonly options?: Pairs
}

export interface DeployModel {
  readonly mode?: string
  readonly replicas?: number
  readonly labels?: Pairs
  readonly update_config?: UpdateModel
  readonly rollback_config?: UpdateModel
  readonly resources?: {
    readonly limits?: { readonly cpus?: number; readonly memory?: string; readonly pids?: number }
    readonly reservations?: { readonly cpus?: number; readonly memory?: string; readonly devices?: readonly DeviceRequestModel[] }
  }
  readonly restart_policy?: { readonly condition?: string; readonly delay?: string; readonly max_attempts?: number; readonly window?: string }
}

export interface PortModel {
  readonly name?: string
  readonly mode?: string
  readonly host_ip?: string
  readonly target?: number
  readonly published?: string
  readonly protocol?: string
  readonly app_protocol?: string
}

export interface VolumeMountModel {
  readonly type: string
  readonly source?: string
  readonly target?: string
  readonly read_only?: boolean
  readonly bind?: { readonly selinux?: string; readonly propagation?: string; readonly create_host_path?: boolean; readonly recursive?: string }
  readonly volume?: { readonly nocopy?: boolean; readonly subpath?: string }
  readonly tmpfs?: { readonly size?: string; readonly mode?: number }
  readonly image?: { readonly subpath?: string }
}

export interface ServiceNetworkModel {
  readonly aliases?: Texts
  readonly driver_opts?: Pairs
  readonly gw_priority?: number
  readonly interface_name?: string
  readonly ipv4_address?: string
  readonly ipv6_address?: string
  readonly link_local_ips?: Texts
  readonly mac_address?: string
  readonly priority?: number
}

export interface HookModel {
  readonly command: Texts | null
  readonly user?: string
  readonly privileged?: boolean
  readonly working_dir?: string
  readonly environment?: Readonly<Record<string, string | null>>
}

interface RateModel {
  readonly Path: string
  readonly Rate: string
}

export interface BlkioModel {
  readonly weight?: number
  readonly weight_device?: readonly { readonly Path: string; readonly Weight: number }[]
  readonly device_read_bps?: readonly RateModel[]
  readonly device_read_iops?: readonly RateModel[]
  readonly device_write_bps?: readonly RateModel[]
  readonly device_write_iops?: readonly RateModel[]
}

/** A service. Sizes are decimal texts of bytes, lengths of time Go's texts. */
export interface ServiceModel {
  readonly profiles?: Texts
  readonly annotations?: Pairs
  readonly build?: BuildModel
  readonly blkio_config?: BlkioModel
  readonly cap_add?: Texts
  readonly cap_drop?: Texts
  readonly cgroup_parent?: string
  readonly cgroup?: string
  readonly cpu_count?: number
  readonly cpu_percent?: number
  readonly cpu_period?: number
  readonly cpu_quota?: number
  readonly cpu_rt_period?: number
  readonly cpu_rt_runtime?: number
  readonly cpus?: number
  readonly cpuset?: string
  readonly cpu_shares?: number
  readonly command: Texts | null
  readonly configs?: readonly FileReferenceModel[]
  readonly container_name?: string
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly restart?: boolean; readonly required: boolean }>>
  readonly deploy?: DeployModel
  readonly device_cgroup_rules?: Texts
  readonly devices?: readonly { readonly source?: string; readonly target?: string; readonly permissions?: string }[]
  readonly dns?: Texts
  readonly dns_opt?: Texts
  readonly dns_search?: Texts
  readonly domainname?: string
  readonly entrypoint: Texts | null
  readonly environment?: Readonly<Record<string, string | null>>
  readonly expose?: Texts
  readonly external_links?: Texts
  readonly extra_hosts?: Texts
  readonly group_add?: Texts
  readonly gpus?: readonly DeviceRequestModel[]
  readonly hostname?: string
  readonly healthcheck?: HealthcheckModel
  readonly image?: string
  readonly init?: boolean
  readonly ipc?: string
  readonly isolation?: string
  readonly labels?: Pairs
  readonly links?: Texts
  readonly logging?: { readonly driver?: string; readonly options?: Pairs }
  readonly mem_limit?: string
  readonly mem_reservation?: string
  readonly memswap_limit?: string
  readonly mem_swappiness?: string
  readonly mac_address?: string
  readonly network_mode?: string
  readonly networks?: Readonly<Record<string, ServiceNetworkModel | null>>
  readonly oom_kill_disable?: boolean
  readonly oom_score_adj?: number
  readonly pid?: string
  readonly pids_limit?: number
  readonly platform?: string
  readonly ports?: readonly PortModel[]
  readonly privileged?: boolean
  readonly pull_policy?: string
  readonly read_only?: boolean
  readonly restart?: string
  readonly runtime?: string
  readonly scale?: number
  readonly secrets?: readonly FileReferenceModel[]
  readonly security_opt?: Texts
  readonly shm_size?: string
  readonly stdin_open?: boolean
  readonly stop_grace_period?: string
  readonly stop_signal?: string
  readonly storage_opt?: Pairs
  readonly sysctls?: Pairs
  readonly tmpfs?: Texts
  readonly tty?: boolean
  readonly ulimits?: UlimitsModel
  readonly user?: string
  readonly userns_mode?: string
  readonly uts?: string
  readonly volumes?: readonly VolumeMountModel[]
  readonly volumes_from?: Texts
  readonly working_dir?: string
  readonly post_start?: readonly HookModel[]
  readonly pre_stop?: readonly HookModel[]
}

export interface HealthcheckModel {
  readonly test?: Texts
  readonly timeout?: string
  readonly interval?: string
  readonly retries?: number
  readonly start_period?: string
  readonly start_interval?: string
  readonly disable?: boolean
}

export interface NetworkModel {
  readonly name: string
  readonly driver?: string
  readonly driver_opts?: Pairs
  readonly ipam?: {
    readonly driver?: string
    readonly config?: readonly { readonly subnet?: string; readonly gateway?: string; readonly ip_range?: string; readonly aux_addresses?: Pairs }[]
  }
  readonly external?: boolean
  readonly internal?: boolean
  readonly attachable?: boolean
  readonly labels?: Pairs
  readonly enable_ipv4?: boolean
  readonly enable_ipv6?: boolean
}

export interface VolumeModel {
  readonly name: string
  readonly driver?: string
  readonly driver_opts?: Pairs
  readonly external?: boolean
  readonly labels?: Pairs
}

export interface FileModel {
  readonly name: string
  readonly file?: string
  readonly environment?: string
  readonly content?: string
  readonly external?: boolean
  readonly labels?: Pairs
}

export interface ProjectModel {
  readonly name: string
  readonly services: Readonly<Record<string, ServiceModel>>
  readonly networks?: Readonly<Record<string, NetworkModel>>
  readonly volumes?: Readonly<Record<string, VolumeModel>>
  readonly configs?: Readonly<Record<string, FileModel>>
  readonly secrets?: Readonly<Record<string, FileModel>>
}

/** A printed project as plain data. Its shape is the specification's: the tree was checked against it before. */
export function modelOf(printed: PrintedMap): ProjectModel {
  return plainOf(printed) as ProjectModel
}

function plainOf(value: Printed): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, plainOf(member)]))
  return Array.isArray(value) ? (value as readonly Printed[]).map(plainOf) : value
}
