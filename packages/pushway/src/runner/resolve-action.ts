// Finds what `uses` of a step names: files of the workspace, of a source of actions, or a built-in action.

import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseReference } from '@pushway/core/action/reference.ts'
import type { ActionDefinition } from '@pushway/core/action/types.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { findAction } from '@pushway/core/workflow/known-actions.ts'
import type { UsesStep } from '@pushway/core/workflow/types.ts'
import { execProgram } from '../util/exec.ts'
import type { WorkerInput } from '../util/job-spool.ts'
import { parseFile } from '../util/parsed-files.ts'
import { describeSources, fetchAction, type RepositoryReference } from './action-store.ts'
import type { ActionResolver, FoundAction, ResolvedAction } from './action-types.ts'
import { builtinAction } from './actions/index.ts'
import { processAction } from './actions/process-actions.ts'
import { ActionFailure } from './actions/types.ts'
import { jobUid } from './job-state.ts'
import { type JobPaths, ownFolder } from './layout.ts'
import { readFileInside } from './read-inside.ts'

interface ResolverOptions {
  readonly input: WorkerInput
  readonly paths: JobPaths
  readonly say: (text: string) => void
}

/** The resolver of one job: repositories are fetched once, folders of the workspace are read each time. */
export function createActionResolver(options: ResolverOptions): ActionResolver {
  const repositories = new Map<string, Promise<string | undefined>>()
  const definitions = new Map<string, ActionDefinition>()
  const { parsed } = options.input.folders
  const filesOf = (reference: RepositoryReference) => {
    const key = `${reference.owner}/${reference.name}@${reference.ref}`
    const known = repositories.get(key) ?? placeRepository(reference, options)
    repositories.set(key, known)
    return known
  }
  const resolve = async (step: UsesStep): Promise<ResolvedAction> => {
    const reference = parseReference(step.uses)
    if ('problem' in reference) throw new ActionFailure(`${reference.problem}.`)
    if (reference.kind === 'docker') return { kind: 'files', dir: options.paths.workspace, definition: dockerDefinition(step.uses, step.uses) }
    if (reference.kind === 'local') {
      const { workspace } = options.paths
      return { kind: 'files', dir: join(workspace, reference.path), definition: await readDefinition(workspace, reference.path, { uses: step.uses, parsed }) }
    }
    const root = await filesOf(reference)
    if (root === undefined) return builtinFor(step, reference, options)
    const dir = join(root, reference.path)
    const definition = definitions.get(dir) ?? (await readDefinition(root, reference.path, { uses: step.uses, parsed }))
    definitions.set(dir, definition)
    return { kind: 'files', dir, definition, repository: `${reference.owner}/${reference.name}`, ref: reference.ref } satisfies FoundAction
  }
  return {
    resolve: (step) =>
      resolve(step).catch((error: Error) => {
        const { file, line, column } = step.at
        throw error instanceof ActionFailure ? new ActionFailure(`${file}:${line}:${column}: uses: ${step.uses}: ${error.message}`) : error
      }),
  }
}

/** An image, or a folder with nothing but a Dockerfile. */
function dockerDefinition(name: string, image: string): ActionDefinition {
  return { name, inputs: [], outputs: [], runs: { using: 'docker', image, args: [], env: [] } }
}

/** A copy for this job alone, which its processes can read. */
async function placeRepository(reference: RepositoryReference, { input, paths, say }: ResolverOptions): Promise<string | undefined> {
  const { actions } = input
  if (actions === undefined) return undefined
  const { owner, name, ref } = reference
  const files = await fetchAction(reference, actions, String(input.spec.contexts.github.repository ?? ''))
  if (files === undefined) return undefined
  const uid = jobUid(input)
  const to = join(paths.actions, owner, name, ref.replaceAll('/', '_'))
  for (const dir of [paths.actions, join(paths.actions, owner), join(paths.actions, owner, name)]) ownFolder(dir, uid, 0o750)
  mkdirSync(to)
  const copied = await execProgram(['cp', '-R', '--', `${files.dir}/.`, to])
  if (copied.exit !== 0) throw new ActionFailure(`Its files could not be copied: ${copied.stderr.trim()}`)
  if (uid !== undefined) await execProgram(['chmod', '-R', 'u+rwX,go+rX', '--', to])
  say(`Download action repository '${owner}/${name}@${ref}'${files.commit ? ` (SHA:${files.commit})` : ''}`)
  if (files.movedFrom) say(`##[notice]${owner}/${name}@${ref} has moved from ${files.movedFrom} to ${files.commit}.`)
  return to
}

/** The built-in action, when it carries every input that is given. */
async function builtinFor(step: UsesStep, reference: RepositoryReference, { input, paths }: ResolverOptions): Promise<ResolvedAction> {
  const action = builtinAction(step.uses)
  const known = findAction(step.uses)
  if (known === undefined) {
    const where = describeSources(input.actions ?? { sources: [], cache: '' })
    throw new ActionFailure(`it is not one of the actions that are built in, and no source has it (${where}).`)
  }
  const unknown = step.with.map(([name]) => name.toLowerCase()).filter((name) => !known.inputs.includes(name))
  if (unknown.length > 0)
    throw new ActionFailure(`the built-in ${known.name} does not carry with: ${unknown.join(', ')}. It carries ${known.inputs.join(', ')}.`)
  if (action) return { kind: 'builtin', action }
  const definition = await processAction(step.uses, input.folders.parsed)
  if (definition === undefined) throw new ActionFailure(`${known.name} is known and not built in.`)
  const { owner, name, ref } = reference
  return { kind: 'files', dir: paths.actions, definition, program: [...input.self, 'internal', 'action', known.name], repository: `${owner}/${name}`, ref }
}

/** `action.yml` or `action.yaml` in a folder below `root`. */
async function readDefinition(root: string, path: string, { uses, parsed }: { uses: string; parsed: string | undefined }): Promise<ActionDefinition> {
  for (const name of ['action.yml', 'action.yaml']) {
    const file = path === '' ? name : `${path}/${name}`
    const text = readFileInside(root, file)
    if (text === undefined) continue
    const { value, diagnostics } = await parseFile('action', { file: `${uses}/${name}`, text }, parsed)
    if (value === undefined) throw new ActionFailure(`its ${name} was refused:\n${diagnostics.map(formatDiagnostic).join('\n')}`)
    return value
  }
  if (existsSync(join(root, path, 'Dockerfile'))) return dockerDefinition(uses, 'Dockerfile')
  const hint = uses.startsWith('./') ? ' Does actions/checkout run before it?' : ''
  throw new ActionFailure(`there is no action.yml, action.yaml or Dockerfile in it.${hint}`)
}
