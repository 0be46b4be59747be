// What people should know of an engine before they rely on it, in sentences.

import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { EnvironmentId } from '@pushway/core/text/ids.ts'
import { type ContainerSummary, containerSummary, createEngine, describeAddress, type Engine, type EngineAddress } from '../../../util/engine-api/index.ts'
import { type DockerContext, reachOf } from './context.ts'
import { label, projectOf } from './labels.ts'

/** Which engine it is, and how services find each other there. @throws PushwayError `engine-unreachable`, `engine-too-old` */
export async function describeEngine(address: EngineAddress): Promise<readonly string[]> {
  return describeEngineOf(createEngine(address))
}

async function describeEngineOf(engine: Engine): Promise<readonly string[]> {
  const { engine: kind, version, api } = await engine.version()
  const name = kind === 'podman' ? `Podman ${version}` : `Docker Engine ${version}`
  const direct = reachOf(await engine.info(), engine.address.kind === 'unix') === 'bridge'
  const through = 'services reach each other through the proxy, so that shares of traffic hold between them, too'
  const why = direct ? 'Pushway does not run as root' : "the engine's networks can't be reached from here"
  const names = `services reach each other by the engine's own names, ready or not and without shares: ${why}`
  return [`${name} (API ${api}) at ${describeAddress(engine.address)}, by ${engine.address.foundBy}; ${direct && process.getuid?.() === 0 ? through : names}.`]
}

/** The same for an environment, with what others made there. An engine that is away is a sentence, too. */
export async function describeForEnvironment(
  context: DockerContext,
  { environment, project }: { readonly environment: EnvironmentId; readonly project: string | undefined },
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const others = await foreignContainers(context, projectOf({ environment, ...(project === undefined ? {} : { project }) }), signal)
    return [...(await describeEngineOf(context.engine)), ...others.map(sayForeign)]
  } catch (error) {
    if (error instanceof PushwayError) return [error.message]
    throw error
  }
}

/** Containers of the same compose project that are not ours: `docker compose` or another server made them. */
async function foreignContainers({ engine, store }: DockerContext, project: string, signal: AbortSignal): Promise<readonly ContainerSummary[]> {
  const filters = { label: [`${label.composeProject}=${project}`] }
  const list = await engine.call(containerSummary.array(), { method: 'GET', path: '/containers/json', query: { all: true, filters }, signal })
  return list.filter(({ Labels }) => Labels?.[label.installation] !== store.installation)
}

function sayForeign(container: ContainerSummary): string {
  const project = container.Labels?.[label.composeProject] ?? ''
  return `The container ${nameOf(container)} (${container.State}) of the same project was made by ${makerOf(container)}: it is left alone. When its ports are needed, stop it: docker compose -p ${project} down. Its volumes and networks are taken over.`
}

function makerOf({ Labels }: ContainerSummary): string {
  if (Labels?.[label.installation] !== undefined) return 'another Pushway server'
  return Labels?.[label.composeProject] === undefined ? 'others' : 'docker compose'
}

function nameOf({ Names, Id }: ContainerSummary): string {
  return Names?.[0]?.replace(/^\//, '') ?? Id.slice(0, 12)
}

/** The container that publishes a port of this machine, in words; undefined when none does. */
export async function portOwner({ engine }: DockerContext, port: number, signal: AbortSignal): Promise<string | undefined> {
  const list = await engine.call(containerSummary.array(), { method: 'GET', path: '/containers/json', query: { filters: { publish: [String(port)] } }, signal })
  const [owner] = list.filter(({ Ports = [] }) => Ports.some(({ PublicPort }) => PublicPort === port))
  return owner ? `the container ${nameOf(owner)}, made by ${makerOf(owner)}` : undefined
}
