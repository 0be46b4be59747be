// A run's workflow with all that it calls: files of the repository at the run's commit, and files of other repositories as the run was planned with.

import type { RunState } from '@pushway/core/run/state.ts'
import type { Diagnostic, Parsed } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { CalledFile, CallReader, Linked } from '@pushway/core/workflow/link.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import type { WorkflowFiles } from '../ports/world.ts'
import { parseFile } from '../util/parsed-files.ts'
import type { Workshop } from './workshop.ts'

interface At {
  readonly project: ProjectName
  readonly commit: CommitId
}

const kept = 200
const cache = new WeakMap<Workshop, Map<string, Promise<Workflow | undefined>>>()

/** Links a workflow of the repository at a commit for a new run: other repositories' files are looked for now. */
export async function linkWorkflow(shop: Workshop, at: At, workflow: Workflow): Promise<Linked> {
  const { linkCalls } = await import('@pushway/core/workflow/link.ts')
  return linkCalls(workflow, ownReader(shop, at, otherReader(at.project, shop.world.workflows)))
}

/** The mistakes of a refused file's calls, so that who wrote it is told all at once. */
export async function callMistakes(shop: Workshop, at: At, { value, draft }: Parsed<Workflow>): Promise<readonly Diagnostic[]> {
  return value === undefined && draft ? (await linkWorkflow(shop, at, draft)).diagnostics : []
}

/** The linked workflow of a run; undefined when its file can't be read. It is the same whenever it is asked for. */
export async function runWorkflow(shop: Workshop, state: RunState): Promise<Workflow | undefined> {
  const { project, cause, workflowFile } = state
  if (project === undefined || cause === undefined || workflowFile === undefined) return undefined
  const workflow = (await shop.sources.workflow(project, cause.sha, workflowFile))?.value
  if (!workflow?.jobs.some((job) => job.call)) return workflow
  const known = cache.get(shop) ?? new Map<string, Promise<Workflow | undefined>>()
  cache.set(shop, known)
  const found = known.get(state.id)
  if (found) return found
  const linked = linkAgain(shop, { project, commit: cause.sha }, { workflow, files: state.plan?.files ?? [] })
  known.set(state.id, linked)
  linked.catch(() => known.delete(state.id))
  if (known.size > kept) known.delete(known.keys().next().value ?? '')
  return linked
}

async function linkAgain(shop: Workshop, at: At, { workflow, files }: { workflow: Workflow; files: readonly CalledFile[] }): Promise<Workflow | undefined> {
  const { linkCalls, identity } = await import('@pushway/core/workflow/link.ts')
  const pinned: CallReader = async (target) => {
    const file = files.find((one) => identity(one) === identity(target))
    return file
      ? { parsed: await parseFile('workflow', { file: calledName(file), text: file.text }), file }
      : { problem: 'it was not there when the run was planned' }
  }
  return (await linkCalls(workflow, ownReader(shop, at, pinned))).value
}

function ownReader(shop: Workshop, { project, commit }: At, other: CallReader): CallReader {
  return async (target) => {
    if (target.repository !== undefined) return other(target)
    const parsed = await shop.sources.workflow(project, commit, target.path)
    return parsed ? { parsed } : { problem: 'the repository has no such file at this commit' }
  }
}

/** Reads files of other repositories: by the sources that actions come from. */
export function otherReader(own: ProjectName, workflows: WorkflowFiles | undefined): CallReader {
  return async (target) => {
    const { repository = '', path, ref = '' } = target
    const found = workflows ? await workflows.find({ repository, path, ref }, own) : { problem: 'no source of workflows is configured' }
    if ('problem' in found) return found
    const file: CalledFile = { repository, path, ref, text: found.text, ...(found.sha ? { sha: found.sha } : {}) }
    return { parsed: await parseFile('workflow', { file: calledName(file), text: file.text }), file }
  }
}

/** How diagnostics name a file of another repository. */
function calledName({ repository, path, ref }: Pick<CalledFile, 'repository' | 'path' | 'ref'>): string {
  return `${repository}/${path}@${ref}`
}
