// The engine's side of jobs: images, containers and networks that carry a job's mark, and how they are found again and removed.

import { readFileSync } from 'node:fs'
import { z } from 'zod'
import {
  type ContainerDetails,
  containerDetails,
  containerSummary,
  createdAnswer,
  createEngine,
  type Engine,
  EngineRefusal,
  enginePings,
  findEngine,
  findImage,
  networkDetails,
  pullImage,
  refused,
  unlessMissing,
} from './engine-api/index.ts'
import { isSameProcess, processStartTime } from './process-identity.ts'

/** What a container is created from. */
export interface CreateBody {
  readonly name: string | undefined
  readonly platform: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** On everything that is made for a job. */
const markLabel = 'pushway.job'
/** Who made it, so that what a killed worker left behind is known: machine, pid and start time. */
const ownerLabel = 'pushway.job.owner'

/** The engine of this machine, if one answers. */
export async function openEngine(): Promise<Engine | undefined> {
  const address = findEngine({ env: process.env })
  if (address === undefined || !(await enginePings(address, 2_000))) return undefined
  return createEngine(address)
}

export function labelsOf(mark: string): Readonly<Record<string, string>> {
  return { [markLabel]: mark, [ownerLabel]: ownOwner() }
}

function ownOwner(): string {
  return `${bootId()} ${process.pid} ${processStartTime(process.pid) ?? ''}`
}

/** Tells this start of this machine from others: an engine may be shared. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}

/** Gives the image's name for the engine; it is fetched when it is not there, or may have changed. @throws PushwayError `image-pull-failed` */
export async function ensureImage(
  engine: Engine,
  image: string,
  options: { readonly auth?: string; readonly fresh?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { auth, fresh, signal } = options
  if (!fresh && (await findImage(engine, image, signal))) return
  await pullImage(engine, image, { signal, ...(auth ? { auth } : {}) })
}

export async function createNetwork(engine: Engine, name: string, mark: string): Promise<void> {
  try {
    await engine.tell({ method: 'POST', path: '/networks/create', body: { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: labelsOf(mark) } })
  } catch (error) {
    throw refused(`the network ${name}`, error)
  }
}

/** Creates and starts a container; gives its id. */
export async function startContainer(engine: Engine, { name, platform, body }: CreateBody, what: string): Promise<string> {
  try {
    const { Id } = await engine.call(createdAnswer, { method: 'POST', path: '/containers/create', query: { name, platform }, body })
    await engine.tell({ method: 'POST', path: `/containers/${Id}/start` })
    return Id
  } catch (error) {
    throw refused(what, error)
  }
}

export function inspect(engine: Engine, id: string): Promise<ContainerDetails> {
  return engine.call(containerDetails, { method: 'GET', path: `/containers/${id}/json` })
}

/** Removes all that carries the mark. */
export function removeMarked(engine: Engine, mark: string): Promise<void> {
  return removeAll(engine, `${markLabel}=${mark}`, () => true)
}

/** Removes what workers of this machine that are gone have left behind. */
export function removeAbandoned(engine: Engine): Promise<void> {
  const [boot, own] = [bootId(), ownOwner()]
  return removeAll(engine, markLabel, (labels) => {
    const owner = labels?.[ownerLabel] ?? ''
    const [machine, pid, startTime = ''] = owner.split(' ')
    return owner !== own && machine === boot && !isSameProcess(Number(pid), startTime)
  })
}

async function removeAll(engine: Engine, label: string, wanted: (labels: Readonly<Record<string, string>> | undefined) => boolean): Promise<void> {
  const filters = { label: [label] }
  const containers = await engine.call(z.array(containerSummary), { method: 'GET', path: '/containers/json', query: { all: true, filters } })
  const marked = containers.filter(({ Labels }) => wanted(Labels))
  await Promise.all(marked.map(({ Id }) => removeQuietly(engine, `/containers/${Id}`)))
  const networks = await engine.call(z.array(networkDetails), { method: 'GET', path: '/networks', query: { filters } })
  for (const { Id, Labels } of networks) if (wanted(Labels)) await removeQuietly(engine, `/networks/${Id}`)
}

/** Gone already, or being removed by somebody else, is as good. */
export async function removeQuietly(engine: Engine, path: string): Promise<void> {
  const query = path.startsWith('/containers') ? { force: true, v: true } : {}
  await engine.tell({ method: 'DELETE', path, query }).catch((error: unknown) => {
    if (error instanceof EngineRefusal && error.status === 409) return
    unlessMissing(error)
  })
}
