// Makes a project's containers as they should be: what is missing is made, what changed is replaced, what is right is left alone.

import type { ServiceModel } from '@pushway/core/compose/app/model.ts'
import { containerName } from '@pushway/core/compose/run/labels.ts'
import { type ContainerAction, dependencyWaves, planService, type RecreatePolicy, restartedWith } from '@pushway/core/compose/run/plan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { findContainers, type ProjectContainer } from '../observe.ts'
import type { ProjectSituation } from '../situation.ts'
import { removeContainer, stopContainer } from '../stop.ts'
import { imageName } from './image-name.ts'
import { makeContainer, networksOf, replaceContainer, serviceHash } from './make-container.ts'

export interface ConvergeWishes {
  /** These; the others of the files are left alone. */
  readonly services: readonly string[]
  readonly images: ReadonlyMap<string, string>
  readonly recreate: RecreatePolicy
  readonly renewVolumes: boolean
  readonly scale: Readonly<Record<string, number>>
  readonly timeout?: number
}

/** Services of which a container was replaced. */
export async function converge(situation: ProjectSituation, wishes: ConvergeWishes): Promise<ReadonlySet<string>> {
  const found = await findContainers(situation)
  const recreated = new Set<string>()
  const { services } = situation.model
  for (const wave of dependencyWaves(services)) {
    const keys = wave.filter((key) => wishes.services.includes(key))
    await Promise.all(
      keys.map(async (key) => {
        const actions = planOf(situation, wishes, { key, found: found.filter(({ service }) => service === key) })
        if (actions.some(({ kind }) => kind === 'recreate')) recreated.add(key)
        for (const action of actions) await doAction(situation, wishes, { key, action, found })
      }),
    )
  }
  // Those that ask to be restarted with what they depend on are stopped here; the start comes after.
  for (const key of restartedWith(services, recreated))
    for (const container of found) if (container.service === key && container.state === 'running') await stopContainer(situation, container, wishes.timeout)
  return recreated
}

/** How many instances of a service there are to be. */
function replicasOf(situation: ProjectSituation, key: string, scale: Readonly<Record<string, number>>): number {
  const service = situation.model.services[key] as ServiceModel
  return scale[key] ?? service.scale ?? service.deploy?.replicas ?? 1
}

function planOf(situation: ProjectSituation, wishes: ConvergeWishes, at: { key: string; found: readonly ProjectContainer[] }): readonly ContainerAction[] {
  const { key, found } = at
  const model = situation.model.services[key] as ServiceModel
  const replicas = replicasOf(situation, key, wishes.scale)
  if (replicas > 1 && model.container_name !== undefined)
    throw fail('usage', {
      problem: `Service ${key} has the container_name ${model.container_name}, so there can be only one of it, not ${replicas}.`,
      hint: 'Take container_name away.',
    })
  const networks = networksOf(situation, model).map(({ name }) => name)
  return planService({ name: key, hash: serviceHash(situation, key), image: wishes.images.get(key), replicas, networks }, found, wishes.recreate)
}

async function doAction(
  situation: ProjectSituation,
  wishes: ConvergeWishes,
  { key, action, found }: { readonly key: string; readonly action: ContainerAction; readonly found: readonly ProjectContainer[] },
): Promise<void> {
  const { progress, name: project, model } = situation
  const service = model.services[key] as ServiceModel
  const image = imageName(project, key, service)
  const wanted = (number: number) => ({
    ...{ key, number, image, imageId: wishes.images.get(key) ?? '' },
    name: containerName({ project, service: key, number, own: service.container_name }),
  })
  switch (action.kind) {
    case 'create': {
      const one = wanted(action.number)
      progress.say(`Container ${one.name}`, 'Creating')
      await makeContainer(situation, one)
      return progress.say(`Container ${one.name}`, 'Created')
    }
    case 'recreate': {
      const old = found.find(({ id }) => id === action.container.id) as ProjectContainer
      progress.say(`Container ${old.name}`, 'Recreate')
      await replaceContainer(situation, old, {
        ...wanted(old.number),
        renewVolumes: wishes.renewVolumes,
        ...(wishes.timeout === undefined ? {} : { timeout: wishes.timeout }),
      })
      return progress.say(`Container ${old.name}`, 'Recreated')
    }
    case 'keep':
      if (action.container.state === 'running') progress.say(`Container ${action.container.name}`, 'Running')
      return
    case 'remove': {
      await stopContainer(situation, action.container, wishes.timeout)
      return removeContainer(situation, action.container)
    }
  }
}
