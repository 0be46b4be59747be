// The containers of one job on an engine: its network, its services, and the one that its steps run in.
// Follows what GitHub's runner does: https://docs.github.com/actions/how-tos/write-workflows/choose-where-workflows-run/run-jobs-in-a-container

import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobServer } from '@pushway/core/run/types.ts'
import type { ContainerDetails, Engine } from '../../util/engine-api/index.ts'
import { createNetwork, ensureImage, inspect, labelsOf, removeMarked, startContainer } from '../../util/engine-jobs.ts'
import type { JobPaths } from '../layout.ts'
import { type BodyOptions, createBody } from './create-body.ts'
import { engineImage } from './images.ts'
import { bindsOf, moveInside, type Place } from './places.ts'
import type { ContainerSpec } from './spec.ts'

export interface ContainersOptions {
  readonly engine: Engine
  readonly mark: string
  readonly container?: ContainerSpec
  readonly services: readonly (readonly [name: string, spec: ContainerSpec])[]
  readonly paths: JobPaths
  /** Toolchains of the machine: where actions find their Node.js. */
  readonly tools: string
  readonly server?: JobServer
  readonly trusted: boolean
  readonly say: (text: string) => void
  readonly signal: AbortSignal
}

/** What expressions see: `job.container` and `job.services`. */
export interface ContainersContext {
  readonly container?: { readonly id: string; readonly network: string }
  readonly services: Readonly<Record<string, { readonly id: string; readonly network: string; readonly ports: Readonly<Record<string, string>> }>>
}

export interface JobContainers {
  readonly engine: Engine
  readonly network: string
  readonly mark: string
  readonly context: ContainersContext
  /** The one that steps run in. */
  readonly job?: { readonly id: string; readonly places: readonly Place[]; readonly path: string; readonly home: string }
  close(): Promise<void>
}

/** Starts them all, and waits for services until they are healthy. @throws Error what is wrong with which of them; nothing is left then */
export async function openContainers(options: ContainersOptions): Promise<JobContainers> {
  const { engine, mark } = options
  const network = `pushway_${mark}`
  const close = () => removeMarked(engine, mark)
  try {
    await createNetwork(engine, network, mark)
    const services = await Promise.all(options.services.map(async ([name, spec]) => [name, await startService(options, { name, spec, network })] as const))
    const job = options.container && (await startJobContainer(options, options.container, network))
    const context = Object.fromEntries(
      await Promise.all(services.map(async ([name, id]) => [name, { id, network, ports: await untilHealthy(options, name, id) }] as const)),
    )
    return { engine, network, mark, close, context: { ...(job ? { container: { id: job.id, network } } : {}), services: context }, ...(job ? { job } : {}) }
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

const settleMs = 300

async function startService(options: ContainersOptions, { name, spec, network }: { name: string; spec: ContainerSpec; network: string }): Promise<string> {
  options.say(`Starting service ${name}: ${spec.image}`)
  return start(options, { spec, network, aliases: [name], binds: [] }, `the service ${name}`)
}

async function startJobContainer(options: ContainersOptions, spec: ContainerSpec, network: string): Promise<JobContainers['job']> {
  const { engine, paths, tools, trusted } = options
  options.say(`Starting the job's container: ${spec.image}`)
  const places: readonly Place[] = [
    { host: paths.work, inside: join('/__w', basename(paths.workspace)) },
    { host: paths.temp, inside: '/__w/_temp' },
    { host: paths.actions, inside: '/__w/_actions' },
    { host: paths.commands, inside: '/__w/_temp/_runner_file_commands' },
    { host: paths.toolCache, inside: '/__t' },
    { host: tools, inside: '/__e', readOnly: true },
    { host: paths.home, inside: '/github/home' },
    { host: paths.event, inside: '/github/workflow/event.json' },
  ]
  // As GitHub's runner does; on a server that keeps jobs apart it would open the machine to them.
  const socket = trusted && engine.address.kind === 'unix' ? [`${engine.address.path}:/var/run/docker.sock`] : []
  const workdir = moveInside(paths.workspace, places)
  // Nothing of the image itself is run: it waits for what the steps start in it.
  const argv = ['tail', '-f', '/dev/null']
  const env = { ...spec.env, CI: 'true', GITHUB_ACTIONS: 'true' }
  const id = await start(
    options,
    { spec: { ...spec, env }, network, aliases: [], binds: [...bindsOf(places), ...socket], argv, workdir },
    "the job's container",
  )
  const { Config } = await inspect(engine, id)
  const path = Config.Env?.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length)
  return { id, places, path: path ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', home: '/github/home' }
}

type Wanted = Pick<BodyOptions, 'spec' | 'network' | 'aliases' | 'binds' | 'argv' | 'workdir'>

async function start({ engine, server, mark, trusted, signal }: ContainersOptions, wanted: Wanted, what: string): Promise<string> {
  try {
    const { name, ...how } = engineImage(wanted.spec, server)
    const create = createBody({ ...wanted, image: name, labels: labelsOf(mark), trusted })
    await ensureImage(engine, name, { ...how, signal })
    return await startContainer(engine, create, what)
  } catch (error) {
    throw new Error(`${what} (${wanted.spec.image}): ${(error as Error).message}`)
  }
}

/** The ports by which it is reached, once it says that it is well; one that says nothing of its health only has to run. */
async function untilHealthy({ engine, signal, say }: ContainersOptions, name: string, id: string): Promise<Readonly<Record<string, string>>> {
  // What can't work ends at once: one without a check of its own gets a moment to do so.
  await sleep(settleMs, undefined, { signal })
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 1.5, 5_000)) {
    const details = await inspect(engine, id)
    const { State } = details
    if (!State.Running) throw new Error(`the service ${name} has ended with exit code ${State.ExitCode}${State.Error ? `: ${State.Error}` : ''}`)
    const health = State.Health?.Status ?? ''
    if (health === 'unhealthy') throw new Error(`the service ${name} is unhealthy: ${lastWords(details)}`)
    if (health === 'starting') {
      await sleep(waitMs, undefined, { signal })
      continue
    }
    say(`Service ${name} is ${health === 'healthy' ? 'healthy' : 'running'}.`)
    return portsOf(details)
  }
}

function lastWords({ State }: ContainerDetails): string {
  const last = State.Health?.Log?.at(-1)
  return last ? `its check ended with ${last.ExitCode}: ${last.Output.trim().slice(-500)}` : 'its check failed'
}

/** `{ '5432': '32768' }`: from the port inside to that of the machine. */
function portsOf({ NetworkSettings }: ContainerDetails): Readonly<Record<string, string>> {
  const entries = Object.entries(NetworkSettings.Ports ?? {}).flatMap(([inside, bindings]) => {
    const outside = bindings?.[0]?.HostPort
    return outside ? [[inside.replace(/\/tcp$/, ''), outside] as const] : []
  })
  return Object.fromEntries(entries)
}
