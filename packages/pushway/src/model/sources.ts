// The team's files at a commit, parsed: workflows, pushway.yml, compose files. A commit never changes, so results are kept.

import type { App } from '@pushway/core/app/types.ts'
import type { EnvironmentConfig, Project } from '@pushway/core/project/types.ts'
import type { Parsed } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import type { GitHost } from '../ports/misc.ts'
import { type ComposeFile, composeAt, pinFiles } from './compose-app.ts'
import { isOwnBuild, ownBuildWorkflow } from './own-builds.ts'

export const workflowFolder = '.github/workflows'
const projectFile = 'pushway.yml'

export interface Sources {
  /** Paths of the workflow files at a commit. */
  workflowFiles(project: ProjectName, commit: CommitId): Promise<readonly string[]>
  /** A workflow file; undefined when it is not there. */
  workflow(project: ProjectName, commit: CommitId, file: string): Promise<Parsed<Workflow> | undefined>
  /** pushway.yml, or what its defaults make of the files that are there. */
  config(project: ProjectName, commit: CommitId): Promise<Parsed<Project>>
  /** The environment's compose files, overlays applied, variables filled in. */
  app(at: { project: ProjectName; commit: CommitId; environment: EnvironmentConfig }, env: Readonly<Record<string, string>>): Promise<Parsed<App>>
}

const kept = 100

/** Reads and parses through `git`; parsers are loaded when first needed. `registryHost`: `host:port` of the embedded registry. */
export function createSources(git: GitHost, registryHost: () => string): Sources {
  const cache = new Map<string, Promise<unknown>>()

  function once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = cache.get(key)
    if (known) return known as Promise<T>
    const made = make()
    cache.set(key, made)
    made.catch(() => cache.delete(key))
    if (cache.size > kept) cache.delete(cache.keys().next().value ?? '')
    return made
  }

  const readText = async (project: ProjectName, commit: CommitId, path: string) => {
    const bytes = await git.readFile(project, commit, path)
    return bytes && new TextDecoder().decode(bytes)
  }

  return {
    workflowFiles: (project, commit) =>
      once(`files ${project} ${commit}`, async () => {
        const files = await git.listFiles(project, commit, workflowFolder)
        return files.filter((file) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(file)).toSorted()
      }),
    workflow: (project, commit, file) =>
      once(`workflow ${project} ${commit} ${file}`, async () => {
        if (isOwnBuild(file)) return { value: ownBuildWorkflow(file, { host: registryHost(), project }), diagnostics: [] }
        const text = await readText(project, commit, file)
        if (text === undefined) return undefined
        const { parseWorkflow } = await import('@pushway/core/workflow/parse.ts')
        return parseWorkflow(file, text)
      }),
    config: (project, commit) =>
      once(`config ${project} ${commit}`, async () => {
        const { defaultProject, parseProject } = await import('@pushway/core/project/parse.ts')
        const text = await readText(project, commit, projectFile)
        const paths = await git.listFiles(project, commit, '')
        return text === undefined ? { value: defaultProject(paths), diagnostics: [] } : parseProject(projectFile, text, paths)
      }),
    async app({ project, commit, environment }, env) {
      const files = await Promise.all(environment.files.map(async (file) => ({ file, text: await readText(project, commit, file) })))
      const missing = files.filter(({ text }) => text === undefined)
      if (missing.length > 0)
        return {
          diagnostics: missing.map(({ file }) => ({
            severity: 'error' as const,
            code: 'file-missing',
            message: `environment ${environment.name} names ${file}, which is not in the repository`,
            at: { file: projectFile, line: 1, column: 1 },
          })),
        }
      const parsed = await composeAt({
        files: files as readonly ComposeFile[],
        name: `${project.replace('/', '-')}-${environment.name}`,
        runtime: environment.runtime,
        env,
        read: (path) => readText(project, commit, path),
      })
      return parsed.value ? { ...parsed, value: await pinFiles(parsed.value, (path) => git.objectId(project, commit, path)) } : parsed
    },
  }
}
