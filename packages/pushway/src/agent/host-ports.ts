// Ports of this machine for instances: below the range that outgoing connections use.

import { createServer } from 'node:net'

const first = 18_000
const count = 14_000

/** Whether `port` can be bound on the loopback address now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** A free port that is not in `taken`. Random, so that two agents rarely try the same one. */
export async function pickPort(taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < 500; tries++) {
    const port = first + Math.floor(Math.random() * count)
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Error(`no free port between ${first} and ${first + count}`)
}
