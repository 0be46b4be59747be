// Finds the running agent of a state folder, or starts one.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import { type AgentHello, agentBuildVariable, speaksProtocol } from '../../../ports/agent.ts'
import { controlSocket } from '../../../util/control-socket.ts'
import { programBuild } from '../../../util/program-build.ts'
import { startDetached } from '../../../util/start-detached.ts'
import { type AgentClient, createAgentClient } from './client.ts'

const startMs = 10_000

export interface EnsuredAgent {
  readonly socket: string
  readonly hello: AgentHello
  /** One ran already; also when it was replaced because it was of another build. */
  readonly adopted: boolean
  readonly replaced: boolean
}

/**
 * The agent of `stateDir`: adopted when one runs, else started detached, with its output in `agent.log`. One of another build, or that
 * speaks another protocol, is asked to end first; what it supervises goes on and is adopted by the new one.
 * `launch` is the whole command that runs it: `[...selfCommand(), 'internal', 'agent', '--state', stateDir]`.
 * @throws PushwayError `agent-unreachable`
 */
export async function ensureAgent(options: { readonly stateDir: string; readonly launch: readonly string[] }): Promise<EnsuredAgent> {
  const { stateDir, launch } = options
  const socket = controlSocket(stateDir, 'agent')
  const client = createAgentClient(socket)
  const build = programBuild(launch)
  const running = await client.hello().catch(() => undefined)
  if (running && running.version === build && speaksProtocol(running.protocol)) return { socket, hello: running, adopted: true, replaced: false }
  if (running) await endAgent(running, client)
  startDetached(launch, { logFile: join(stateDir, 'agent.log'), env: { [agentBuildVariable]: build } }).unref()
  for (const until = Date.now() + startMs; ; await sleep(25)) {
    const hello = await client.hello().catch(() => undefined)
    if (hello && hello.pid !== running?.pid) return { socket, hello, adopted: running !== undefined, replaced: running !== undefined }
    if (Date.now() > until) {
      throw fail('agent-unreachable', { problem: `it was started and did not answer within ${startMs / 1000} s; see ${join(stateDir, 'agent.log')}` })
    }
  }
}

/** Waits until it is gone: two agents would both restart what ends. */
async function endAgent(running: AgentHello, client: AgentClient): Promise<void> {
  process.kill(running.pid, 'SIGTERM')
  for (const until = Date.now() + startMs; (await client.hello().catch(() => undefined))?.pid === running.pid; await sleep(25)) {
    if (Date.now() > until) throw fail('agent-unreachable', { problem: `the one of another build (pid ${running.pid}) does not end` })
  }
}

/** Ends the agent of `socket`; with `instances`, everything it runs is stopped first. Nothing happens when none answers. */
export async function stopAgent(socket: string, instances: boolean): Promise<void> {
  const client = createAgentClient(socket)
  const hello = await client.hello().catch(() => undefined)
  if (!hello) return
  await client.shutdown(instances)
  while (
    await client.hello().then(
      () => true,
      () => false,
    )
  )
    await sleep(50)
}
