// What the worker tells the docker command through its environment, and docker's own configuration file.

import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { Engine } from '../../../util/engine-api/index.ts'
import { writeFileAtomic } from '../../../util/files.ts'
import { Secret } from '../../../util/secret.ts'
import { formatReference, parseReference, type Reference } from '../reference.ts'

/** Where the command runs. */
export interface DockerIo {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly stdout: Writable
  readonly stderr: Writable
  readonly stdin: Readable
}

export interface Settings {
  readonly io: DockerIo
  readonly imageStore: string
  readonly buildCache: string
  readonly toolchainCache: string
  /** `127.0.0.1:PORT`; absent in a local run. */
  readonly registry?: string
  readonly token?: Secret
  readonly aliases: readonly string[]
  readonly builder: 'embedded' | 'docker'
  /** Builds by its API; absent: the embedded builder does. */
  readonly engine?: Engine
  /** Folder of docker's config.json. */
  readonly dockerConfig: string
}

/** Reads the settings. Without a worker (a local shell) everything is in the user's cache folder. */
export async function readSettings(io: DockerIo): Promise<Settings> {
  const { env } = io
  const { defaultCacheDir } = await import('../../../util/cache-dir.ts')
  const cache = defaultCacheDir()
  const registry = env.PUSHWAY_REGISTRY || undefined
  return {
    io,
    imageStore: env.PUSHWAY_IMAGE_STORE || join(cache, 'images'),
    buildCache: env.PUSHWAY_BUILD_CACHE || join(cache, 'build'),
    toolchainCache: env.PUSHWAY_TOOLCHAIN_CACHE || cache,
    aliases: (env.PUSHWAY_REGISTRY_ALIASES || 'ghcr.io')
      .split(',')
      .map((alias) => alias.trim())
      .filter((alias) => alias !== ''),
    builder: env.PUSHWAY_BUILDER === 'docker' ? 'docker' : 'embedded',
    dockerConfig: env.DOCKER_CONFIG || join(env.HOME || '.', '.docker'),
    ...(registry ? { registry } : {}),
    ...(env.PUSHWAY_REGISTRY_TOKEN ? { token: new Secret(env.PUSHWAY_REGISTRY_TOKEN) } : {}),
  }
}

/**
 * A reference that may leave this machine: its registry is an alias of the embedded one, or that one itself.
 * @throws PushwayError `registry-not-alias` for every other registry: no credential of ours is ever sent there
 */
export function requireAlias(settings: Settings, text: string): Reference {
  const reference = parseReference(text)
  if (reference.registry !== settings.registry && !settings.aliases.includes(reference.registry)) {
    throw fail('registry-not-alias', { registry: reference.registry, aliases: settings.aliases.join(', ') })
  }
  return reference
}

/** The full name under which the image layout keeps a reference. */
export function fullName(text: string): string {
  return formatReference(parseReference(text))
}

const configFile = z.looseObject({ auths: z.record(z.string(), z.looseObject({ auth: z.string().optional() })).optional() })

function readConfig(dir: string): z.infer<typeof configFile> {
  const file = join(dir, 'config.json')
  if (!existsSync(file)) return {}
  try {
    return configFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw fail('usage', { problem: `${file} is not a Docker configuration.`, hint: 'Mend or remove it.' })
  }
}

/** What `docker login HOST` kept: `user:password` as base64. */
export function readAuth(dir: string, host: string): Secret | undefined {
  const auth = readConfig(dir).auths?.[host]?.auth
  return auth ? new Secret(auth) : undefined
}

/** Keeps a credential, or (without one) forgets it; the rest of the file stays. Gives whether there was one. */
export function writeAuth(dir: string, host: string, auth: Secret | undefined): boolean {
  const config = readConfig(dir)
  const { [host]: before, ...others } = config.auths ?? {}
  if (auth === undefined && before === undefined) return false
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const auths = auth === undefined ? others : { ...others, [host]: { auth: auth.reveal() } }
  writeFileAtomic(join(dir, 'config.json'), JSON.stringify({ ...config, auths }, undefined, 2))
  return before !== undefined
}
