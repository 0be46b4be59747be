// App: one model of what runs, for every front end (compose, later Kubernetes) and every runtime.

import type { Digest, Milliseconds } from '../text/ids.ts'
import type { ContainerOptions, Resources, RestartPolicy, Ulimit, UpdatePolicy } from './container.ts'
import type { AppFile, AppNetwork, AppVolume, Mount, NetworkAttachment } from './parts.ts'

/** How to find out whether an instance is well. Follows compose's `healthcheck` and Kubernetes' probes. */
export interface Probe {
  readonly check:
    | { readonly kind: 'http'; readonly path: string; readonly port: number }
    | { readonly kind: 'tcp'; readonly port: number }
    /** An argument array; `shell` is the user's own CMD-SHELL string. */
    | { readonly kind: 'command'; readonly argv: readonly string[] }
    | { readonly kind: 'shell'; readonly line: string }
  readonly intervalMs: Milliseconds
  readonly timeoutMs: Milliseconds
  /** Failures in a row before the instance counts as failed. */
  readonly retries: number
  /** Failures before this much time has passed since the start do not count. */
  readonly startPeriodMs: Milliseconds
  /** Between two checks during the start period; `intervalMs` when absent. */
  readonly startIntervalMs?: Milliseconds
}

/** A port the service listens on inside; `published` is the port on this machine that leads to it. */
export interface Port {
  readonly target: number
  readonly published?: number
  /** The address `published` is bound to; every address when absent. */
  readonly host?: string
  readonly protocol: 'http' | 'tcp' | 'udp'
  /** The end of a range of ports that begins with `published`: any free one of them. */
  readonly publishedTo?: number
  /** Any free port of this machine leads to it; `published` is absent then. */
  readonly ephemeral?: boolean
  /** `host`: the instance's machine publishes it, without a router between. */
  readonly mode?: 'ingress' | 'host'
  readonly name?: string
}

/** Where a service's image comes from, before a release pins it. */
export type ImageSource = { readonly kind: 'image'; readonly reference: string } | ({ readonly kind: 'build' } & BuildSource)

/** What an image is built from. `context` is relative to the repository, absolute, or the address of a remote one. */
export interface BuildSource {
  readonly context: string
  readonly dockerfile: string
  readonly target?: string
  readonly image?: string
  readonly options?: BuildOptions
}

/** The rest of compose's `build`, each by the name the specification has for it. */
export interface BuildOptions {
  /** Without a value (`null`): from the environment of the build. */
  readonly args?: Readonly<Record<string, string | null>>
  /** The text of a Dockerfile, instead of the file. */
  readonly dockerfileInline?: string
  readonly additionalContexts?: Readonly<Record<string, string>>
  readonly labels?: Readonly<Record<string, string>>
  readonly tags?: readonly string[]
  readonly platforms?: readonly string[]
  readonly cacheFrom?: readonly string[]
  readonly cacheTo?: readonly string[]
  readonly noCache?: boolean
  readonly pull?: boolean
  readonly network?: string
  readonly extraHosts?: readonly { readonly host: string; readonly address: string }[]
  readonly secrets?: readonly { readonly source: string; readonly id: string }[]
  readonly ssh?: readonly { readonly id: string; readonly path?: string }[]
  readonly shmBytes?: number
  readonly ulimits?: Readonly<Record<string, Ulimit>>
  readonly privileged?: boolean
  readonly entitlements?: readonly string[]
  readonly provenance?: string
  readonly sbom?: string
  readonly isolation?: string
}

/** An image by digest: what a release pins. `repository` is without registry host: `acme/hello`. */
export interface PinnedImage {
  readonly repository: string
  readonly digest: Digest
  /** How it was found: pushed by this run, built when the release was made, resolved once. */
  readonly origin: 'pushed' | 'built' | 'resolved'
  /** It binds an address that only one instance of the service can have. */
  readonly exclusive?: boolean
}

export interface Service {
  readonly name: string
  readonly image: ImageSource
  readonly command?: readonly string[]
  readonly entrypoint?: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly ports: readonly Port[]
  readonly ready?: Probe
  readonly live?: Probe
  readonly dependsOn: readonly Dependency[]
  readonly replicas: number
  readonly stopGraceMs: Milliseconds
  readonly mounts?: readonly Mount[]
  /** The app's `default` network when absent. */
  readonly networks?: readonly NetworkAttachment[]
  readonly restart?: RestartPolicy
  readonly resources?: Resources
  readonly update?: UpdatePolicy
  readonly rollback?: UpdatePolicy
  readonly container?: ContainerOptions
  /** When the image is pulled again; `missing` when absent. `every` is with `pullEveryMs`. */
  readonly pull?: 'always' | 'never' | 'missing' | 'build' | 'every'
  readonly pullEveryMs?: Milliseconds
  readonly profiles?: readonly string[]
  /** Runs to its end, instead of on and on (`deploy.mode`); `global` is one instance a machine. */
  readonly mode?: 'replicated' | 'global' | 'replicated-job' | 'global-job'
}

export interface Dependency {
  readonly service: string
  readonly condition: 'started' | 'healthy' | 'completed'
  /** Restarted together with the service it depends on. */
  readonly restart?: boolean
  /** `false`: when it is not there, the service starts all the same, with a warning. */
  readonly required?: boolean
}

export interface App {
  /** The compose project: the prefix of names. */
  readonly name?: string
  readonly services: readonly Service[]
  /** By key, as services name them. */
  readonly networks?: Readonly<Record<string, AppNetwork>>
  readonly volumes?: Readonly<Record<string, AppVolume>>
  readonly configs?: Readonly<Record<string, AppFile>>
  readonly secrets?: Readonly<Record<string, AppFile>>
}
