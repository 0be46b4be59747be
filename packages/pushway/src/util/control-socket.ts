// Where a long-lived process of ours listens for its control plane, and which protocol the two speak.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The proxy's control protocol. A control plane and a proxy understand each other when their numbers differ by one at most. */
export const proxyProtocol = 1

/** What `GET /v1/hello` of the proxy answers. */
export interface ProxyHello {
  readonly program: 'pushway-proxy'
  readonly protocol: number
  /** Which program file it runs, as `programBuild` names it. */
  readonly build: string
  readonly pid: number
  readonly startedAt: number
}

// A socket's path has room for 104 bytes on macOS, 108 on Linux; a process adds its id to it.
const longestPath = 88

/**
 * The control socket of the process `name` whose state is in `stateDir`: inside it, or in a short private folder
 * under the system's temporary one when that path would be too long (`NAME.socket` in `stateDir` then says where).
 */
export function controlSocket(stateDir: string, name: string): string {
  const dir = resolve(stateDir)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const inside = join(dir, `${name}.sock`)
  if (Buffer.byteLength(inside) <= longestPath) return inside
  const short = join(tmpdir(), `pushway-${process.getuid?.() ?? 0}-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`)
  mkdirSync(short, { recursive: true, mode: 0o700 })
  const socket = join(short, `${name}.sock`)
  writeFileSync(join(dir, `${name}.socket`), `${socket}\n`, { mode: 0o600 })
  return socket
}
