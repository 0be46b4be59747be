// pushway compose down: stops and removes what `up` made, those that depend on others first.

import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import { dependencyWaves, readDependsOn } from '@pushway/core/compose/run/plan.ts'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { EngineRefusal } from '../../util/engine-api/index.ts'
import { numberOption } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers, type ProjectContainer } from './observe.ts'
import { verbAction } from './run-verb.ts'
import { hasFiles, openNamed, type ProjectSituation, type Situation } from './situation.ts'
import { removeContainer, stopContainer } from './stop.ts'
import { imageName } from './up/image-name.ts'
import { removeNetworks, removeVolumes } from './up/shared-parts.ts'

interface DownOptions {
  readonly volumes?: boolean
  readonly rmi?: 'all' | 'local'
  readonly removeOrphans?: boolean
  readonly timeout?: string
}

/** Adds `pushway compose down`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('down')
    .description('Stops and removes containers and networks. Until the next up nothing answers: to update, up alone is enough.')
    .argument('[services...]', 'only the containers of these')
    .option('-v, --volumes', 'also the volumes, with what is in them')
    .addOption(new Option('--rmi <which>', 'also images: all, or local for those without a name of their own').choices(['all', 'local']))
    .option('--remove-orphans', 'also containers of services that the files do not have')
    .option('-t, --timeout <seconds>', 'how long a container may take to stop')
    .action(verbAction<DownOptions>(context, down))
}

async function down(global: GlobalOptions, services: readonly string[], options: DownOptions): Promise<void> {
  const situation = openNamed(global)
  const timeout = numberOption('--timeout', options.timeout)
  const found = (await findContainers(situation, { oneOff: options.removeOrphans ? 'with' : 'without', services })).filter(
    (container) => options.removeOrphans || isKnown(situation, container),
  )
  if (found.length === 0) process.stderr.write(`No container of the project ${situation.name} is there.\n`)
  if (found.some(({ state }) => state === 'running') && process.env.PUSHWAY_OWN_COMPOSE === '1')
    process.stderr.write(`This is an outage: until up has run, nothing of ${situation.name} answers. Without down, up replaces only what changed.\n`)
  // Each wave is what nothing left depends on.
  const graph = Object.fromEntries(found.map(({ service, labels }) => [service, { depends_on: dependencies(labels) }]))
  for (const wave of dependencyWaves(graph).toReversed()) {
    const members = found.filter(({ service }) => wave.includes(service))
    await Promise.all(members.map((container) => stopContainer(situation, container, timeout)))
    await Promise.all(members.map((container) => removeContainer(situation, container, { volumes: options.volumes === true })))
  }
  if (services.length > 0) return
  await removeNetworks(situation)
  if (options.volumes) await removeVolumes(situation)
  if (options.rmi && hasFiles(situation)) await removeImages(situation, options.rmi)
}

function isKnown(situation: Situation | ProjectSituation, { service }: ProjectContainer): boolean {
  return !hasFiles(situation) || service in situation.model.services || situation.project.disabled.has(service)
}

function dependencies(labels: Readonly<Record<string, string>>) {
  return Object.fromEntries(readDependsOn(labels[composeLabel.dependsOn]).map((name) => [name, { condition: 'service_started', required: true }]))
}

async function removeImages({ engine, progress, name: project, model }: ProjectSituation, which: 'all' | 'local'): Promise<void> {
  const images = Object.entries(model.services).flatMap(([key, service]) => (which === 'all' || !service.image ? [imageName(project, key, service)] : []))
  for (const image of new Set(images)) {
    progress.say(`Image ${image}`, 'Removing')
    try {
      await engine.tell({ method: 'DELETE', path: `/images/${image}` })
      progress.say(`Image ${image}`, 'Removed')
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error
      progress.say(`Image ${image}`, error.status === 404 ? 'Warning: No resource found to remove' : 'Resource is still in use')
    }
  }
}
