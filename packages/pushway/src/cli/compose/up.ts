// pushway compose up and create: images first, then containers, then their start; what is as it should be is not touched.

import type { RecreatePolicy } from '@pushway/core/compose/run/plan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { type Command, Option } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { attach } from './attach.ts'
import { collectPairs, numberOption } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers } from './observe.ts'
import { verbAction } from './run-verb.ts'
import { checkServices, openProject, type ProjectSituation } from './situation.ts'
import { findOrphans, removeContainer, stopContainer } from './stop.ts'
import { converge } from './up/converge.ts'
import { obtainImages } from './up/service-images.ts'
import { ensureSharedParts } from './up/shared-parts.ts'
import { startServices, waitUntilUp } from './up/start-services.ts'

export interface UpOptions {
  readonly detach?: boolean
  readonly build: boolean | undefined
  readonly deps: boolean
  readonly start: boolean
  readonly recreate: boolean
  readonly forceRecreate?: boolean
  readonly alwaysRecreateDeps?: boolean
  readonly removeOrphans?: boolean
  readonly renewAnonVolumes?: boolean
  readonly scale?: Readonly<Record<string, string>>
  readonly pull?: string
  readonly quietPull?: boolean
  readonly timeout?: string
  readonly wait?: boolean
  readonly waitTimeout?: string
  readonly abortOnContainerExit?: boolean
  readonly abortOnContainerFailure?: boolean
  readonly exitCodeFrom?: string
  readonly color: boolean
  readonly logPrefix: boolean
  readonly timestamps?: boolean
}

/** Adds `pushway compose up` and `create`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  convergeFlags(compose.command('up').description('Creates and starts containers.'))
    .option('-d, --detach', 'run in the background')
    .option('--no-start', 'only create')
    .option('--no-deps', 'not what they depend on')
    .option('--wait', 'wait until all run, and those with a check are healthy; in the background')
    .option('--wait-timeout <seconds>', 'how long to wait at most')
    .option('--abort-on-container-exit', 'stop all when one stops')
    .option('--abort-on-container-failure', 'stop all when one fails')
    .option('--exit-code-from <service>', "give that service's exit code; stops all when one stops")
    .option('--no-color', 'no colours')
    .option('--no-log-prefix', 'no names before lines')
    .option('--timestamps', 'the time before each line')
    .action(verbAction<UpOptions>(context, up))
  convergeFlags(compose.command('create').description('Creates containers; they do not run yet.')).action(
    verbAction<UpOptions>(context, (global, services, options) => up(global, services, { ...options, start: false, deps: true })),
  )
}

function convergeFlags(command: Command): Command {
  return command
    .argument('[services...]', 'only these and what they depend on')
    .option('--build', 'build images first')
    .addOption(new Option('--no-build', 'build nothing').default(undefined))
    .option('--force-recreate', 'replace also what did not change')
    .option('--no-recreate', 'replace nothing')
    .option('--always-recreate-deps', 'replace also what they depend on')
    .option('--remove-orphans', 'remove containers of services that the files do not have')
    .option('-V, --renew-anon-volumes', 'new volumes for those without a name')
    .option('--scale <service=number>', 'how many of a service (may be repeated)', collectPairs)
    .addOption(new Option('--pull <policy>', 'when images are pulled').choices(['always', 'missing', 'never', 'policy', 'build']))
    .option('--quiet-pull', 'no progress of pulls')
    .option('-t, --timeout <seconds>', 'how long a container may take to stop')
}

async function up(global: GlobalOptions, given: readonly string[], options: UpOptions): Promise<number> {
  checkFlags(options)
  const scale = scaleOf(options.scale)
  const situation = openProject(global, given, true)
  checkServices(situation, Object.keys(scale))
  const services = options.deps || given.length === 0 ? Object.keys(situation.model.services) : given
  if (services.length === 0)
    throw fail('usage', { problem: 'no service selected', hint: 'The files have no service, or all are off: --profile turns them on.' })
  // Before anything is stopped: an image that can't be had changes nothing.
  const images = await obtainImages(situation, services, imageWishes(options))
  await handleOrphans(situation, options)
  await ensureSharedParts(situation)
  const timeout = numberOption('--timeout', options.timeout)
  const since = (Date.now() / 1000).toFixed(3)
  const wishes = { services, images, scale, renewVolumes: options.renewAnonVolumes === true, ...(timeout === undefined ? {} : { timeout }) }
  await converge(situation, { ...wishes, recreate: recreatePolicy(options) })
  if (!options.start) return 0
  await startServices(options.deps ? situation : withoutDependencies(situation), services)
  if (options.wait) await waitUntilUp(situation, services, waitMs(options))
  if (options.detach || options.wait) return 0
  return attach(situation, await findContainers(situation, { services }), { ...options, since })
}

function recreatePolicy({ forceRecreate, recreate }: UpOptions): RecreatePolicy {
  return forceRecreate ? 'force' : recreate ? 'diverged' : 'never'
}

function imageWishes({ build, pull, quietPull }: UpOptions) {
  return {
    build: build === true || pull === 'build',
    noBuild: build === false,
    ...(pull === undefined || pull === 'build' ? {} : { pull }),
    ...(quietPull ? { quietPull } : {}),
  }
}

function waitMs({ waitTimeout }: UpOptions): number | undefined {
  const seconds = numberOption('--wait-timeout', waitTimeout)
  return seconds === undefined ? undefined : seconds * 1000
}

/** With --no-deps nothing is waited for. */
function withoutDependencies(situation: ProjectSituation): ProjectSituation {
  const services = Object.entries(situation.model.services).map(([key, { depends_on: _needs, ...service }]) => [key, service])
  return { ...situation, model: { ...situation.model, services: Object.fromEntries(services) } }
}

/** Flags that contradict each other, as Docker Compose refuses them. */
function checkFlags(options: UpOptions): void {
  const clash = (one: string, other: string) => fail('usage', { problem: `--${one} and --${other} are incompatible.`, hint: 'Use one of them.' })
  const aborts = options.abortOnContainerExit || options.abortOnContainerFailure || options.exitCodeFrom !== undefined
  if (options.forceRecreate && !options.recreate) throw clash('force-recreate', 'no-recreate')
  if (options.alwaysRecreateDeps && !options.recreate) throw clash('always-recreate-deps', 'no-recreate')
  if (options.detach && aborts) throw clash('detach', 'abort-on-container-exit')
  if (options.wait && aborts) throw clash('wait', 'abort-on-container-exit')
}

function scaleOf(pairs: Readonly<Record<string, string>> = {}): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(pairs).map(([service, text]) => [service, numberOption('--scale', text) ?? 1]))
}

async function handleOrphans(situation: ProjectSituation, { removeOrphans, timeout }: UpOptions): Promise<void> {
  const orphans = await findOrphans(situation)
  if (orphans.length === 0) return
  if (!removeOrphans) {
    const names = orphans.map(({ name }) => name).join(', ')
    process.stderr.write(
      `Found orphan containers (${names}) for this project. Run it with --remove-orphans to remove containers of services that the files do not have.\n`,
    )
    return
  }
  for (const orphan of orphans) {
    await stopContainer(situation, orphan, numberOption('--timeout', timeout))
    await removeContainer(situation, orphan)
  }
}
