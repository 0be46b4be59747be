// What an image says about how to run it.

import type { Probe } from '@pushway/core/app/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { buildLabels } from './media-types.ts'
import { readChecked } from './read.ts'
import { type ConfigFile, checkConfigFile, checkImageManifest, type HealthcheckJson, type ImageManifest } from './schema.ts'

/** An image's own defaults; a service may override each. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Absolute, inside the image: `/` when it says nothing. */
  readonly workingDir: string
  readonly user?: string
  readonly exposedPorts: readonly number[]
  readonly healthcheck?: Omit<Probe, 'check'> & { readonly check: Extract<Probe['check'], { kind: 'command' | 'shell' }> }
  /** `host`: made on the machine's own userland. */
  readonly base: 'host' | 'image'
  /** The Node.js major it wants, for `host`. */
  readonly node?: string
  readonly stopSignal?: string
}

/** Reads manifest and configuration. @throws PushwayError `image-missing`, `image-invalid` */
export async function readImage(blobs: BlobStore, manifestDigest: Digest): Promise<{ manifest: ImageManifest; file: ConfigFile }> {
  if (!(await blobs.has(manifestDigest))) throw fail('image-missing', { image: manifestDigest })
  const manifest = await readChecked(blobs, manifestDigest, checkImageManifest)
  if (!(await blobs.has(manifest.config.digest))) throw fail('image-missing', { image: manifest.config.digest })
  return { manifest, file: await readChecked(blobs, manifest.config.digest, checkConfigFile) }
}

/** The image's configuration in our words. @throws PushwayError `image-missing`, `image-invalid` */
export async function readImageConfig(blobs: BlobStore, manifestDigest: Digest): Promise<ImageConfig> {
  const { manifest, file } = await readImage(blobs, manifestDigest)
  return toImageConfig(manifest, file)
}

/** The same, from documents that were read already: pure. */
export function toImageConfig(manifest: ImageManifest, file: ConfigFile): ImageConfig {
  const run = file.config ?? {}
  const marks = { ...run.Labels, ...manifest.annotations }
  const healthcheck = run.Healthcheck ? toProbe(run.Healthcheck) : undefined
  const node = marks[buildLabels.node]
  return {
    env: Object.fromEntries((run.Env ?? []).map(splitPair)),
    workingDir: run.WorkingDir || '/',
    exposedPorts: Object.keys(run.ExposedPorts ?? {}).flatMap(readPort),
    base: marks[buildLabels.base] === 'host' ? 'host' : 'image',
    ...(run.Entrypoint?.length ? { entrypoint: run.Entrypoint } : {}),
    ...(run.Cmd?.length ? { cmd: run.Cmd } : {}),
    ...(run.User ? { user: run.User } : {}),
    ...(healthcheck ? { healthcheck } : {}),
    ...(node === undefined ? {} : { node }),
    ...(run.StopSignal ? { stopSignal: run.StopSignal } : {}),
  }
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

/** `3000/tcp` → 3000; UDP ports and ranges lead nowhere here. */
function readPort(text: string): number[] {
  const match = /^(\d+)(?:\/tcp)?$/.exec(text)
  return match ? [Number(match[1])] : []
}

/** Durations are nanoseconds; 0 means Docker's default. */
function toProbe(check: HealthcheckJson): ImageConfig['healthcheck'] {
  const [kind, ...rest] = check.Test ?? []
  const ms = (nanoseconds: number | null | undefined, otherwise: number) => (nanoseconds ? nanoseconds / 1e6 : otherwise)
  const timing = {
    intervalMs: ms(check.Interval, 30_000),
    timeoutMs: ms(check.Timeout, 30_000),
    startPeriodMs: ms(check.StartPeriod, 0),
    retries: check.Retries || 3,
  }
  if (kind === 'CMD' && rest.length > 0) return { check: { kind: 'command', argv: rest }, ...timing }
  return kind === 'CMD-SHELL' && rest[0] ? { check: { kind: 'shell', line: rest[0] }, ...timing } : undefined
}
