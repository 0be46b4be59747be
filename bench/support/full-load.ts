// As many requests as an address takes, from one core at most: by wrk where it is, else by our own load.

import { spawn, spawnSync } from 'node:child_process'
import { startLoad } from '../../packages/pushway/src/util/load.ts'

const connections = 32
const longest = '60s'

export interface FullLoad {
  readonly by: 'wrk' | 'own'
  /** Ends it; a request failed when it got no whole answer, or 400 and above (500 and above with our own load). */
  stop(): Promise<{ readonly requests: number; readonly failed: number; readonly seconds: number }>
}

export function startFullLoad(url: string): FullLoad {
  const begun = performance.now()
  const seconds = () => (performance.now() - begun) / 1000
  if (spawnSync('wrk', ['-v']).error) {
    const own = startLoad({ targets: [url], concurrency: connections, keepAlive: true })
    return {
      by: 'own',
      async stop() {
        const took = seconds()
        const { total, failed } = await own.stop()
        return { requests: total, failed, seconds: took }
      },
    }
  }
  const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${longest}`, '--timeout', '10s', url], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return {
    by: 'wrk',
    async stop() {
      // It says what it has seen when it is interrupted.
      child.kill('SIGINT')
      const took = seconds()
      await ended
      return { requests: Number(/(\d+) requests in/.exec(text)?.[1] ?? Number.NaN), failed: failuresOf(text), seconds: took }
    },
  }
}

function failuresOf(text: string): number {
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? []
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? '0'
  return [...errors, refused].reduce((sum, one) => sum + Number(one), 0)
}
