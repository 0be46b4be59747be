// The agent: one long-lived process that supervises every instance of this machine. It outlives the control plane, the instances outlive it.

import { chmodSync, mkdirSync } from 'node:fs'
import type { Server } from 'node:http'
import { type AgentHello, agentBuildVariable, agentProtocol, protocolHeader, speaksProtocol } from '../ports/agent.ts'
import { controlSocket } from '../util/control-socket.ts'
import { callJson, type JsonAnswer, type JsonRequest, serveJson } from '../util/json-socket.ts'
import { isAgentGroup, isCount, isRecord } from './schema.ts'
import { Supervisor } from './supervisor.ts'

export interface AgentOptions {
  readonly stateDir: string
  /** Absent: the place that belongs to `stateDir`. */
  readonly socket?: string
  readonly log?: (line: string) => void
}

/**
 * Runs the agent until SIGTERM or SIGINT, or until it is asked to end, and ends the process then; instances go on.
 * @throws Error when another agent serves this folder, or its desired-state file can't be read: it is left as it is
 */
export async function runAgent(options: AgentOptions): Promise<never> {
  const { stateDir } = options
  const log = options.log ?? ((line: string) => process.stderr.write(`${new Date().toISOString()} ${line}\n`))
  mkdirSync(stateDir, { recursive: true })
  // Instances reach their own folder through it, where folders can't be covered.
  chmodSync(stateDir, 0o711)
  const socket = options.socket ?? controlSocket(stateDir, 'agent')
  if (await answers(socket)) throw new Error(`another agent serves ${stateDir}`)
  const supervisor = new Supervisor(stateDir, log)
  // A mistake in one instance's handling must not end the watch over all others.
  process.on('uncaughtException', (error) => log(`unexpected: ${error.stack ?? error.message}`))
  await new Promise<void>((resolve, reject) => {
    const hello: AgentHello = { version: process.env[agentBuildVariable] ?? 'unknown', protocol: agentProtocol, pid: process.pid }
    let server: Server | undefined
    const end = (instances: boolean) => {
      supervisor.close(instances).then(() => closeServer(server).then(resolve), reject)
    }
    process.once('SIGTERM', () => end(false))
    process.once('SIGINT', () => end(false))
    const handle = (request: JsonRequest) => Promise.resolve(handleRequest(request, { supervisor, hello, end }))
    serveJson({ socket, maxBody: 4 * 1024 * 1024, handle }).then((listening) => {
      server = listening
      supervisor.resume()
      log(`agent ${process.pid} serves ${stateDir}`)
    }, reject)
  })
  // Handles of running instances would keep the process for ever.
  process.exit(0)
}

/** Lets the last answer out. */
function closeServer(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 500).unref()
    if (server) server.close(() => resolve())
    else resolve()
  })
}

async function answers(socket: string): Promise<boolean> {
  try {
    await callJson({ socket, method: 'GET', path: '/v1/hello', headers: { [protocolHeader]: String(agentProtocol) }, timeoutMs: 2000 })
    return true
  } catch {
    return false
  }
}

interface Served {
  readonly supervisor: Supervisor
  readonly hello: AgentHello
  readonly end: (instances: boolean) => void
}

const done: JsonAnswer = { status: 200, body: {} }

/** The routes. Everything is idempotent. */
function handleRequest(request: JsonRequest, served: Served): JsonAnswer {
  const url = new URL(request.path, 'http://agent')
  const route = `${request.method} ${url.pathname}`
  if (route === 'GET /v1/hello') return { status: 200, body: served.hello }
  if (!speaksProtocol(Number(request.headers[protocolHeader]))) {
    return refused(426, `this agent speaks protocol ${agentProtocol}, not ${String(request.headers[protocolHeader])}`)
  }
  const body = isRecord(request.body) ? request.body : {}
  switch (route) {
    case 'GET /v1/groups':
      return { status: 200, body: served.supervisor.observe(url.searchParams.get('environment') ?? undefined) }
    case 'PUT /v1/groups':
      if (!isAgentGroup(body)) return refused(400, 'that is not a group')
      served.supervisor.ensure(body)
      return done
    case 'POST /v1/scale':
      if (typeof body.id !== 'string' || !isCount(body.replicas)) return refused(400, 'that is not a number of instances of a group')
      return served.supervisor.scale(body.id, body.replicas) ? done : refused(404, `there is no group ${body.id}`)
    case 'POST /v1/remove':
      if (typeof body.id !== 'string') return refused(400, 'that names no group')
      served.supervisor.remove(body.id)
      return done
    case 'POST /v1/shutdown':
      served.end(body.instances === true)
      return done
    default:
      return refused(404, `the agent has no ${route}`)
  }
}

function refused(status: number, error: string): JsonAnswer {
  return { status, body: { error } }
}
