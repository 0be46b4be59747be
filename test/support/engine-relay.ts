// A socket in front of an engine's, which can be cut and restored: an engine that goes away and comes back.

import { rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { tempDir } from './temp.ts'

export interface EngineRelay {
  readonly path: string
  cut(): Promise<void>
  restore(): Promise<void>
  /** When a connection with a long answer is open. */
  connected(): Promise<void>
  close(): Promise<void>
}

/** A relay to the engine's socket. */
export async function openEngineRelay(target: string): Promise<EngineRelay> {
  const path = join(tempDir('relay'), 'engine.sock')
  const sockets = new Set<Socket>()
  let server: Server
  let answered = 0
  const listen = () =>
    new Promise<void>((resolve) => {
      server = createServer((client) => {
        const upstream = connect(target)
        for (const socket of [client, upstream]) {
          sockets.add(socket)
          socket.on('error', () => undefined)
          socket.once('close', () => sockets.delete(socket))
        }
        upstream.on('data', () => answered++)
        client.pipe(upstream).pipe(client)
      })
      server.listen(path, resolve)
    })
  const cut = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
    rmSync(path, { force: true })
  }
  await listen()
  return {
    path,
    cut,
    restore: listen,
    async connected() {
      // The version, then the head of the events.
      for (const before = answered; answered < before + 2; ) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    close: cut,
  }
}
