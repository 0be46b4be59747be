// pushway compose run: a container of its own for one command.

import { randomBytes } from 'node:crypto'
import type { Service } from '@pushway/core/app/types.ts'
import type { ServiceModel } from '@pushway/core/compose/app/model.ts'
import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { readOutput, waitAnswer } from '../../util/engine-api/index.ts'
import { environmentOf } from './exec.ts'
import { collectTexts } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers } from './observe.ts'
import { verbAction } from './run-verb.ts'
import { checkServices, openProject, type ProjectSituation } from './situation.ts'
import { connectTerminal } from './terminal.ts'
import { converge } from './up/converge.ts'
import { imageName } from './up/image-name.ts'
import { makeContainer, refusalOf } from './up/make-container.ts'
import { obtainImages } from './up/service-images.ts'
import { ensureSharedParts } from './up/shared-parts.ts'
import { startServices, waitForDependencies } from './up/start-services.ts'

interface RunOptions {
  readonly build?: boolean
  readonly deps: boolean
  readonly detach?: boolean
  readonly entrypoint?: string
  readonly env?: readonly string[]
  readonly label?: readonly string[]
  readonly name?: string
  readonly pull?: string
  readonly quietPull?: boolean
  readonly rm?: boolean
  readonly servicePorts?: boolean
  readonly tty: boolean
  readonly useAliases?: boolean
  readonly user?: string
  readonly workdir?: string
}

/** Adds `pushway compose run`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('run')
    .description('Runs one command in a container of its own; gives its exit code.')
    .passThroughOptions()
    .argument('<service>', 'the service')
    .argument('[command...]', "the command and its arguments; the service's own without")
    .option('--build', 'build the image first')
    .option('-d, --detach', 'in the background; prints its name')
    .option('--entrypoint <command>', "instead of the image's")
    .option('-e, --env <name=value>', 'a variable (may be repeated)', collectTexts)
    .option('-i, --interactive', 'keep standard input open; always so')
    .option('-l, --label <name=value>', 'a label (may be repeated)', collectTexts)
    .option('--name <name>', "the container's name")
    .option('--no-deps', 'do not start what it depends on')
    .option('--pull <policy>', 'when images are pulled: always, missing, never, policy')
    .option('--quiet-pull', 'no progress of pulls')
    .option('--rm', 'remove the container when it ends')
    .option('-P, --service-ports', "publish the service's ports")
    .option('-T, --no-tty', 'no terminal; the default when standard input or output is none')
    .option('--use-aliases', "give it the service's names in its networks")
    .option('-u, --user <user>', 'as that user')
    .option('-w, --workdir <folder>', 'in that folder')
    .action(verbAction<RunOptions>(context, run))
}

async function run(global: GlobalOptions, [key = '', ...argv]: readonly string[], options: RunOptions): Promise<number> {
  const situation = openProject(global, [key], true)
  checkServices(situation, [key])
  const dependencies = options.deps ? Object.keys(situation.model.services).filter((name) => name !== key) : []
  const wishes = { ...(options.pull ? { pull: options.pull } : {}), ...(options.quietPull ? { quietPull: true } : {}) }
  const images = new Map([
    ...(await obtainImages(situation, dependencies, wishes)),
    ...(await obtainImages(situation, [key], { ...wishes, ...(options.build ? { build: true } : {}) })),
  ])
  await ensureSharedParts(situation)
  if (dependencies.length > 0) await converge(situation, { services: dependencies, images, recreate: 'never', renewVolumes: false, scale: {} })
  // The service's own conditions hold for its one-off container, too.
  await startServices(situation, dependencies)
  if (options.deps) await waitForDependencies(situation, { key, found: await findContainers(situation), asked: new Map() })
  const tty = options.tty && process.stdin.isTTY === true && process.stdout.isTTY === true
  const { id, name } = await makeOneOff(situation, { key, argv, options, tty, imageId: images.get(key) ?? '' })
  if (options.detach) {
    await situation.engine.tell({ method: 'POST', path: `/containers/${id}/start` })
    process.stdout.write(`${name}\n`)
    return 0
  }
  return runToEnd(situation, { id, tty, remove: options.rm === true })
}

interface OneOff {
  readonly key: string
  readonly argv: readonly string[]
  readonly options: RunOptions
  readonly tty: boolean
  readonly imageId: string
}

async function makeOneOff(situation: ProjectSituation, wanted: OneOff): Promise<{ readonly id: string; readonly name: string }> {
  const { key, options, imageId } = wanted
  const { name: project } = situation
  const slug = randomBytes(32).toString('hex')
  const name = options.name ?? `${project}-${key}-run-${slug.slice(0, 12)}`
  const { restart: _restart, ...service } = situation.app.services.find((one) => one.name === key) as Service
  const labels = Object.fromEntries((options.label ?? []).map((text) => [text.split('=')[0] ?? text, text.slice(text.indexOf('=') + 1)]))
  const id = await makeContainer(situation, {
    ...{ key, name, number: 1, imageId, service, once: true, aliases: options.useAliases === true },
    image: imageName(project, key, situation.model.services[key] as ServiceModel),
    model: changedModel(situation.model.services[key] as ServiceModel, wanted),
    labels: { ...labels, [composeLabel.oneOff]: 'True', [composeLabel.slug]: slug },
  })
  return { id, name }
}

/** The service with what the command line says instead. */
function changedModel(model: ServiceModel, { argv, options, tty }: OneOff): ServiceModel {
  const { ports, healthcheck: _check, ...rest } = model
  return {
    ...rest,
    ...(options.servicePorts && ports ? { ports } : {}),
    command: argv.length > 0 ? argv : options.entrypoint === undefined ? model.command : [],
    entrypoint: options.entrypoint === undefined ? model.entrypoint : options.entrypoint.split(/\s+/).filter((word) => word !== ''),
    environment: { ...model.environment, ...environmentOf(options.env) },
    ...{ tty, stdin_open: true },
    ...(options.user ? { user: options.user } : {}),
    ...(options.workdir ? { working_dir: options.workdir } : {}),
  }
}

/** Attached before the start, so that nothing of what it writes is lost. */
async function runToEnd(situation: ProjectSituation, { id, tty, remove }: { id: string; tty: boolean; remove: boolean }): Promise<number> {
  const { engine } = situation
  const query = { stream: true, stdin: true, stdout: true, stderr: true }
  const connection = await engine.hijack({ method: 'POST', path: `/containers/${id}/attach`, query })
  const resize = ({ columns, rows }: { columns: number; rows: number }) =>
    engine.tell({ method: 'POST', path: `/containers/${id}/resize`, query: { w: columns, h: rows } })
  try {
    await engine.tell({ method: 'POST', path: `/containers/${id}/start` })
    const disconnect = connectTerminal(connection, { tty, resize })
    try {
      for await (const { stream, bytes } of readOutput(connection.output, tty)) process[stream].write(bytes)
    } finally {
      disconnect()
    }
    return (await engine.call(waitAnswer, { method: 'POST', path: `/containers/${id}/wait` })).StatusCode
  } catch (error) {
    throw refusalOf(error, 'to run the command')
  } finally {
    connection.destroy()
    if (remove) await engine.tell({ method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true } })
  }
}
