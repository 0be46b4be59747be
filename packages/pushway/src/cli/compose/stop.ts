// Stopping and removing containers, with what people see of it.

import type { FoundContainer } from '@pushway/core/compose/run/plan.ts'
import { type Engine, EngineRefusal, runExec, unlessMissing } from '../../util/engine-api/index.ts'
import { findContainers, type ProjectContainer } from './observe.ts'
import { hasFiles, type ProjectSituation, type Situation } from './situation.ts'

/** Stopping may take as long as a service's own grace. */
const patienceMs = 3_600_000

/** Stops what runs, its `pre_stop` hooks first. `timeout`: seconds until it is killed. */
export async function stopContainer(situation: Situation | ProjectSituation, container: FoundContainer, timeout?: number): Promise<void> {
  const { engine, progress } = situation
  if (!['running', 'paused', 'restarting'].includes(container.state)) return
  const id = `Container ${container.name}`
  progress.say(id, 'Stopping')
  if (hasFiles(situation)) await runPreStop(situation, container)
  await engine.tell({ method: 'POST', path: `/containers/${container.id}/stop`, query: { t: timeout }, idleMs: patienceMs }).catch(unlessMissing)
  progress.say(id, 'Stopped')
}

async function runPreStop({ engine, model }: ProjectSituation, { id, service, state }: FoundContainer): Promise<void> {
  for (const hook of model.services[service]?.pre_stop ?? []) {
    if (state !== 'running') return
    const env = Object.fromEntries(Object.entries(hook.environment ?? {}).filter((entry): entry is [string, string] => entry[1] !== null))
    await runExec(engine, id, { argv: hook.command ?? [], env, ...(hook.user ? { user: hook.user } : {}), ...(hook.privileged ? { privileged: true } : {}) })
  }
}

/** Removes a container and the volumes that are only its own. */
export async function removeContainer({ engine, progress }: Situation, { id, name }: FoundContainer, options: { volumes?: boolean } = {}): Promise<void> {
  progress.say(`Container ${name}`, 'Removing')
  await removeById(engine, id, options.volumes ?? true)
  progress.say(`Container ${name}`, 'Removed')
}

async function removeById(engine: Engine, id: string, volumes: boolean): Promise<void> {
  try {
    await engine.tell({ method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: volumes } })
  } catch (error) {
    // Gone, or going.
    if (!(error instanceof EngineRefusal && (error.status === 404 || /already in progress/.test(error.message)))) throw error
  }
}

/** Containers of services that the files do not have. */
export async function findOrphans(situation: ProjectSituation): Promise<readonly ProjectContainer[]> {
  const known = new Set([...Object.keys(situation.model.services), ...situation.project.disabled.keys()])
  return (await findContainers(situation)).filter(({ service }) => !known.has(service))
}
