// Linking: each job that calls a workflow gets the called one, over all levels, before anything is planned.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/reusable-workflows

import { type Diagnostic, hasErrors, type Parsed } from '../text/diagnostic.ts'
import { type CallReference, parseCallReference } from './call-reference.ts'
import { checkCall } from './check-call.ts'
import type { CalledWorkflow, Job, Workflow } from './types.ts'

/** A workflow file of another repository; kept with the run, so that it stays what it was. */
export interface CalledFile {
  readonly repository: string
  readonly path: string
  /** As the caller named it. */
  readonly ref: string
  readonly sha?: string
  readonly text: string
}

/** Which file is wanted; without `repository` of the run's own repository and commit. */
export interface CallTarget {
  readonly repository?: string
  readonly path: string
  readonly ref?: string
}

/** A called file: parsed, when it is the run's own; else its text and the commit it was found at. A sentence says why there is none. */
export type CallReader = (target: CallTarget) => Promise<{ readonly parsed: Parsed<Workflow>; readonly file?: CalledFile } | { readonly problem: string }>

export interface Linked {
  readonly value?: Workflow
  /** Of all files. */
  readonly diagnostics: readonly Diagnostic[]
  /** The files of other repositories. */
  readonly files: readonly CalledFile[]
}

/** The top workflow and nine more below each other, as on GitHub. */
const mostLevels = 10
/** Different workflows in one run, as on GitHub. */
const mostWorkflows = 50

interface Found {
  readonly called?: CalledWorkflow
  readonly levels: number
}

interface Linking {
  readonly read: CallReader
  readonly diagnostics: Diagnostic[]
  readonly files: Map<string, CalledFile>
  /** By what they are; `open`: being linked, so that another call of it would never end. */
  readonly known: Map<string, Found | 'open'>
}

/** A file that was read, with all that it calls: its own mistakes and those of its calls together, also when it is refused. */
export async function linkParsed({ value, draft, diagnostics }: Parsed<Workflow>, read: CallReader): Promise<Linked> {
  const known = value ?? draft
  if (!known) return { diagnostics, files: [] }
  const linked = await linkCalls(known, read)
  return { ...(value && linked.value ? { value: linked.value } : {}), diagnostics: fileByFile([...diagnostics, ...linked.diagnostics]), files: linked.files }
}

/** The workflow with all that it calls; every mistake of every file at once. */
export async function linkCalls(workflow: Workflow, read: CallReader): Promise<Linked> {
  if (!workflow.jobs.some((job) => job.call)) return { value: workflow, diagnostics: [], files: [] }
  const linking: Linking = { read, diagnostics: [], files: new Map(), known: new Map([[identity({ path: workflow.file }), 'open']]) }
  const { workflow: value } = await linkWorkflow(linking, workflow, {})
  const { files } = linking
  const diagnostics = fileByFile(linking.diagnostics)
  return { ...(hasErrors(diagnostics) ? {} : { value }), diagnostics, files: [...files.values()] }
}

/** The findings of one file together, in its order. */
function fileByFile(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ at }) => at.file))]
  return files.flatMap((file) => diagnostics.filter(({ at }) => at.file === file).toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column))
}

/** Where a workflow stands whose calls are linked: `./` means the same repository and commit. */
type Origin = Pick<CalledWorkflow, 'repository' | 'ref' | 'sha'>

async function linkWorkflow(linking: Linking, workflow: Workflow, origin: Origin): Promise<{ workflow: Workflow; levels: number }> {
  const jobs: Job[] = []
  let levels = 1
  for (const job of workflow.jobs) {
    if (!job.call) {
      jobs.push(job)
      continue
    }
    const found = await linkCall(linking, job, { workflow, origin })
    levels = Math.max(levels, found.levels + 1)
    if (found.levels + 1 > mostLevels)
      report(linking, job, ['call-too-deep', `Workflows call each other over more than ${mostLevels} levels here. Call fewer.`])
    if (found.called) linking.diagnostics.push(...checkCall({ caller: workflow, job, called: found.called.workflow }))
    jobs.push({ ...job, call: { ...job.call, ...(found.called ? { called: found.called } : {}) } })
  }
  return { workflow: { ...workflow, jobs }, levels }
}

async function linkCall(linking: Linking, job: Job, from: { workflow: Workflow; origin: Origin }): Promise<Found> {
  const reference = parseCallReference(job.call?.uses.value ?? '')
  if ('problem' in reference) return { levels: 0 }
  const target = targetOf(reference, from.origin)
  const key = identity(target)
  const known = linking.known.get(key)
  if (known === 'open') {
    report(linking, job, ['call-cycle', `\`${job.call?.uses.value}\` calls itself, directly or over others: this would never end. Remove one call.`])
    return { levels: 0 }
  }
  if (known) return known
  if (linking.known.size > mostWorkflows) {
    report(linking, job, ['call-too-many', `More than ${mostWorkflows} different workflows are called. Call fewer.`])
    return { levels: 0 }
  }
  linking.known.set(key, 'open')
  const found = await readCalled(linking, job, target)
  linking.known.set(key, found)
  return found
}

async function readCalled(linking: Linking, job: Job, target: CallTarget): Promise<Found> {
  const read = await linking.read(target)
  if ('problem' in read) {
    report(linking, job, ['call-unknown', `There is no workflow \`${job.call?.uses.value}\`: ${read.problem}.`])
    return { levels: 0 }
  }
  linking.diagnostics.push(...read.parsed.diagnostics)
  if (read.file) linking.files.set(identity(target), read.file)
  if (!read.parsed.value) return { levels: 0 }
  const { repository, path, ref } = target
  const origin: Origin = repository === undefined ? {} : { repository, ...(ref ? { ref } : {}), ...(read.file?.sha ? { sha: read.file.sha } : {}) }
  const { workflow, levels } = await linkWorkflow(linking, read.parsed.value, origin)
  return { called: { workflow, ...origin, path }, levels }
}

/** A called workflow's own `./` is of its repository at the same commit. */
function targetOf(reference: CallReference, origin: Origin): CallTarget {
  if (reference.kind === 'repository') return { repository: `${reference.owner}/${reference.name}`, path: reference.path, ref: reference.ref }
  const { repository } = origin
  const ref = origin.sha ?? origin.ref
  return { path: reference.path, ...(repository === undefined ? {} : { repository }), ...(ref === undefined ? {} : { ref }) }
}

/** What tells called files apart: of other repositories by name and ref, of the own one by path. */
export function identity({ repository = '', path, ref = '' }: CallTarget): string {
  return `${repository.toLowerCase()}/${path}@${ref}`
}

function report(linking: Linking, job: Job, [code, message]: readonly [string, string]): void {
  linking.diagnostics.push({ severity: 'error', code, message, at: job.call?.uses.at ?? job.at })
}
