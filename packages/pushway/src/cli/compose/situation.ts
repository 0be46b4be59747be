// What a verb that asks the engine works with: the engine, the project's name, and its files when there are any.

import { createHash } from 'node:crypto'
import type { App } from '@pushway/core/app/types.ts'
import { makeApp } from '@pushway/core/compose/app/make.ts'
import { modelOf, type ProjectModel } from '@pushway/core/compose/app/model.ts'
import { toJson } from '@pushway/core/compose/print-json.ts'
import type { PrintedMap } from '@pushway/core/compose/print-value.ts'
import { type ComposeProject, printedProject } from '@pushway/core/compose/project.ts'
import { Report } from '@pushway/core/compose/report.ts'
import { checkVerbSupport } from '@pushway/core/compose/support.ts'
import { fail, PushwayError, refuse } from '@pushway/core/reason/errors.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { createEngine, type Engine, findEngine } from '../../util/engine-api/index.ts'
import type { GlobalOptions } from './global.ts'
import { loadCompose } from './load.ts'
import { createProgress, type Progress } from './progress.ts'

export interface Situation {
  readonly engine: Engine
  /** The project's name. */
  readonly name: string
  readonly progress: Progress
}

/** A project with its files. */
export interface ProjectSituation extends Situation {
  readonly project: ComposeProject
  /** As `config --format json` prints it. */
  readonly model: ProjectModel
  /** The same, typed: what is mounted where, limits, options. */
  readonly app: App
  readonly folder: string
  readonly files: readonly string[]
  readonly global: GlobalOptions
}

/** @throws PushwayError `program-missing` when no engine is found, `engine-address` */
export function openEngine(): Engine {
  const address = findEngine({ env: process.env })
  if (address === undefined)
    throw fail('program-missing', {
      program: 'Docker Engine',
      for: 'running containers',
      install: 'Install and start it (Debian: docker.io), or name one with DOCKER_HOST.',
    })
  return createEngine(address)
}

/** The project of the files. `services`: only these and what they depend on; `runs`: what has no effect is named. @throws PushwayError `compose-invalid` */
export function openProject(global: GlobalOptions, services: readonly string[] = [], runs = false): ProjectSituation {
  const { project, folder, files } = loadCompose(global, { services })
  const report = new Report()
  const app = makeApp(project, { report, inRepository: false })
  if (runs) checkVerbSupport(project.tree, report)
  if (report.failed) throw refuse('compose-invalid', files.join(', '), report.diagnostics)
  for (const one of report.diagnostics) process.stderr.write(`${formatDiagnostic(one)}\n`)
  const model = modelOf(printedProject(project, 'json'))
  return { engine: openEngine(), name: project.name, progress: createProgress(global.progress), project, model, app, folder, files, global }
}

/** The project's files, or, where there are none, only the name that was given: its containers are found by their labels. */
export function openNamed(global: GlobalOptions): Situation | ProjectSituation {
  const name = global.projectName ?? process.env.COMPOSE_PROJECT_NAME
  try {
    return openProject({ ...global, profiles: global.profiles.length > 0 ? global.profiles : ['*'] })
  } catch (error) {
    const fileless = error instanceof PushwayError && error.code === 'usage' && global.files.length === 0
    if (!fileless || name === undefined || name === '') throw error
    return { engine: openEngine(), name, progress: createProgress(global.progress) }
  }
}

/** Whether the project's files are at hand. */
export function hasFiles(situation: Situation | ProjectSituation): situation is ProjectSituation {
  return 'model' in situation
}

/** The hash by which a change is noticed, as Docker Compose makes it. */
export function hashOf(value: PrintedMap): string {
  return createHash('sha256').update(toJson(value, true)).digest('hex')
}

/** A service of the files. @throws PushwayError `not-found` */
export function checkServices({ model }: Pick<ProjectSituation, 'model'>, names: readonly string[]): void {
  const unknown = names.find((name) => !Object.hasOwn(model.services, name))
  if (unknown !== undefined) throw fail('not-found', { what: 'service', name: unknown })
}
