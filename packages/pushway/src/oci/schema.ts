// Where image JSON enters: manifests, indexes and configurations, checked, with only what we need of them.

import { z } from 'zod'
import { isDigest } from './digest.ts'

const digest = z.string().refine(isDigest, 'is not a sha256 or sha512 digest')

const descriptor = z.object({
  mediaType: z.string().max(255),
  digest,
  size: z.number().int().nonnegative(),
  urls: z.array(z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
export type Descriptor = z.infer<typeof descriptor>

const imageManifest = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptor,
  layers: z.array(descriptor),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
export type ImageManifest = z.infer<typeof imageManifest>

const imageIndex = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  manifests: z.array(descriptor.extend({ platform: z.object({ architecture: z.string(), os: z.string() }).optional() })),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).optional(),
})
export type ImageIndex = z.infer<typeof imageIndex>

/** Go writes absent lists and maps as null. */
const strings = z.array(z.string()).nullish()
const keys = z.record(z.string(), z.unknown()).nullish()

const healthcheck = z.object({
  Test: strings,
  Interval: z.number().nullish(),
  Timeout: z.number().nullish(),
  StartPeriod: z.number().nullish(),
  StartInterval: z.number().nullish(),
  Retries: z.number().nullish(),
})
export type HealthcheckJson = z.infer<typeof healthcheck>

const runConfig = z.object({
  User: z.string().nullish(),
  ExposedPorts: keys,
  Env: strings,
  Entrypoint: strings,
  Cmd: strings,
  Volumes: keys,
  WorkingDir: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  StopSignal: z.string().nullish(),
  Healthcheck: healthcheck.nullish(),
  Shell: strings,
  OnBuild: strings,
})
export type RunConfigJson = z.infer<typeof runConfig>

const configFile = z.object({
  architecture: z.string().optional(),
  os: z.string().optional(),
  created: z.string().nullish(),
  config: runConfig.nullish(),
  rootfs: z.object({ type: z.string(), diff_ids: z.array(z.string()).nullish() }).optional(),
  history: z.array(z.object({ created_by: z.string().nullish(), empty_layer: z.boolean().nullish() })).nullish(),
})
export type ConfigFile = z.infer<typeof configFile>

/** What a check says: the value, or one sentence of what is wrong. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

function check<T>(schema: z.ZodType<T>, bytes: Uint8Array): Checked<T> {
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return { ok: false, problem: 'it is not JSON' }
  }
  const result = schema.safeParse(json)
  if (result.success) return { ok: true, value: result.data }
  const issue = result.error.issues[0]
  return { ok: false, problem: `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is wrong'}` }
}

/** Reads an image manifest, OCI's or Docker's schema 2. */
export function checkImageManifest(bytes: Uint8Array): Checked<ImageManifest> {
  return check(imageManifest, bytes)
}

/** Reads an image index or Docker manifest list. */
export function checkImageIndex(bytes: Uint8Array): Checked<ImageIndex> {
  return check(imageIndex, bytes)
}

/** Reads an image's configuration. */
export function checkConfigFile(bytes: Uint8Array): Checked<ConfigFile> {
  return check(configFile, bytes)
}
