// The project that a verb works on: files found, read, normalised, with every finding said.

import { homedir } from 'node:os'
import { type ComposeProject, loadProject } from '@pushway/core/compose/project.ts'
import { refuse } from '@pushway/core/reason/errors.ts'
import { type Diagnostic, formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { findFiles, nameOfFolder, readFile } from './find-files.ts'
import type { GlobalOptions } from './global.ts'

/** What a verb wants of the project; everything is on unless it says so. */
export interface LoadWishes {
  readonly services?: readonly string[]
  readonly interpolate?: boolean
  readonly normalise?: boolean
  readonly resolvePaths?: boolean
  readonly consistency?: boolean
  readonly keepEnvFiles?: boolean
}

export interface LoadedCompose {
  readonly project: ComposeProject
  /** Absolute. */
  readonly folder: string
  readonly files: readonly string[]
}

/** Loads the project; warnings go to standard error. @throws PushwayError `compose-invalid` with every finding */
export function loadCompose(options: GlobalOptions, wishes: LoadWishes = {}): LoadedCompose {
  const warn = (text: string) => void process.stderr.write(`${text}\n`)
  const found = findFiles(options, warn)
  const name = options.projectName ?? found.env.COMPOSE_PROJECT_NAME
  const { project, diagnostics } = loadProject({
    files: found.files,
    access: { read: readFile },
    folder: found.folder,
    home: homedir(),
    env: found.env,
    ...(name === undefined || name === '' ? {} : { name }),
    defaultName: nameOfFolder(found.folder),
    profiles: options.profiles.length > 0 ? options.profiles : (found.env.COMPOSE_PROFILES ?? '').split(',').map((profile) => profile.trim()),
    services: wishes.services ?? [],
    interpolate: wishes.interpolate ?? true,
    resolvePaths: wishes.resolvePaths ?? true,
    normalise: wishes.normalise ?? !options.compatibility,
    consistency: wishes.consistency ?? true,
    allResources: options.allResources,
    ...(wishes.keepEnvFiles ? { keepEnvFiles: true } : {}),
  })
  if (!project) throw refuse('compose-invalid', shownName(found.files), relative([...found.warnings, ...diagnostics]))
  for (const one of relative([...found.warnings, ...diagnostics])) warn(formatDiagnostic(one))
  return { project, folder: found.folder, files: found.files.map(({ file }) => file) }
}

function shownName(files: readonly { readonly file: string }[]): string {
  return files.map(({ file }) => relativeName(file)).join(', ')
}

/** Findings with the names of files as people write them: from the present folder. */
function relative(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.map((one) => ({ ...one, at: { ...one.at, file: relativeName(one.at.file) } }))
}

function relativeName(file: string): string {
  const folder = `${process.cwd()}/`
  return file.startsWith(folder) ? file.slice(folder.length) : file
}
