// Compose files → a normalised project: what `docker compose config` prints, and what everything else is made from.

import type { Diagnostic } from '../text/diagnostic.ts'
import { checkCommands, checkConsistency, checkContainerNames, checkSecretSources } from './consistency.ts'
import { resolveEnvFiles, resolveLabelFiles } from './env-files.ts'
import { interpolate } from './interpolate.ts'
import { loadTree, type TreeInput } from './load-tree.ts'
import { normaliseProject, projectName } from './normalise.ts'
import { type Printed, type PrintedMap, printAny, printProject } from './print-value.ts'
import { Report } from './report.ts'
import { dropUnused, profilesOf, selectProfiles, selectServices } from './select.ts'
import { mapAt, memberOf, scalarAt, type Tree, type TreeMap, textOf, withMember } from './tree.ts'
import { readDocuments } from './yaml-tree.ts'

export interface ProjectInput extends Omit<TreeInput, 'report'> {
  /** Said by `-p` or COMPOSE_PROJECT_NAME: wins over the files. */
  readonly name?: string
  /** The folder's name: when nothing says another. */
  readonly defaultName: string
  /** Profiles that are on. */
  readonly profiles: readonly string[]
  /** Only these services and what they depend on; all of them when it is empty. */
  readonly services: readonly string[]
  /** Make explicit what is implied: the default network, names, dependencies. */
  readonly normalise: boolean
  /** Check that things fit together. */
  readonly consistency: boolean
  /** Keep networks, volumes and files that no service uses. */
  readonly allResources: boolean
  /** Keep `env_file` as it is written; else its values become part of `environment`. */
  readonly keepEnvFiles?: boolean
}

export interface ComposeProject {
  readonly name: string
  /** Every node with the place where it is written. */
  readonly tree: TreeMap
  /** Services that are off because of their profiles. */
  readonly disabled: ReadonlyMap<string, Tree>
  /** The variables that the files were read with. */
  readonly env: Readonly<Record<string, string>>
}

export interface LoadedProject {
  /** Absent when a finding is an error. */
  readonly project?: ComposeProject
  readonly diagnostics: readonly Diagnostic[]
}

/** The project of some compose files, every finding at once. */
export function loadProject(input: ProjectInput): LoadedProject {
  const report = new Report()
  const name = nameOf(input, report)
  const env = { ...input.env, COMPOSE_PROJECT_NAME: name }
  const tree = loadTree({ ...input, env, report })
  if (!tree) return { diagnostics: report.diagnostics }
  const whole = input.normalise ? normaliseProject(tree, { project: name, env }) : withMember(tree, 'name', scalarAt(tree, name))
  if (!input.interpolate && !report.failed) return { project: { name, tree: whole, disabled: new Map(), env }, diagnostics: report.diagnostics }
  const project = finish(whole, { ...input, env }, report)
  return report.failed ? { diagnostics: report.diagnostics } : { project: { name, ...project, env }, diagnostics: report.diagnostics }
}

function finish(tree: TreeMap, input: ProjectInput, report: Report): Pick<ComposeProject, 'tree' | 'disabled'> {
  // Printing finds the values that are not what their attribute is: better now than later.
  printProject(tree, { format: 'json', report })
  checkCommands(tree, report)
  const selected = selectProfiles(tree, input.profiles)
  // What YAML could not give is not missing.
  if (input.consistency && !report.diagnostics.some(({ code }) => code === 'compose-yaml')) {
    checkConsistency({ ...selected, report })
    checkSecretSources(tree, report)
  }
  if (report.failed) return selected
  // Resolved paths begin where the caller's own do.
  const files = { access: input.access, folder: input.resolvePaths ? '.' : input.folder, env: input.env, report, ...(input.keepEnvFiles ? { keep: true } : {}) }
  const resolved = resolveLabelFiles(input.keepEnvFiles ? selected.tree : resolveEnvFiles(selected.tree, files), files)
  const enabled = enableNamed({ ...selected, tree: resolved }, input, files)
  const chosen = selectServices(enabled.tree, input.services, report)
  if (input.consistency) checkContainerNames(chosen, report)
  return { tree: input.allResources ? chosen : dropUnused(chosen), disabled: enabled.disabled }
}

/** Naming a service turns on its profiles. */
function enableNamed(
  selected: Pick<ComposeProject, 'tree' | 'disabled'>,
  input: ProjectInput,
  files: Parameters<typeof resolveEnvFiles>[1],
): Pick<ComposeProject, 'tree' | 'disabled'> {
  const more = profilesOf(selected.disabled, input.services)
  if (more.length === 0) return selected
  const all = mapAt(selected.tree, [...servicesOf(selected.tree), ...selected.disabled])
  const again = selectProfiles(withMember(selected.tree, 'services', all), [...input.profiles, ...more])
  return input.keepEnvFiles ? again : { ...again, tree: resolveLabelFiles(resolveEnvFiles(again.tree, files), files) }
}

function servicesOf(tree: TreeMap): readonly (readonly [string, Tree])[] {
  const services = memberOf(tree, 'services')
  return services?.kind === 'map' ? [...services.entries] : []
}

/** The project's name: said, or the last that a file gives, or the folder's. */
function nameOf(input: ProjectInput, report: Report): string {
  const [first] = input.files
  const place = { file: first?.file ?? '', line: 1, column: 1 }
  if (input.name !== undefined && input.name !== '') {
    if (projectName(input.name) !== input.name)
      report.error(
        place,
        'compose-name',
        `"${input.name}" can't be the name of a project: use lower case letters, digits, "-" and "_", and begin with a letter or digit.`,
      )
    return input.name
  }
  const names = input.files.flatMap(({ file, text }) => readDocuments(file, text).documents.flatMap(({ tree }) => textOf(memberOf(tree, 'name')) ?? []))
  const written = names.at(-1) ?? ''
  const lookUp = (name: string) => (Object.hasOwn(input.env, name) ? input.env[name] : undefined)
  const said = input.interpolate ? interpolate(written, lookUp).value : written
  const name = projectName(said) || projectName(input.defaultName)
  if (name === '') report.error(place, 'compose-name', 'The project has no name: its folder gives none, so say one with name: in the file, or with -p.')
  return name
}

/** The project as `config` prints it. */
export function printedProject(project: ComposeProject, format: 'json' | 'yaml'): PrintedMap {
  return printProject(project.tree, { format, report: new Report() })
}

/** The project as it is written, canonical: for files whose variables are not replaced. */
export function printedModel(project: ComposeProject, format: 'json' | 'yaml'): Printed {
  return printAny(project.tree, format)
}
