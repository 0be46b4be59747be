// From an image and a group's spec to what the agent starts. Pure.

import type { Probe } from '@pushway/core/app/types.ts'

import type { InstanceIsolation, Program, Word } from '../../../ports/agent.ts'
import type { GroupSpec } from '../../../ports/runtime.ts'
import type { PlacedMounts } from './place-mounts.ts'
import { simplifyProbe } from './probe-command.ts'

/** What the driver needs to know of an image; `ImageConfig` of the image library has it. */
export interface ProcessImage {
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workingDir: string
  readonly exposedPorts: readonly number[]
  readonly healthcheck?: Probe
  readonly base: 'host' | 'image'
  readonly node?: string
  readonly stopSignal?: string
}

export interface ProgramInput {
  readonly spec: GroupSpec
  readonly image: ProcessImage
  /** The unpacked image. */
  readonly tree: string
  /** Folders of the toolchain for PATH. */
  readonly path: readonly string[]
  readonly isolation: InstanceIsolation
  readonly placed: PlacedMounts
  /** Whether an absolute path is in the tree. */
  readonly inTree: (path: string) => boolean
}

/** The program of a group, or one sentence of why there is none. */
export function makeProgram(input: ProgramInput): Program | { readonly problem: string } {
  const { spec, image } = input
  const words = commandOf(spec, image)
  if (words.length === 0) return { problem: 'the image has no command and the service gives none' }
  const ready = probeOf(spec.ready) ?? probeOf(image.healthcheck)
  const live = probeOf(spec.live)
  return {
    tree: input.tree,
    argv: words.map((word) => toWord(word, input.inTree)),
    workingDir: image.workingDir,
    env: { ...image.env, ...spec.env },
    path: input.path,
    ports: portsOf(spec, image, [ready, live]),
    services: spec.services,
    ...(spec.hosts ? { hosts: spec.hosts } : {}),
    mounts: input.placed.program,
    files: input.placed.files,
    ...(ready ? { ready } : {}),
    ...(live ? { live } : {}),
    stopSignal: signalName(image.stopSignal),
    stopGraceMs: spec.stopGraceMs,
    isolation: { ...input.isolation, keep: input.placed.keep },
  }
}

/** As Docker: a given entrypoint also drops the image's own command. */
function commandOf(spec: GroupSpec, image: ProcessImage): readonly string[] {
  if (spec.entrypoint !== undefined) return [...spec.entrypoint, ...(spec.command ?? [])]
  return [...(image.entrypoint ?? []), ...(spec.command ?? image.cmd ?? [])]
}

function toWord(word: string, inTree: (path: string) => boolean): Word {
  return word.startsWith('/') && inTree(word) ? { inTree: word } : word
}

/** The service's own ports first: the first one is PORT. */
function portsOf(spec: GroupSpec, image: ProcessImage, probes: readonly (Probe | undefined)[]): readonly number[] {
  const probed = probes.flatMap((probe) => (probe?.check.kind === 'http' || probe?.check.kind === 'tcp' ? [probe.check.port] : []))
  return [...new Set([...spec.ports.map((port) => port.target), ...image.exposedPorts, ...probed])]
}

function probeOf(probe: Probe | undefined): Probe | undefined {
  return probe && simplifyProbe(probe)
}

/** `TERM`, `SIGTERM` or `15` → `SIGTERM`. */
export function signalName(text: string | undefined): string {
  const name = (text ?? '').trim().toUpperCase()
  const numbers: Readonly<Record<string, string>> = {
    '1': 'SIGHUP',
    '2': 'SIGINT',
    '3': 'SIGQUIT',
    '9': 'SIGKILL',
    '10': 'SIGUSR1',
    '12': 'SIGUSR2',
    '15': 'SIGTERM',
  }
  const full = numbers[name] ?? (name.startsWith('SIG') ? name : `SIG${name}`)
  return /^SIG(HUP|INT|QUIT|KILL|USR1|USR2|TERM|WINCH)$/.test(full) ? full : 'SIGTERM'
}
