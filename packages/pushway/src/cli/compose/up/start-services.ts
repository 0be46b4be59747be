// Starts a project's containers in the order of their dependencies, each when what it depends on is as it asks.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceModel } from '@pushway/core/compose/app/model.ts'
import { dependencyWaves } from '@pushway/core/compose/run/plan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { runExec } from '../../../util/engine-api/index.ts'
import { findContainers, inspectContainer, type ProjectContainer } from '../observe.ts'
import type { ProjectSituation } from '../situation.ts'
import { refusalOf } from './make-container.ts'

const lookEveryMs = 150

/** Starts what does not run. @throws PushwayError `compose-dependency`, `engine-refused` (a port that is taken) */
export async function startServices(situation: ProjectSituation, keys: readonly string[]): Promise<void> {
  const { services } = situation.model
  const asked = new Map<string, Promise<void>>()
  for (const wave of dependencyWaves(services)) {
    const wanted = wave.filter((key) => keys.includes(key))
    if (wanted.length === 0) continue
    const found = await findContainers(situation)
    await Promise.all(
      wanted.map(async (key) => {
        const own = found.filter(({ service }) => service === key)
        await waitForDependencies(situation, { key, found, asked })
        for (const container of own) if (container.state !== 'running' && container.state !== 'restarting') await startOne(situation, container)
      }),
    )
  }
}

async function startOne(situation: ProjectSituation, container: ProjectContainer): Promise<void> {
  const { engine, progress, model } = situation
  const id = `Container ${container.name}`
  progress.say(id, 'Starting')
  try {
    const verb = container.state === 'paused' ? 'unpause' : 'start'
    await engine.tell({ method: 'POST', path: `/containers/${container.id}/${verb}` })
  } catch (error) {
    progress.say(id, 'Error')
    throw refusalOf(error, `to start ${container.name}`)
  }
  for (const hook of model.services[container.service]?.post_start ?? []) {
    const env = Object.fromEntries(Object.entries(hook.environment ?? {}).filter((entry): entry is [string, string] => entry[1] !== null))
    const request = { argv: hook.command ?? [], env, ...(hook.user ? { user: hook.user } : {}), ...(hook.privileged ? { privileged: true } : {}) }
    const { exit, output } = await runExec(engine, container.id, { ...request, ...(hook.working_dir ? { workingDir: hook.working_dir } : {}) })
    if (exit !== 0)
      throw fail('engine-refused', { what: `a post_start hook of ${container.name}`, problem: `it ended with ${exit}: ${output.trim().slice(-300)}` })
  }
  progress.say(id, 'Started')
}

interface Waiting {
  readonly key: string
  readonly found: readonly ProjectContainer[]
  /** What is waited for already: several may need the same. */
  readonly asked: Map<string, Promise<void>>
}

/** Waits until what service `key` depends on is as it asks. @throws PushwayError `compose-dependency` */
export async function waitForDependencies(situation: ProjectSituation, { key, found, asked }: Waiting): Promise<void> {
  const service = situation.model.services[key] as ServiceModel
  const waits = Object.entries(service.depends_on ?? {}).flatMap(([other, { condition, required }]) => {
    if (condition === 'service_started' || !(other in situation.model.services)) return []
    return found.filter((one) => one.service === other).map(({ id }) => waitOnce(situation, asked, { id, condition, required }))
  })
  await Promise.all(waits)
}

interface Need {
  readonly id: string
  readonly condition: string
  readonly required: boolean
}

function waitOnce(situation: ProjectSituation, asked: Map<string, Promise<void>>, need: Need): Promise<void> {
  const word = `${need.condition} ${need.id}`
  const waiting = asked.get(word) ?? waitForCondition(situation, need)
  asked.set(word, waiting)
  return need.required ? waiting : waiting.catch((error: unknown) => void process.stderr.write(`${error instanceof Error ? error.message : error}\n`))
}

async function waitForCondition(situation: ProjectSituation, { id, condition }: Need): Promise<void> {
  const { engine, progress } = situation
  const first = await inspectContainer(engine, id)
  const name = (first?.Name ?? id).replace(/^\//, '')
  progress.say(`Container ${name}`, 'Waiting')
  for (;;) {
    const now = await inspectContainer(engine, id)
    const answer = conditionOf(now, condition, name)
    if (answer.problem !== undefined) {
      progress.say(`Container ${name}`, 'Error')
      throw fail('compose-dependency', { problem: answer.problem })
    }
    if (answer.met) return progress.say(`Container ${name}`, condition === 'service_healthy' ? 'Healthy' : 'Exited')
    await sleep(lookEveryMs)
  }
}

type Details = Awaited<ReturnType<typeof inspectContainer>>

function conditionOf(details: Details, condition: string, name: string): { readonly met: boolean; readonly problem?: string } {
  if (!details) return { met: false, problem: `container ${name} is gone` }
  const { Status: status, ExitCode: exit, Health: health } = details.State
  const ended = status === 'exited' || status === 'dead'
  if (condition === 'service_completed_successfully') {
    return ended && exit !== 0 ? { met: false, problem: `service "${name}" didn't complete successfully: exit ${exit}` } : { met: ended }
  }
  if (ended) return { met: false, problem: `container ${name} exited (${exit})` }
  if (health?.Status === 'unhealthy') return { met: false, problem: `container ${name} is unhealthy` }
  if (health === null || health === undefined || health.Status === 'none') return { met: false, problem: `container ${name} has no healthcheck configured` }
  return { met: health.Status === 'healthy' }
}

/** Until all run, and those with a check are healthy. @throws PushwayError `compose-wait` */
export async function waitUntilUp(situation: ProjectSituation, keys: readonly string[], timeoutMs: number | undefined): Promise<void> {
  const end = timeoutMs === undefined ? Number.POSITIVE_INFINITY : Date.now() + timeoutMs
  const containers = await findContainers(situation, { services: keys })
  for (const { name } of containers) situation.progress.say(`Container ${name}`, 'Waiting')
  await Promise.all(
    containers.map(async ({ id, name, service }) => {
      for (;;) {
        const details = await inspectContainer(situation.engine, id)
        const status = details?.State.Status
        const health = details?.State.Health?.Status
        if (health === 'unhealthy') throw fail('compose-wait', { problem: `container ${name} is unhealthy` })
        if (status === 'exited' || status === 'dead' || !details) {
          if (details?.State.ExitCode === 0 && isAwaitedToEnd(situation, service)) return
          throw fail('compose-wait', { problem: `container ${name} exited (${details?.State.ExitCode ?? 'gone'})` })
        }
        if (status === 'running' && (!health || health === 'none' || health === 'healthy')) return situation.progress.say(`Container ${name}`, 'Healthy')
        if (Date.now() > end) throw fail('compose-wait', { problem: 'application not healthy after the time of --wait-timeout' })
        await sleep(lookEveryMs)
      }
    }),
  )
}

function isAwaitedToEnd({ model }: ProjectSituation, service: string): boolean {
  return Object.values(model.services).some(({ depends_on: needs }) => needs?.[service]?.condition === 'service_completed_successfully')
}
