// Compose files → App: the files of a release, read from the repository.

import type { App } from '../app/types.ts'
import type { EnvironmentConfig } from '../project/types.ts'
import type { Parsed } from '../text/diagnostic.ts'
import { makeApp } from './app/make.ts'
import type { ComposeFile } from './load-tree.ts'
import { projectFolder } from './load-tree.ts'
import { loadProject } from './project.ts'
import { Report } from './report.ts'
import { checkSupport } from './support.ts'

export interface ComposeOptions {
  /** Variables for interpolation, and for `environment` entries without a value. */
  readonly env: Readonly<Record<string, string>>
  /** Other files of the repository by path: what `extends`, `include` and `env_file` name. Undefined when there is none. */
  readonly read?: (path: string) => string | undefined
  /** The compose project's name when the files say none. */
  readonly name?: string
  readonly profiles?: readonly string[]
  /** What it will run on: what that can't do is named. */
  readonly runtime?: EnvironmentConfig['runtime']
}

/**
 * The app that one or more compose files describe, later files over earlier ones. Every finding of every file at once.
 * Paths are relative to the first file's folder, and come out relative to the repository's root.
 */
export function loadCompose(files: readonly ComposeFile[], options: ComposeOptions): Parsed<App> {
  const report = new Report()
  const { project, diagnostics } = loadProject({
    files,
    access: { read: options.read ?? (() => undefined), fence: '.' },
    folder: projectFolder(files),
    env: options.env,
    defaultName: options.name ?? 'app',
    profiles: options.profiles ?? [],
    services: [],
    interpolate: true,
    resolvePaths: true,
    normalise: true,
    consistency: true,
    allResources: false,
  })
  report.add(diagnostics)
  const app = project && makeApp(project, { report, inRepository: true })
  if (project && options.runtime) checkSupport(project.tree, options.runtime, report)
  return app && !report.failed ? { value: app, diagnostics: report.diagnostics } : { diagnostics: report.diagnostics }
}
