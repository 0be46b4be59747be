// Where the container engine is: DOCKER_HOST, the docker command's context, or the usual sockets of Docker and Podman.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { readContext, readDockerConfig } from './schema.ts'

/** Where an engine listens, and how that was found out. */
export type EngineAddress = { readonly foundBy: string } & (
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: EngineTls }
)

/** The files of a TLS connection, as PEM texts. */
export interface EngineTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly verify: boolean
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home?: string
  readonly uid?: number
}

/**
 * The engine that the docker command would use, else a usual socket that is there; undefined when there is none.
 * The order is the docker command's own: DOCKER_HOST, DOCKER_CONTEXT, the configuration's current context, then sockets.
 * @throws PushwayError `engine-address` for an address of a kind that is not spoken here, or a context that is not there
 */
export function findEngine({ env, home = homedir(), uid = process.getuid?.() ?? 0 }: Surroundings): EngineAddress | undefined {
  const configDir = env.DOCKER_CONFIG || join(home, '.docker')
  if (env.DOCKER_HOST) return parseAddress(env.DOCKER_HOST, { foundBy: 'DOCKER_HOST', tls: tlsFromEnvironment(env, configDir) })
  const context = env.DOCKER_CONTEXT || currentContext(configDir)
  if (context !== undefined && context !== 'default') return contextAddress(configDir, context)
  const runtimeDir = env.XDG_RUNTIME_DIR || `/run/user/${uid}`
  const sockets = [
    '/var/run/docker.sock',
    join(runtimeDir, 'docker.sock'),
    join(home, '.docker/run/docker.sock'),
    ...(uid === 0 ? ['/run/podman/podman.sock'] : [join(runtimeDir, 'podman/podman.sock'), '/run/podman/podman.sock']),
  ]
  const path = sockets.find((socket) => existsSync(socket))
  return path === undefined ? undefined : { kind: 'unix', path, foundBy: 'the usual socket' }
}

/** An engine's address in words: `unix:///var/run/docker.sock`. */
export function describeAddress(address: EngineAddress): string {
  return address.kind === 'unix' ? `unix://${address.path}` : `tcp://${address.host}:${address.port}`
}

/** Reads `unix:///path`, `tcp://host:port`, `http(s)://host:port`. @throws PushwayError `engine-address` */
function parseAddress(text: string, from: { readonly foundBy: string; readonly tls: EngineTls | undefined }): EngineAddress {
  const { foundBy, tls } = from
  const unix = /^unix:\/\/(\/.+)$/.exec(text)
  if (unix?.[1]) return { kind: 'unix', path: unix[1], foundBy }
  const tcp = /^(tcp|http|https):\/\/(\[[0-9a-fA-F:]+\]|[^/:]+)(?::(\d{1,5}))?\/?$/.exec(text)
  if (!tcp?.[2]) throw fail('engine-address', { address: text, foundBy })
  const secure = tls ?? (tcp[1] === 'https' ? { verify: true } : undefined)
  const host = tcp[2].replace(/^\[|\]$/g, '')
  return { kind: 'tcp', host, port: Number(tcp[3] ?? (secure ? 2376 : 2375)), foundBy, ...(secure ? { tls: secure } : {}) }
}

/** DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, as the docker command reads them. */
function tlsFromEnvironment(env: Surroundings['env'], configDir: string): EngineTls | undefined {
  const verify = (env.DOCKER_TLS_VERIFY ?? '') !== ''
  if (!verify && (env.DOCKER_TLS ?? '') === '') return undefined
  return readTls(env.DOCKER_CERT_PATH || configDir, verify)
}

function readTls(dir: string, verify: boolean): EngineTls {
  const text = (name: string) => {
    const file = join(dir, name)
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined
  }
  const [ca, cert, key] = [text('ca.pem'), text('cert.pem'), text('key.pem')]
  return { verify, ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) }
}

function currentContext(configDir: string): string | undefined {
  return readDockerConfig(readOr(join(configDir, 'config.json')))?.currentContext
}

/** A context's folder is named by the sha256 of its name. */
function contextAddress(configDir: string, name: string): EngineAddress {
  const id = createHash('sha256').update(name).digest('hex')
  const foundBy = `the context ${name}`
  const endpoint = readContext(readOr(join(configDir, 'contexts/meta', id, 'meta.json')))
  if (endpoint === undefined) throw fail('engine-address', { address: `(context ${name})`, foundBy })
  const tlsDir = join(configDir, 'contexts/tls', id, 'docker')
  const tls = existsSync(tlsDir) ? readTls(tlsDir, !endpoint.skipVerify) : undefined
  return parseAddress(endpoint.host, { foundBy, tls })
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
