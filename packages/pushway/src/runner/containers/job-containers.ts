// What a job says about containers, made true before its first step: on an engine, or refused by line.

import type { Scope } from '@pushway/core/workflow/evaluate.ts'
import type { ContainerTree } from '@pushway/core/workflow/types.ts'
import { evaluateTree } from '@pushway/core/workflow/value-tree.ts'
import type { WorkerInput } from '../../util/job-spool.ts'
import type { JobPaths } from '../layout.ts'
import type { Sandbox } from '../sandbox.ts'
import type { HostServices } from './host-services.ts'
import type { JobContainers } from './open-containers.ts'
import { type ContainerSpec, readServices, readSpec } from './spec.ts'

export interface WantedContainers {
  readonly input: WorkerInput
  readonly paths: JobPaths
  readonly scope: Scope
  readonly mark: string
  /** On this machine. */
  readonly host: Sandbox
  readonly uid: number | undefined
  readonly say: (text: string) => void
  readonly signal: AbortSignal
}

/** On an engine, or as programs of the machine. */
export type StartedContainers = { readonly kind: 'engine'; readonly containers: JobContainers } | { readonly kind: 'host'; readonly services: HostServices }

/** Undefined when the job asks for none. @throws Error `FILE:LINE:COLUMN: …` when they can't be had */
export async function startJobContainers(wanted: WantedContainers): Promise<StartedContainers | undefined> {
  const { container, services } = wanted.input.spec.job
  const spec = container && located(container, 'container', () => readSpec(evaluateTree(container.tree, wanted.scope)))
  const list = services ? located(services, 'services', () => readServices(evaluateTree(services.tree, wanted.scope))) : []
  if (!spec && list.length === 0) return undefined
  const at = (spec ? container : services) as ContainerTree
  return open(wanted, { at, container: spec, services: list })
}

interface Specs {
  readonly at: ContainerTree
  readonly container: ContainerSpec | undefined
  readonly services: readonly (readonly [string, ContainerSpec])[]
}

async function open(wanted: WantedContainers, { at, container, services }: Specs): Promise<StartedContainers> {
  const { input, paths, mark, say, signal } = wanted
  // Few jobs have containers, and what speaks with engines takes a while to load.
  const [{ openEngine, removeAbandoned }, { openContainers }] = await Promise.all([import('../../util/engine-jobs.ts'), import('./open-containers.ts')])
  const place = `${at.at.file}:${at.at.line}:${at.at.column}`
  const engine = await openEngine()
  if (!engine && container) throw new Error(`${place}: container: no container engine (Docker, Podman) answers on this machine.`)
  if (!engine) return onThisMachine(wanted, { place, services })
  await removeAbandoned(engine).catch(() => undefined)
  const { server } = input.spec
  try {
    const containers = await openContainers({
      engine,
      mark,
      services,
      paths,
      tools: input.folders.tools,
      trusted: input.isolation.kind === 'none',
      say,
      signal,
      ...(container ? { container } : {}),
      ...(server ? { server } : {}),
    })
    return { kind: 'engine', containers }
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`)
  }
}

async function onThisMachine(wanted: WantedContainers, { place, services }: { place: string; services: Specs['services'] }): Promise<StartedContainers> {
  const { startHostServices } = await import('./host-services.ts')
  const { host, uid, paths, mark, say, signal } = wanted
  try {
    return { kind: 'host', services: await startHostServices({ services, sandbox: host, uid, temp: paths.temp, mark, say, signal }) }
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`)
  }
}

function located<T>({ at }: ContainerTree, key: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${at.file}:${at.line}:${at.column}: ${key}: ${(error as Error).message}`)
  }
}
