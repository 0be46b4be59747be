// A run as GitHub-shaped objects describe it.

import { streams } from '@pushway/core/event/types.ts'
import type { RunFacts } from '@pushway/core/github/workflow-run.ts'
import { needsApproval } from '@pushway/core/run/decide-turn.ts'
import type { RunState } from '@pushway/core/run/state.ts'
import type { RunCause } from '@pushway/core/run/types.ts'
import type { RunId } from '@pushway/core/text/ids.ts'
import type { RunActivity } from './announce.ts'
import type { Workshop } from './workshop.ts'

/** The short branch a run is for: a pull request's head, a pushed or named branch; undefined for tags. */
export function branchOfRun({ ref, payload }: RunCause): string | undefined {
  const pull = payload.pull_request
  if (typeof pull === 'object' && pull !== null) {
    const head: unknown = Reflect.get(pull, 'head')
    const name: unknown = typeof head === 'object' && head !== null ? Reflect.get(head, 'ref') : undefined
    if (typeof name === 'string') return name
  }
  return ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : undefined
}

/** `activity`: what is told of it, when it has gone on since. @throws never for a run that was asked for */
export async function runFacts(shop: Workshop, run: RunId, activity?: RunActivity): Promise<RunFacts> {
  const { state } = shop.states.run(run)
  const { project = '', cause, number = 0, attempt, title = '', requestedAt = 0 } = state
  const commit = cause && (await shop.world.git.commit(project, headOf(shop, state)))
  const events = shop.world.store.read(streams.run(run))
  const pull = cause?.pull === undefined ? undefined : shop.states.pull(project, cause.pull).state
  return {
    id: state.serial ?? shop.world.lists.runSerial(run) ?? 0,
    number,
    attempt,
    title,
    event: cause?.event ?? '',
    workflow: { name: state.workflowName ?? '', path: state.workflowFile ?? '' },
    branch: (cause && branchOfRun(cause)) ?? (cause?.ref.startsWith('refs/tags/') ? cause.ref.slice('refs/tags/'.length) : null),
    sha: headOf(shop, state),
    ...statusOf(state, activity),
    actor: cause?.actor ?? '',
    triggeringActor: state.rerunBy ?? cause?.actor ?? '',
    createdAt: requestedAt,
    updatedAt: events.at(-1)?.at ?? requestedAt,
    ...(commit
      ? { commit: { tree: commit.tree, message: commit.message, author: commit.author.name, email: commit.author.email, at: commit.committer.at } }
      : {}),
    ...(pull && !pull.fork ? { pulls: [{ number: pull.number, head: pull.head, base: pull.base }] } : {}),
  }
}

/** Of a pull request the head, not the commit that merges it; as on GitHub. */
function headOf(shop: Workshop, { project = '', cause }: RunState): string {
  const pull = cause?.event === 'pull_request' && cause.pull !== undefined ? shop.states.pull(project, cause.pull).state : undefined
  const head = cause?.payload.pull_request
  const own: unknown = typeof head === 'object' && head !== null ? Reflect.get(Reflect.get(head, 'head') ?? {}, 'sha') : undefined
  return typeof own === 'string' ? own : (pull?.head.sha ?? cause?.sha ?? '')
}

function statusOf(state: RunState, activity: RunActivity | undefined): Pick<RunFacts, 'status' | 'conclusion'> {
  if (activity === 'requested') return { status: 'queued', conclusion: null }
  if (activity === 'in_progress') return { status: 'in_progress', conclusion: null }
  if (state.finished) return { status: 'completed', conclusion: state.conclusion ?? null }
  if (needsApproval(state)) return { status: 'waiting', conclusion: null }
  const phases = [...state.jobs.values()].map(({ phase }) => phase)
  if (phases.every((phase) => phase === 'pending')) return { status: 'queued', conclusion: null }
  const waits = phases.every((phase) => phase === 'waiting' || phase === 'pending' || phase === 'finished') && phases.includes('waiting')
  return { status: waits ? 'waiting' : 'in_progress', conclusion: null }
}
