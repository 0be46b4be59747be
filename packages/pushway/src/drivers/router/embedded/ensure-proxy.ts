// Finds the running proxy of a state folder, starts one, or replaces an older build without a lost request.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import { controlSocket, type ProxyHello, proxyProtocol } from '../../../util/control-socket.ts'
import { programBuild } from '../../../util/program-build.ts'
import { startDetached } from '../../../util/start-detached.ts'
import { callProxy } from './client.ts'
import { readHello } from './schema.ts'

export interface EnsuredProxy {
  readonly socket: string
  /** The build it runs. */
  readonly version: string
  readonly pid: number
  /** It was running already; also when it was replaced by `launch` because it was of another build. */
  readonly adopted: boolean
  readonly replaced: boolean
}

const startMs = 15_000

/**
 * The proxy of `stateDir`. `launch` is the whole argument array that starts one: `[...selfCommand(), 'internal', 'proxy', '--state', DIR]`.
 * Call it again whenever the proxy does not answer: its routes come back from its file.
 * @throws PushwayError `proxy-unreachable`
 */
export async function ensureProxy(options: { readonly stateDir: string; readonly launch: readonly string[] }): Promise<EnsuredProxy> {
  const { stateDir, launch } = options
  const socket = controlSocket(stateDir, 'proxy')
  const build = programBuild(launch)
  const running = await askProxy(socket)
  if (running !== undefined) return adopt(running, { socket, launch, build })
  const child = startDetached(launch, { logFile: join(stateDir, 'proxy.log'), env: { PUSHWAY_PROXY_BUILD: build } })
  child.unref()
  const hello = await waitFor(socket, stateDir, () => true)
  return { socket, version: hello.build, pid: hello.pid, adopted: false, replaced: false }
}

/** What the proxy says about itself; `undefined` when none answers. */
export async function askProxy(socket: string): Promise<ProxyHello | undefined> {
  return callProxy(socket, { method: 'GET', path: '/v1/hello', timeoutMs: 2000 }).then(readHello, () => undefined)
}

/** Asks the proxy to finish what is open and end; returns when it no longer answers. Nothing happens when none does. */
export async function stopProxy(socket: string): Promise<void> {
  if ((await askProxy(socket)) === undefined) return
  // It may be gone before its answer has been read: what counts is that it ends.
  await callProxy(socket, { method: 'POST', path: '/v1/stop' }).catch(() => undefined)
  while ((await askProxy(socket)) !== undefined) await sleep(50)
}

async function adopt(running: ProxyHello, ours: { socket: string; launch: readonly string[]; build: string }): Promise<EnsuredProxy> {
  const { socket, launch, build } = ours
  const speaks = Math.abs(running.protocol - proxyProtocol) <= 1
  if (running.build === build && speaks) return { socket, version: build, pid: running.pid, adopted: true, replaced: false }
  await callProxy(socket, { method: 'POST', path: '/v1/handover', body: { launch, build }, timeoutMs: 30_000 })
  const hello = await waitFor(socket, '', (found) => found.pid !== running.pid)
  return { socket, version: hello.build, pid: hello.pid, adopted: true, replaced: true }
}

async function waitFor(socket: string, stateDir: string, wanted: (hello: ProxyHello) => boolean): Promise<ProxyHello> {
  for (let waited = 0; waited < startMs; waited += 20) {
    const hello = await askProxy(socket)
    if (hello !== undefined && wanted(hello)) return hello
    await sleep(20)
  }
  throw fail('proxy-unreachable', { problem: `it was started and did not answer within ${startMs / 1000} s; see ${join(stateDir, 'proxy.log')}` })
}
