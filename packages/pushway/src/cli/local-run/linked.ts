// Workflow files of the working tree, read with all that they call.

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import type { Diagnostic, Parsed } from '@pushway/core/text/diagnostic.ts'
import type { CalledFile, Linked } from '@pushway/core/workflow/link.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import { defaultCacheDir } from '../../util/cache-dir.ts'
import type { ActionSource } from '../../util/job-spool.ts'
import { parseFile } from '../../util/parsed-files.ts'
import type { SourceFile, WorkingTree } from './working-tree.ts'

export interface LinkedFile {
  readonly workflow: Workflow
  readonly files: readonly CalledFile[]
  readonly warnings: readonly Diagnostic[]
}

/** The sources of `--actions-dir` and PUSHWAY_ACTIONS_URL. @throws PushwayError `usage` */
export function actionSources(dirs: readonly string[]): readonly ActionSource[] {
  for (const dir of dirs) {
    if (!existsSync(dir)) throw fail('usage', { problem: `The folder ${dir} is not there.`, hint: 'Name one with actions in it: --actions-dir DIR.' })
  }
  const remote = process.env.PUSHWAY_ACTIONS_URL
  return [...dirs.map((dir) => ({ kind: 'directory', dir: resolve(dir) }) as const), ...(remote ? [{ kind: 'remote', url: remote } as const] : [])]
}

/** A file with what it calls: files of the working tree as they are now, and of the sources. Every mistake of all files. */
export async function linkLocally(parsed: Parsed<Workflow>, tree: Pick<WorkingTree, 'dir' | 'repository'>, sources: readonly ActionSource[]): Promise<Linked> {
  const { value = parsed.draft, diagnostics } = parsed
  if (!value?.jobs.some((job) => job.call)) return { ...(parsed.value ? { value: parsed.value } : {}), diagnostics, files: [] }
  // Loaded only now: most workflows call none, and their runs begin sooner.
  const [{ linkParsed }, { otherReader }, { createWorkflowFiles }] = await Promise.all([
    import('@pushway/core/workflow/link.ts'),
    import('../../model/called-workflows.ts'),
    import('../../runner/workflow-files.ts'),
  ])
  const other = otherReader(tree.repository, createWorkflowFiles({ sources, cache: join(defaultCacheDir(), 'actions') }))
  return linkParsed(parsed, async (target) => {
    if (target.repository !== undefined) return other(target)
    const path = join(tree.dir, target.path)
    if (!existsSync(path)) return { problem: 'there is no such file in the working tree' }
    return { parsed: await parseFile('workflow', { file: target.path, text: readFileSync(path, 'utf8') }, join(defaultCacheDir(), 'parsed')) }
  })
}

/** The file, parsed and linked. @throws PushwayError `workflow-invalid` with every mistake of all files */
export async function readLinked({ file, text }: SourceFile, tree: WorkingTree, sources: readonly ActionSource[]): Promise<LinkedFile> {
  const linked = await linkLocally(await parseFile('workflow', { file, text }, join(defaultCacheDir(), 'parsed')), tree, sources)
  if (linked.value === undefined) throw refuse('workflow-invalid', file, linked.diagnostics)
  return { workflow: linked.value, files: linked.files, warnings: linked.diagnostics }
}
