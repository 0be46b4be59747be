// Words for stories that are told against a real server: push and wait, look, ask, find processes.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { DeploymentView, JobView, RunView } from '@pushway/core/views/types.ts'
import { expect } from 'vitest'
import { signIn } from '../../packages/pushway/src/cli/sign-in.ts'
import { askProxy } from '../../packages/pushway/src/drivers/router/embedded/index.ts'
import { createAgentClient } from '../../packages/pushway/src/drivers/runtime/process/client.ts'
import { type ApiClient, createClient } from '../../packages/pushway/src/http/client.ts'
import { controlSocket } from '../../packages/pushway/src/util/control-socket.ts'
import { readWorkerIdentity } from '../../packages/pushway/src/util/job-spool.ts'
import { type LoadRequest, startLoad } from '../../packages/pushway/src/util/load.ts'
import { isSameProcess, processStartTime } from '../../packages/pushway/src/util/process-identity.ts'
import { freePort } from './free-port.ts'
import { type ServerOptions, startServer, type TestServer } from './server.ts'
import type { PushOutcome, TinyProject } from './tiny-project.ts'

/** Looks again and again until it gives something; says what it waited for when it never does. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, ms = 25_000): Promise<T> {
  let last: unknown
  for (const end = Date.now() + ms; Date.now() < end; await sleep(60)) {
    try {
      const found = await look()
      if (found !== undefined && found !== false) return found
    } catch (error) {
      last = error
    }
  }

  throw new Error(`still waiting for ${what} after ${ms} ms${last instanceof Error ? `: ${last.message}` : ''}`)
}

/** The run that a push has started. */
export function runOf(server: TestServer, project: TinyProject, push: PushOutcome): Promise<RunView> {
  return until(`the run of ${push.branch}`, async () => {
    const runs = await server.client.runs(project.name)
    const found = runs.find((run) => run.sha === push.commit && run.ref === `refs/heads/${push.branch}`)
    return found && server.client.run(project.name, found.number)
  })
}

/** A run, once it has ended. */
export function runEnds(server: TestServer, project: TinyProject, run: Pick<RunView, 'number'>, ms?: number): Promise<RunView> {
  return until(
    `run ${run.number} to end`,
    async () => {
      const view = await server.client.run(project.name, run.number)
      return view.status === 'finished' && view
    },
    ms,
  )
}

/** Pushes and waits for the end of the run. */
export async function ship(server: TestServer, project: TinyProject, branch: string): Promise<RunView> {
  const push = await project.push(server, branch)
  expect(push).toMatchObject({ exit: 0 })
  return runEnds(server, project, await runOf(server, project, push))
}

/** Ships and expects that it went well. */
export async function shipped(server: TestServer, project: TinyProject, branch: string): Promise<RunView> {
  const run = await ship(server, project, branch)
  expect([run.conclusion, ...run.jobs.map((one) => one.why?.sentence)].join('; ')).toMatch(/^success/)
  return run
}

/** A job of a run by its key. */
export function job(run: RunView, key: string): JobView {
  const found = run.jobs.find((one) => one.key === key)
  if (!found) throw new Error(`run ${run.number} has no job ${key}: ${run.jobs.map((one) => one.key).join(', ')}`)
  return found
}

/** The deployment that a push leads to, once it is there. */
export async function deploymentOf(server: TestServer, project: TinyProject, push: PushOutcome): Promise<DeploymentView> {
  const { number } = await runOf(server, project, push)
  return until(`the deployment of run ${number}`, async () => {
    const run = await server.client.run(project.name, number)
    const id = run.jobs.find((one) => one.deployment !== undefined)?.deployment
    return id !== undefined && server.client.deployment(id)
  })
}

/** A deployment, once it is as wanted. */
export function deploymentIs(
  server: Pick<TestServer, 'client'>,
  id: string,
  wanted: (view: DeploymentView) => boolean | undefined,
  { what = 'to change', ms }: { what?: string; ms?: number } = {},
): Promise<DeploymentView> {
  let seen = ''
  return until(
    `deployment ${what}`,
    async () => {
      const view = await server.client.deployment(id)
      seen = `${view.status}: ${view.why.sentence}`
      return wanted(view) && view
    },
    ms,
  ).catch((error: Error) => {
    throw new Error(`${error.message} (${seen})`)
  })
}

/** A deployment, once it is over. */
export function deploymentEnds(server: Pick<TestServer, 'client'>, id: string, ms?: number): Promise<DeploymentView> {
  return deploymentIs(server, id, (view) => view.status === 'done', { what: 'to end', ...(ms === undefined ? {} : { ms }) })
}

export interface Answer {
  readonly status: number
  readonly version: string
  /** Made up by the process when it started. */
  readonly process: string
  readonly token: string
}

/** One request to a service. */
export async function ask(url: string): Promise<Answer> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000), headers: { connection: 'close' } })
  const body = (await answer.json()) as Omit<Answer, 'status'>
  return { status: answer.status, ...body }
}

/** The processes and versions that answer, asked often enough to meet every instance. */
export async function answering(url: string): Promise<{ readonly processes: readonly string[]; readonly versions: readonly string[] }> {
  const answers: Answer[] = []
  for (let turn = 0; turn < 12; turn++) answers.push(await ask(url))
  const distinct = <T>(values: readonly T[]) => [...new Set(values)].sort()
  return { processes: distinct(answers.map((one) => one.process)), versions: distinct(answers.map((one) => one.version)) }
}

/** What answers, once both instances do: a new instance gets its first request up to a second after it is ready. */
export function bothAnswer(url: string): ReturnType<typeof answering> {
  return until('both instances to answer', async () => {
    const found = await answering(url)
    return found.processes.length === 2 && found
  })
}

export interface SteadyLoad {
  /** How many requests were sent and what became of those that were not answered well, as `status: how many`; status 0 is no answer. */
  stop(): Promise<{ readonly total: number; readonly failed: Readonly<Record<string, number>>; readonly first?: string }>
}

/** A steady load: enough to judge by, little enough for two cores. */
export function steadyLoad(...targets: readonly string[]): SteadyLoad {
  const failed: Record<string, number> = {}
  const onResult = ({ status }: LoadRequest) => {
    if (status === 0 || status >= 400) failed[status] = (failed[status] ?? 0) + 1
  }
  const load = startLoad({ targets, concurrency: 12, ratePerSecond: 60, keepAlive: true, timeoutMs: 15_000, onResult })
  return {
    async stop() {
      const { total, firstFailure } = await load.stop()
      return { total, failed, ...(firstFailure ? { first: firstFailure } : {}) }
    },
  }
}

/** A server on a port that stays its own when it is started again. */
export async function startSteady(options: ServerOptions = {}): Promise<TestServer> {
  return startServer({ port: await freePort(), ...options })
}

/** Starts the server of a data folder again: the same port, the same token. */
export function startAgain({ data, token, url }: TestServer, options: ServerOptions = {}): Promise<TestServer> {
  return startServer({ data, token, port: Number(new URL(url).port), ...options })
}

/** The pid of the agent of a data folder. */
export async function agentPid(data: string): Promise<number> {
  return (await createAgentClient(controlSocket(join(data, 'agent'), 'agent')).hello()).pid
}

/** The pid of the proxy of a data folder. */
export async function proxyPid(data: string): Promise<number> {
  const hello = await askProxy(controlSocket(join(data, 'proxy'), 'proxy'))
  if (!hello) throw new Error('no proxy answers')
  return hello.pid
}

/** The pid of the worker that runs a job now. */
export function workerPid(data: string, run: string, key: string): Promise<number> {
  return until(`the worker of ${key}`, () => {
    const found = readWorkerIdentity(join(data, 'jobs', run, `${key}-1`))
    return found && isSameProcess(found.pid, found.startTime) && found.pid
  })
}

/** Whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const since = processStartTime(pid)
  return since !== undefined && isSameProcess(pid, since)
}

/** Another user who may write to a project, signed in. */
export async function anotherUser(server: TestServer, project: TinyProject, name: string): Promise<ApiClient> {
  const made = await server.client.createUser(name)
  await server.client.setMember(project.name, name, 'write')
  const { token } = await signIn(server.url, { token: made.signIn.token }, 'tests')
  return createClient({ url: server.url, token })
}

/** What a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof PushwayError)) throw new Error(`it was not refused as it should be: ${error}`)
  return { code: error.code, message: error.message }
}

/** Every file below a folder. */
export function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name)
    return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : []
  })
}
