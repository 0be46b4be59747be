// From what people type to what is meant: run numbers, ids, the beginnings of ids, names of environments.

import { fail } from '@pushway/core/reason/errors.ts'
import type { DeploymentSummary, RunSummary } from '@pushway/core/views/types.ts'
import { connect, connectProject, type ProjectConnection, type ProjectOptions } from './connection.ts'

const fullId = /^[0-9a-hj-km-np-tv-z]{16}$/

/**
 * The id of the deployment that `text` means: an id, its beginning, or an environment's name, which means its newest deployment
 * (the newest `open` one where there is one).
 * @throws PushwayError `not-found`, `usage` when several begin so
 */
export async function findDeployment(options: ProjectOptions, text: string): Promise<string> {
  if (fullId.test(text)) return text
  const { client, project } = await connectProject(options)
  const environments = await client.environments(project)
  const named = environments.find((environment) => environment.name === text)
  if (named) {
    const meant = named.deployments.find((deployment) => deployment.status !== 'done') ?? named.deployments[0]
    if (meant) return meant.id
    throw fail('not-found', { what: 'deployment', name: `in ${text}` })
  }
  const history = await Promise.all(environments.map((environment) => client.history(project, environment.name)))
  return onlyOne(text, history.flat(), 'deployment')
}

/** The number of the run that `text` means: a number (`12`, `#12`), an id or its beginning. */
export async function findRun({ client, project }: ProjectConnection, text: string): Promise<number> {
  const number = runNumber(text)
  if (number !== undefined) return number
  const runs = await client.runs(project, 1000)
  const id = onlyOne(text, runs, 'run')
  return (runs.find((run) => run.id === id) as RunSummary).number
}

/** The id of the run or deployment that `text` means. */
export async function findExplained(options: ProjectOptions, text: string): Promise<string> {
  if (fullId.test(text)) return text
  const number = runNumber(text)
  if (number === undefined) return findDeployment(options, text)
  const { client, project } = await connectProject(options)
  return (await client.run(project, number)).id
}

/** `12`, `#12`, `run/12` → 12. */
export function runNumber(text: string): number | undefined {
  const digits = /^(?:#|run\/)?([1-9]\d{0,8})$/.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** @throws PushwayError `not-found`, `usage` */
export function onlyOne(text: string, all: readonly Pick<DeploymentSummary, 'id'>[], what: string): string {
  const ids = [...new Set(all.map((one) => one.id).filter((id) => id.startsWith(text)))]
  if (ids.length === 0 || text === '') throw fail('not-found', { what, name: text })
  if (ids.length > 1) throw fail('usage', { problem: `${ids.length} ${what}s begin with ${text}.`, hint: `Write more of it: ${ids.slice(0, 5).join(', ')}.` })
  return ids[0] as string
}

/** The connection alone where the id says it all. */
export async function connectDeployment(options: ProjectOptions, text: string) {
  return { client: connect(options).client, id: await findDeployment(options, text) }
}
