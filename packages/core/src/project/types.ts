// Project: what pushway.yml says and the team's own files do not. Every key has a default.

import type { Demand } from '../images/evidence.ts'
import type { EnvironmentName, Milliseconds } from '../text/ids.ts'

export interface Project {
  readonly environments: readonly EnvironmentConfig[]
  /** Which builder the project's `docker build` uses; `auto` follows the machine and the runtimes. */
  readonly builder: 'auto' | 'embedded' | 'docker'
}

export interface EnvironmentConfig {
  readonly name: EnvironmentName
  /** The branch whose runs may deploy here; any branch when absent. */
  readonly branch?: string
  readonly runtime: 'process' | 'docker' | 'kubernetes'
  /** Compose files and overlays, in order; empty: nothing is deployed, the name only gives secrets, protection and a record. */
  readonly files: readonly string[]
  /** File's published port → port on this machine. */
  readonly publish: Readonly<Record<number, number>>
  readonly url?: string
  readonly services: Readonly<Record<string, ServiceHints>>
  /** The workflow that checks a new release end to end, relative to `.github/workflows/`. */
  readonly verify?: { readonly workflow: string }
  readonly approval?: ApprovalRule
  /** What must be proven of each image before it is deployed here; nothing when absent. */
  readonly require?: readonly Demand[]
  /** Take only a release whose digests were verified in that environment. */
  readonly promote?: { readonly from: EnvironmentName; readonly automatic: boolean }
  readonly strategy: Strategy
}

export interface ServiceHints {
  readonly port?: number
  readonly ready?: string
  readonly health?: string
}

export interface ApprovalRule {
  /** Users who may approve; anyone with the right when empty. */
  readonly reviewers: readonly string[]
  readonly required: number
  readonly expiresMs: Milliseconds
  /** Whether who started the run may approve it. */
  readonly self: boolean
}

export type Strategy = RollingStrategy | CanaryStrategy

export interface RollingStrategy {
  readonly kind: 'rolling'
  readonly maxSurge: number
  readonly maxUnavailable: number
  /** How long a batch may take to become ready. */
  readonly readyWithinMs: Milliseconds
  /** How long the new release is watched with all the traffic before the old one goes; 0: strong evidence only, no waiting. */
  readonly watchMs: Milliseconds
  readonly analysis: Analysis
}

export interface CanaryStrategy {
  readonly kind: 'canary'
  /** Shares of traffic in percent, rising; 100 is added as the last when absent. */
  readonly steps: readonly number[]
  /** How long each step is watched. */
  readonly everyMs: Milliseconds
  readonly readyWithinMs: Milliseconds
  readonly analysis: Analysis
}

/** What a new group is judged by, against the old one's same window. */
export interface Analysis {
  /** Highest share of failed requests (5xx and lost), 0..1. */
  readonly maxErrorRate: number
  /** Highest 95th percentile of latency as a factor of the baseline's; absent: not judged. */
  readonly p95Factor?: number
  /** Highest 95th percentile of latency in ms, absolute; absent: not judged. */
  readonly p95Ms?: Milliseconds
  /** Requests the new group must have served before a step may pass. */
  readonly minRequests: number
  /** What to do when there is too little traffic to judge by when the step's time is over. */
  readonly noData: 'hold' | 'pass' | 'fail'
}
