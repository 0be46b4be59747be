// What the engine answers, checked where it enters. Only members that are used; others may come and go with versions.

import { z } from 'zod'

const texts = z.record(z.string(), z.string())
const orEmpty = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined)

export const versionAnswer = z.object({
  Version: z.string().default(''),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
  Os: z.string().default('linux'),
  Arch: z.string().default(''),
  Components: orEmpty(z.array(z.object({ Name: z.string().default('') }))),
})

export const infoAnswer = z.object({
  ID: z.string().default(''),
  Name: z.string().default(''),
  OperatingSystem: z.string().default(''),
  NCPU: z.number().default(0),
  MemTotal: z.number().default(0),
  SecurityOptions: orEmpty(z.array(z.string())),
  DockerRootDir: z.string().default(''),
  Driver: z.string().default(''),
})
export type EngineInfo = z.infer<typeof infoAnswer>

export const createdAnswer = z.object({ Id: z.string(), Warnings: orEmpty(z.array(z.string())) })

const portEntry = z.object({ IP: z.string().optional(), PrivatePort: z.number(), PublicPort: z.number().optional(), Type: z.string() })

export const containerSummary = z.object({
  Id: z.string(),
  Names: orEmpty(z.array(z.string())),
  Image: z.string().default(''),
  ImageID: z.string().default(''),
  Created: z.number().default(0),
  State: z.string().default(''),
  Status: z.string().default(''),
  Labels: orEmpty(texts),
  Ports: orEmpty(z.array(portEntry)),
  Command: z.string().default(''),
  NetworkSettings: z.object({ Networks: orEmpty(z.record(z.string(), z.unknown())) }).nullish(),
  Mounts: orEmpty(z.array(z.object({ Name: z.string().optional(), Source: z.string().default('') }))),
})
export type ContainerSummary = z.infer<typeof containerSummary>

const healthcheck = z.object({
  Test: orEmpty(z.array(z.string())),
  Interval: z.number().optional(),
  Timeout: z.number().optional(),
  Retries: z.number().optional(),
  StartPeriod: z.number().optional(),
})

const endpoint = z.object({
  IPAddress: z.string().default(''),
  GlobalIPv6Address: z.string().optional(),
  Aliases: orEmpty(z.array(z.string())),
  NetworkID: z.string().default(''),
})

const binding = z.object({ HostIp: z.string().default(''), HostPort: z.string().default('') })

const state = z.object({
  Status: z.string(),
  Running: z.boolean().default(false),
  Restarting: z.boolean().default(false),
  OOMKilled: z.boolean().default(false),
  Pid: z.number().default(0),
  ExitCode: z.number().default(0),
  Error: z.string().default(''),
  StartedAt: z.string().default(''),
  FinishedAt: z.string().default(''),
  Health: z
    .object({
      Status: z.string().default(''),
      FailingStreak: z.number().default(0),
      Log: orEmpty(z.array(z.object({ ExitCode: z.number().default(0), Output: z.string().default('') }))),
    })
    .nullish(),
})

export const containerDetails = z.object({
  Id: z.string(),
  Name: z.string().default(''),
  Created: z.string().default(''),
  Image: z.string().default(''),
  RestartCount: z.number().default(0),
  State: state,
  Config: z.object({
    Image: z.string().default(''),
    Tty: z.boolean().default(false),
    Labels: orEmpty(texts),
    Env: orEmpty(z.array(z.string())),
    Healthcheck: healthcheck.nullish(),
    ExposedPorts: orEmpty(z.record(z.string(), z.unknown())),
  }),
  NetworkSettings: z.object({
    IPAddress: z.string().default(''),
    Networks: orEmpty(z.record(z.string(), endpoint)),
    Ports: orEmpty(z.record(z.string(), z.array(binding).nullish())),
  }),
  Mounts: orEmpty(z.array(z.object({ Type: z.string().default(''), Name: z.string().optional(), Source: z.string().default(''), Destination: z.string() }))),
})
export type ContainerDetails = z.infer<typeof containerDetails>

export const imageDetails = z.object({
  Id: z.string(),
  Created: z.string().default(''),
  RepoTags: orEmpty(z.array(z.string())),
  RepoDigests: orEmpty(z.array(z.string())),
  Size: z.number().default(0),
  Os: z.string().default(''),
  Architecture: z.string().default(''),
  Config: z
    .object({
      Labels: orEmpty(texts),
      Healthcheck: healthcheck.nullish(),
      ExposedPorts: orEmpty(z.record(z.string(), z.unknown())),
      Volumes: orEmpty(z.record(z.string(), z.unknown())),
      User: z.string().default(''),
      StopSignal: z.string().optional(),
      Env: orEmpty(z.array(z.string())),
      Cmd: orEmpty(z.array(z.string())),
      Entrypoint: orEmpty(z.array(z.string())),
      WorkingDir: z.string().default(''),
    })
    .nullish(),
})
export type ImageDetails = z.infer<typeof imageDetails>

const pool = z.object({
  Subnet: z.string().optional(),
  Gateway: z.string().optional(),
  IPRange: z.string().optional(),
  AuxiliaryAddresses: orEmpty(texts),
})

export const networkDetails = z.object({
  Id: z.string().default(''),
  Name: z.string(),
  Driver: z.string().default(''),
  Internal: z.boolean().default(false),
  Attachable: z.boolean().default(false),
  Labels: orEmpty(texts),
  IPAM: z.object({ Driver: z.string().nullish(), Config: orEmpty(z.array(pool)) }).nullish(),
  Containers: orEmpty(z.record(z.string(), z.object({ Name: z.string().default(''), IPv4Address: z.string().default('') }))),
})
export type NetworkDetails = z.infer<typeof networkDetails>

export const volumeDetails = z.object({ Name: z.string(), Driver: z.string().default(''), Mountpoint: z.string().default(''), Labels: orEmpty(texts) })
export const volumeList = z.object({ Volumes: orEmpty(z.array(volumeDetails)) })

export const execDetails = z.object({ ID: z.string().optional(), Running: z.boolean().default(false), ExitCode: z.number().nullish() })

export const waitAnswer = z.object({ StatusCode: z.number(), Error: z.object({ Message: z.string().default('') }).nullish() })

export const eventMessage = z.object({
  Type: z.string().default(''),
  Action: z.string().default(''),
  Actor: z.object({ ID: z.string().default(''), Attributes: orEmpty(texts) }),
  time: z.number().default(0),
  timeNano: z.number().default(0),
})
export type EngineEvent = z.infer<typeof eventMessage>

/** One line of the progress of a pull, load, build or push. */
export const progressMessage = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  stream: z.string().optional(),
  progress: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).nullish(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string().default('') }).nullish(),
  aux: z.unknown().optional(),
})
export type EngineProgress = z.infer<typeof progressMessage>

export const statsAnswer = z.object({
  read: z.string().default(''),
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: z.number().default(0), percpu_usage: orEmpty(z.array(z.number())) }),
    system_cpu_usage: z.number().optional(),
    online_cpus: z.number().optional(),
  }),
  memory_stats: z
    .object({ usage: z.number().optional(), limit: z.number().optional(), stats: orEmpty(z.record(z.string(), z.number())) })
    .default({ stats: undefined }),
  pids_stats: z.object({ current: z.number().nullish() }).nullish(),
  networks: orEmpty(z.record(z.string(), z.object({ rx_bytes: z.number().default(0), tx_bytes: z.number().default(0) }))),
})

const errorAnswer = z.object({ message: z.string().optional(), cause: z.string().optional() })

/** The sentence of an error answer; the raw text when it is none. */
export function errorMessage(text: string): string {
  const value = parseJson(text)
  const found = errorAnswer.safeParse(value)
  const message = found.success ? (found.data.message ?? found.data.cause) : undefined
  return (message ?? text).trim().replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 500)
}

const dockerConfig = z.object({ currentContext: z.string().optional() })

export function readDockerConfig(text: string): { readonly currentContext?: string | undefined } | undefined {
  const found = dockerConfig.safeParse(parseJson(text))
  return found.success ? found.data : undefined
}

const contextMeta = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string(), SkipTLSVerify: z.boolean().default(false) }) }) })

/** The docker endpoint of a context's `meta.json`. */
export function readContext(text: string): { readonly host: string; readonly skipVerify: boolean } | undefined {
  const found = contextMeta.safeParse(parseJson(text))
  return found.success ? { host: found.data.Endpoints.docker.Host, skipVerify: found.data.Endpoints.docker.SkipTLSVerify } : undefined
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const topAnswer = z.object({ Titles: z.array(z.string()), Processes: orEmpty(z.array(z.array(z.string()))) })
