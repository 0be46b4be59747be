// pushway compose stop, start, restart, kill, pause, unpause, rm, wait: what becomes of containers that are there.

import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import { dependencyWaves, readDependsOn } from '@pushway/core/compose/run/plan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { waitAnswer } from '../../util/engine-api/index.ts'
import { numberOption } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers, type ProjectContainer } from './observe.ts'
import { prompt } from './prompt.ts'
import { verbAction } from './run-verb.ts'
import { checkServices, hasFiles, openNamed, type ProjectSituation, type Situation } from './situation.ts'
import { removeContainer, stopContainer } from './stop.ts'
import { startServices, waitUntilUp } from './up/start-services.ts'

interface Options {
  readonly timeout?: string
  readonly signal?: string
  readonly deps?: boolean
  readonly force?: boolean
  readonly stop?: boolean
  readonly volumes?: boolean
  readonly wait?: boolean
  readonly waitTimeout?: string
  readonly downProject?: boolean
  readonly removeOrphans?: boolean
}

/** Adds the verbs. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  const verb = (name: string, description: string) => compose.command(name).description(description).argument('[services...]', 'only these')
  const timeout = ['-t, --timeout <seconds>', 'how long a container may take to stop'] as const
  verb('stop', 'Stops containers; they stay.')
    .option(...timeout)
    .action(verbAction<Options>(context, stop))
  verb('start', 'Starts containers that are there.')
    .option('--wait', 'wait until all run, and those with a check are healthy')
    .option('--wait-timeout <seconds>', 'how long to wait at most')
    .action(verbAction<Options>(context, start))
  verb('restart', 'Stops and starts containers.')
    .option(...timeout)
    .option('--no-deps', 'not those that depend on them')
    .action(verbAction<Options>(context, restart))
  verb('kill', 'Sends a signal to containers.')
    .option('-s, --signal <name>', 'the signal', 'SIGKILL')
    .option('--remove-orphans', 'also containers of services that the files do not have')
    .action(verbAction<Options>(context, kill))
  verb('pause', 'Holds containers where they are.').action(
    verbAction<Options>(context, (global, services) => each(global, services, { from: 'running', verb: 'pause', said: ['Pausing', 'Paused'] })),
  )
  verb('unpause', 'Lets containers go on.').action(
    verbAction<Options>(context, (global, services) => each(global, services, { from: 'paused', verb: 'unpause', said: ['Unpausing', 'Unpaused'] })),
  )
  verb('rm', 'Removes containers that do not run.')
    .option('-f, --force', 'do not ask')
    .option('-s, --stop', 'stop them first')
    .option('-v, --volumes', 'also their volumes without a name')
    .action(verbAction<Options>(context, remove))
  compose
    .command('wait')
    .description('Waits until the containers of services have ended; gives the exit code of the last.')
    .argument('<services...>', 'these')
    .action(verbAction<Options>(context, wait))
}

/** The containers that are meant; those with files in the order in which they depend on each other. */
async function members(
  global: GlobalOptions,
  services: readonly string[],
): Promise<{ situation: Situation | ProjectSituation; waves: readonly (readonly ProjectContainer[])[] }> {
  const situation = openNamed(global)
  if (hasFiles(situation)) checkServices(situation, services)
  const found = (await findContainers(situation, { services })).filter(({ service }) => !hasFiles(situation) || service in situation.model.services)
  const graph = Object.fromEntries(found.map(({ service, labels }) => [service, { depends_on: needs(labels) }]))
  return { situation, waves: dependencyWaves(graph).map((wave) => found.filter(({ service }) => wave.includes(service))) }
}

function needs(labels: Readonly<Record<string, string>>) {
  return Object.fromEntries(readDependsOn(labels[composeLabel.dependsOn]).map((name) => [name, { condition: 'service_started', required: true }]))
}

async function stop(global: GlobalOptions, services: readonly string[], { timeout }: Options): Promise<void> {
  const { situation, waves } = await members(global, services)
  const seconds = numberOption('--timeout', timeout)
  for (const wave of waves.toReversed()) await Promise.all(wave.map((container) => stopContainer(situation, container, seconds)))
}

async function start(global: GlobalOptions, services: readonly string[], options: Options): Promise<void> {
  const { situation, waves } = await members(global, services)
  if (services.length > 0 && waves.length === 0)
    throw fail('usage', { problem: `service "${services[0]}" has no container to start`, hint: 'Make it: pushway compose up -d.' })
  if (!hasFiles(situation)) {
    for (const { id, name, state } of waves.flat()) {
      if (state === 'running') continue
      situation.progress.say(`Container ${name}`, 'Starting')
      await situation.engine.tell({ method: 'POST', path: `/containers/${id}/start` })
      situation.progress.say(`Container ${name}`, 'Started')
    }
    return
  }
  const keys = waves.flat().map(({ service }) => service)
  await startServices(situation, keys)
  const seconds = numberOption('--wait-timeout', options.waitTimeout)
  if (options.wait) await waitUntilUp(situation, keys, seconds === undefined ? undefined : seconds * 1000)
}

async function restart(global: GlobalOptions, services: readonly string[], { timeout, deps }: Options): Promise<void> {
  const { situation, waves } = await members(global, services)
  const again = deps === false || services.length === 0 || !hasFiles(situation) ? [] : await dependents(situation, services)
  for (const { id, name } of [...waves.flat(), ...again]) {
    situation.progress.say(`Container ${name}`, 'Restarting')
    await situation.engine.tell({ method: 'POST', path: `/containers/${id}/restart`, query: { t: numberOption('--timeout', timeout) }, idleMs: 3_600_000 })
    situation.progress.say(`Container ${name}`, 'Started')
  }
}

/** Running containers of services that ask to be restarted with one of these. */
async function dependents(situation: ProjectSituation, services: readonly string[]): Promise<readonly ProjectContainer[]> {
  const keys = Object.entries(situation.model.services)
    .filter(([name, { depends_on: said = {} }]) => !services.includes(name) && services.some((service) => said[service]?.restart === true))
    .map(([name]) => name)
  return keys.length === 0 ? [] : (await findContainers(situation, { services: keys })).filter(({ state }) => state === 'running')
}

async function kill(global: GlobalOptions, services: readonly string[], { signal, removeOrphans }: Options): Promise<void> {
  const situation = openNamed(global)
  if (hasFiles(situation)) checkServices(situation, services)
  const found = (await findContainers(situation, { services })).filter(
    ({ service }) => removeOrphans || !hasFiles(situation) || service in situation.model.services,
  )
  const running = found.filter(({ state }) => state === 'running' || state === 'paused')
  if (running.length === 0) process.stderr.write(`No container of the project ${situation.name} runs.\n`)
  await Promise.all(
    running.map(async ({ id, name }) => {
      situation.progress.say(`Container ${name}`, 'Killing')
      await situation.engine.tell({ method: 'POST', path: `/containers/${id}/kill`, query: { signal } })
      situation.progress.say(`Container ${name}`, 'Killed')
    }),
  )
}

interface Change {
  readonly from: string
  readonly verb: 'pause' | 'unpause'
  readonly said: readonly [string, string]
}

async function each(global: GlobalOptions, services: readonly string[], { from, verb, said }: Change): Promise<void> {
  const { situation, waves } = await members(global, services)
  const meant = waves.flat().filter(({ state }) => state === from)
  await Promise.all(
    meant.map(async ({ id, name }) => {
      situation.progress.say(`Container ${name}`, said[0])
      await situation.engine.tell({ method: 'POST', path: `/containers/${id}/${verb}` })
      situation.progress.say(`Container ${name}`, said[1])
    }),
  )
}

async function remove(global: GlobalOptions, services: readonly string[], options: Options): Promise<void> {
  if (options.stop) await stop(global, services, options)
  const { situation, waves } = await members(global, services)
  const meant = waves.flat().filter(({ state }) => state !== 'running' && state !== 'paused')
  if (meant.length === 0) return void process.stderr.write('No stopped containers\n')
  const names = meant.map(({ name }) => name).join(', ')
  process.stdout.write(`Going to remove ${names}\n`)
  if (!options.force && !(await prompt('Are you sure? [yN] '))) return
  await Promise.all(meant.map((container) => removeContainer(situation, container, { volumes: options.volumes === true })))
}

async function wait(global: GlobalOptions, services: readonly string[]): Promise<number> {
  const { situation, waves } = await members(global, services)
  if (waves.length === 0)
    throw fail('usage', { problem: `No container of ${services.join(', ')} is there to wait for.`, hint: 'Start it: pushway compose up -d.' })
  let last = 0
  await Promise.all(
    waves.flat().map(async ({ id, name }) => {
      const { StatusCode: code } = await situation.engine.call(waitAnswer, { method: 'POST', path: `/containers/${id}/wait`, idleMs: 24 * 3_600_000 })
      process.stdout.write(`container "${name}" exited with status code ${code}\n`)
      last = code
    }),
  )
  return last
}
