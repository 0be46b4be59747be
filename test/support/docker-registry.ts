// Debian's docker-registry (the reference implementation) on a port of its own, for tests and benchmarks.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import { tempDir } from './temp.ts'

export interface DockerRegistry {
  readonly host: string
  readonly url: string
  readonly pid: number
  /** As after `kill -9`, and again on the same port with the same files. */
  pause(): Promise<void>
  resume(): Promise<void>
  stop(): Promise<void>
}

export interface DockerRegistryOptions {
  /** Lines of an htpasswd file with bcrypt hashes. */
  readonly htpasswd?: string
  /** Where tokens are given, and the certificate (PEM) that they are signed with. */
  readonly token?: { readonly realm: string; readonly service: string; readonly issuer: string; readonly certificate: string }
}

/** Starts it. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const dir = tempDir('docker-registry')
  const host = `127.0.0.1:${await freePort()}`
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    http: { addr: host },
    ...(options.htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'test', path: join(dir, 'htpasswd') } } }),
    ...(options.token === undefined ? {} : { auth: { token: { ...options.token, certificate: undefined, rootcertbundle: join(dir, 'ca.pem') } } }),
  }
  // JSON is YAML.
  writeFileSync(join(dir, 'config.yml'), JSON.stringify(config))
  if (options.htpasswd !== undefined) writeFileSync(join(dir, 'htpasswd'), options.htpasswd)
  if (options.token !== undefined) writeFileSync(join(dir, 'ca.pem'), options.token.certificate)
  const launch = async () => {
    const child = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
    for (let left = 200; left > 0; left--) {
      if (await fetch(`http://${host}/v2/`).catch(() => undefined)) return child
      if (child.exitCode !== null) break
      await sleep(50)
    }
    throw new Error('docker-registry does not start')
  }
  let child = await launch()
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  return {
    host,
    url: `http://${host}`,
    get pid() {
      return child.pid ?? 0
    },
    pause: end,
    async resume() {
      child = await launch()
    },
    stop: end,
  }
}
