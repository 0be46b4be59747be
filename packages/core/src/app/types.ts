// App: one model of what runs, for every front end (compose, later Kubernetes) and every runtime.

import type { Digest, Milliseconds } from '../text/ids.ts'

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
}

/** A port the service listens on inside; `published` is the port on this machine that leads to it. */
export interface Port {
  readonly target: number
  readonly published?: number
  /** The address `published` is bound to; every address when absent. */
  readonly host?: string
  readonly protocol: 'http' | 'tcp'
}

/** Where a service's image comes from, before a release pins it. */
export type ImageSource =
  | { readonly kind: 'image'; readonly reference: string }
  | { readonly kind: 'build'; readonly context: string; readonly dockerfile: string; readonly target?: string; readonly image?: string }

/** An image by digest: what a release pins. `repository` is without registry host: `acme/hello`. */
export interface PinnedImage {
  readonly repository: string
  readonly digest: Digest
  /** How it was found: pushed by this run, built when the release was made, resolved once. */
  readonly origin: 'pushed' | 'built' | 'resolved'
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
}

export interface Dependency {
  readonly service: string
  readonly condition: 'started' | 'healthy' | 'completed'
}

export interface App {
  readonly services: readonly Service[]
}
