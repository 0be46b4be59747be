// Replacing the proxy while it serves: the old process starts its successor, gives it the listening sockets, and finishes what is open.

import type { ChildProcess } from 'node:child_process'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { startDetached } from '../util/start-detached.ts'
import type { TrafficReport } from './traffic.ts'

/** Set in the environment of a successor. */
export const successorVariable = 'PUSHWAY_PROXY_SUCCESSOR'

const startMs = 15_000

type ToSuccessor = { readonly kind: 'listener'; readonly id: string } | { readonly kind: 'go' } | { readonly kind: 'report'; readonly report: TrafficReport }

/** `waiting`: it takes sockets now. Before that a handed one would accept connections that nobody is there to hear of. */
type FromSuccessor = { readonly kind: 'waiting' } | { readonly kind: 'ready' }

interface Successor {
  readonly stateDir: string
  readonly launch: readonly string[]
  readonly build: string
  readonly listeners: readonly { readonly id: string; readonly server: Server }[]
}

/**
 * Starts the successor and waits until it accepts connections and answers its control plane.
 * Rejects, with everything as it was, when it does not get there.
 */
export async function startSuccessor(next: Successor): Promise<ChildProcess> {
  const child = startDetached(next.launch, {
    logFile: join(next.stateDir, 'proxy.log'),
    env: { [successorVariable]: '1', PUSHWAY_PROXY_BUILD: next.build },
    ipc: true,
  })
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`it was not ready within ${startMs / 1000} s`)), startMs)
      child.once('error', (error) => reject(error))
      child.once('exit', (code, signal) => reject(new Error(`it ended with ${signal ?? code}; see proxy.log`)))
      child.on('message', (message: FromSuccessor) => {
        if (message.kind === 'ready') {
          clearTimeout(timer)
          resolve()
          return
        }
        for (const { id, server } of next.listeners) tell(child, { kind: 'listener', id }, server)
        tell(child, { kind: 'go' })
      })
    })
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  child.removeAllListeners('exit')
  child.removeAllListeners('message')
  child.unref()
  return child
}

/** Tells the successor what this process still answers. Resolves when it is written. */
export function reportTo(child: ChildProcess, report: TrafficReport): Promise<void> {
  return new Promise((resolve) => {
    if (!child.connected) return resolve()
    child.send({ kind: 'report', report } satisfies ToSuccessor, () => resolve())
  })
}

function tell(child: ChildProcess, message: ToSuccessor, server?: Server): void {
  child.send(message, server, (error) => {
    if (error) child.kill('SIGKILL')
  })
}

/** In a successor: the listening servers of the predecessor, by route id. They accept from here on: `onReady` is told at once. */
export function receiveListeners(): Promise<Map<string, Server>> {
  const handed = new Map<string, Server>()
  return new Promise((resolve) => {
    const take = (message: ToSuccessor, server: unknown): void => {
      if (message.kind === 'listener') handed.set(message.id, holdConnections(server as Server))
      if (message.kind !== 'go') return
      process.off('message', take)
      resolve(handed)
    }
    process.on('message', take)
    process.send?.({ kind: 'waiting' } satisfies FromSuccessor)
  })
}

/** A handed server accepts at once: what comes before its route is loaded waits here. */
function holdConnections(server: Server): Server {
  const held: unknown[] = []
  const hold = (socket: unknown) => held.push(socket)
  server.on('connection', hold)
  server.once('newListener', function onListener(event: string) {
    if (event !== 'connection') return void server.once('newListener', onListener)
    server.off('connection', hold)
    setImmediate(() => {
      for (const socket of held) server.emit('connection', socket)
    })
  })
  return server
}

/** In a successor: everything is running; the predecessor may stop accepting. */
export function tellReady(): void {
  process.send?.({ kind: 'ready' } satisfies FromSuccessor)
}

/** In a successor: what the predecessor reports until it is gone. */
export function followPredecessor(take: (report: TrafficReport) => void, gone: () => void): void {
  process.on('message', (message: ToSuccessor) => {
    if (message.kind === 'report') take(message.report)
  })
  process.once('disconnect', gone)
  if (!process.connected) gone()
}
