// A real S3-compatible server (MinIO) on a port of its own with a bucket, for tests and benchmarks.

import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Place } from '../../packages/pushway/src/drivers/blobs/s3/index.ts'
import { signRequest } from '../../packages/pushway/src/drivers/blobs/s3/sign.ts'
import { Secret } from '../../packages/pushway/src/util/secret.ts'
import { freePort } from './free-port.ts'
import { tempDir } from './temp.ts'

export interface Minio {
  readonly place: S3Place
  /** Where it keeps its files. */
  readonly dir: string
  /** For the S3 settings of a server. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const id = 'pushway-test'
const secret = 'pushway-test-secret'

/** Starts it and makes the bucket `blobs`. */
export async function startMinio(): Promise<Minio> {
  const dir = tempDir('minio')
  const port = await freePort()
  const env = { ...process.env, MINIO_ROOT_USER: id, MINIO_ROOT_PASSWORD: secret, MINIO_BROWSER: 'off', HOME: dir }
  const child = spawn('minio', ['server', '--quiet', '--address', `127.0.0.1:${port}`, `${dir}/data`], { env, stdio: 'ignore' })
  const endpoint = new URL(`http://127.0.0.1:${port}`)
  const key = { id, secret: new Secret(secret) }
  await makeBucket(child, new URL('/blobs', endpoint), key)
  return {
    place: { endpoint, bucket: 'blobs', prefix: '', region: 'us-east-1', key },
    dir: `${dir}/data`,
    env: { AWS_ENDPOINT_URL_S3: endpoint.origin, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret },
    async stop() {
      if (child.exitCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function makeBucket(child: ChildProcess, url: URL, key: S3Place['key']): Promise<void> {
  for (let left = 300; ; left--) {
    const headers = signRequest({ method: 'PUT', url, headers: {}, body: new Uint8Array(), region: 'us-east-1', key, now: Date.now() })
    const { host: _, ...sent } = headers
    const answer = await fetch(url, { method: 'PUT', headers: sent }).catch(() => undefined)
    if (answer?.ok) return
    if (child.exitCode !== null || left === 0) throw new Error(`minio does not start: ${answer ? await answer.text() : `exit ${child.exitCode}`}`)
    await sleep(100)
  }
}
