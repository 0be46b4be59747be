// Finds the running agent of a state folder, or starts one.

import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import { type AgentHello, speaksProtocol } from '../../../ports/agent.ts'
import { controlSocket } from '../../../util/control-socket.ts'
import { createAgentClient } from './client.ts'

const startMs = 10_000

export interface EnsuredAgent {
  readonly socket: string
  readonly hello: AgentHello
  /** It ran already. */
  readonly adopted: boolean
}

/**
 * The agent of `stateDir`: adopted when one runs that speaks our protocol, else started detached, with its output in `agent.log`.
 * One that speaks another protocol is asked to end first; what it supervises goes on and is adopted by the new one.
 * `launch` is the whole command that runs it: `[...selfCommand(), 'internal', 'agent', '--state', stateDir]`.
 * @throws PushwayError `agent-unreachable`
 */
export async function ensureAgent(options: { readonly stateDir: string; readonly launch: readonly string[] }): Promise<EnsuredAgent> {
  const { stateDir } = options
  const socket = controlSocket(stateDir, 'agent')
  const client = createAgentClient(socket)
  const running = await client.hello().catch(() => undefined)
  if (running && speaksProtocol(running.protocol)) return { socket, hello: running, adopted: true }
  if (running) process.kill(running.pid, 'SIGTERM')
  startDetached(stateDir, options.launch)
  for (const until = Date.now() + startMs; ; await sleep(25)) {
    const hello = await client.hello().catch(() => undefined)
    if (hello && hello.pid !== running?.pid) return { socket, hello, adopted: false }
    if (Date.now() > until)
      throw fail('agent-unreachable', { problem: `it was started and did not answer within ${startMs / 1000} s; see ${join(stateDir, 'agent.log')}` })
  }
}

/** In a session of its own, so that neither a closed terminal nor the end of the control plane reaches it. */
function startDetached(stateDir: string, launch: readonly string[]): void {
  mkdirSync(stateDir, { recursive: true })
  const log = openSync(join(stateDir, 'agent.log'), 'a', 0o600)
  const [program = '', ...args] = launch
  // Only what it needs: the control plane's environment may hold passwords.
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'XDG_RUNTIME_DIR']
  const env = Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])))
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], env, cwd: '/' })
    child.on('error', () => undefined)
    child.unref()
  } finally {
    closeSync(log)
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
