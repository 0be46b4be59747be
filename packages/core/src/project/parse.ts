// pushway.yml: text → Project with every finding at once; and what a project is without the file.

import type { Parsed } from '../text/diagnostic.ts'
import { hasErrors } from '../text/diagnostic.ts'
import { nearest } from '../text/nearest.ts'
import { readYaml, type YamlEntry, type YamlReader } from '../text/yaml.ts'
import { emptyEnvironment, readEnvironment } from './environment.ts'
import { bad, readChoice, readKeys, readNamed } from './fields.ts'
import type { EnvironmentConfig, Project } from './types.ts'

/** Top-level keys of the design that are refused for now. */
const later = ['notify', 'builders', 'registries', 'monitoring']

/**
 * Reads pushway.yml. Unknown keys, wrong types and values, environments that are not there and circles of `promote` are findings.
 *
 * @param paths the repository's files: compose files among them are the default of `files`; files that are not there are findings
 */
export function parseProject(file: string, text: string, paths?: readonly string[]): Parsed<Project> {
  const reader = readYaml(file, text, 'project')
  let builder: Project['builder'] = 'auto'
  const environments: EnvironmentConfig[] = []
  const entries: YamlEntry[] = []
  if (reader.kind(reader.root) !== 'empty') {
    readKeys(
      { reader, node: reader.root, path: '' },
      {
        builder: (field) => {
          builder = readChoice(field, ['auto', 'embedded', 'docker']) ?? builder
        },
        environments: (field) => {
          for (const entry of readNamed(field)) {
            if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/.test(entry.key)) {
              bad({ ...field, node: entry.keyNode }, `"${entry.key}" can't be the name of an environment: use letters, digits, ".", "_" and "-".`)
            }
            entries.push(entry)
            environments.push(readEnvironment({ reader, node: entry.node, path: `environments.${entry.key}` }, entry.key, composeFiles(paths ?? [])))
          }
        },
      },
      later,
    )
  }
  checkTogether(reader, { environments, entries, paths })
  const project: Project = { builder, environments: environments.length > 0 ? environments : defaultProject(paths ?? []).environments }
  return hasErrors(reader.diagnostics) ? { diagnostics: reader.diagnostics } : { value: project, diagnostics: reader.diagnostics }
}

/**
 * A project without pushway.yml: `staging` takes `develop`, `production` takes `main`, from the compose file when there is one.
 *
 * @param branches the repository's branches, when they are known: without `main`, `master` is production's
 */
export function defaultProject(paths: readonly string[], branches: readonly string[] = []): Project {
  const files = composeFiles(paths)
  const main = !branches.includes('main') && branches.includes('master') ? 'master' : 'main'
  return {
    builder: 'auto',
    environments: [
      { ...emptyEnvironment('staging', files), branch: 'develop' },
      { ...emptyEnvironment('production', files), branch: main },
    ],
  }
}

/** The environment of that name. */
export function environmentFor(project: Project, name: string): EnvironmentConfig | undefined {
  return project.environments.find((environment) => environment.name === name)
}

/** The compose file that docker compose would take. */
function composeFiles(paths: readonly string[]): readonly string[] {
  const there = new Set(paths)
  const main = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'].find((name) => there.has(name))
  return main === undefined ? [] : [main]
}

interface Together {
  readonly environments: readonly EnvironmentConfig[]
  readonly entries: readonly YamlEntry[]
  readonly paths: readonly string[] | undefined
}

function checkTogether(reader: YamlReader, { environments, entries, paths }: Together): void {
  const names = environments.map((environment) => environment.name)
  environments.forEach((environment, index) => {
    const entry = entries[index]
    const node = valueNode(reader, entry, 'promote')
    const from = environment.promote?.from
    if (from !== undefined && !names.includes(from)) {
      const near = nearest(from, names)
      const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean "${near}"`
      reader.report(node, 'project-unknown-environment', `${environment.name} is promoted from "${from}", which is not an environment here; ${hint}.`)
    } else if (from !== undefined && leadsBack(environment, environments)) {
      reader.report(node, 'project-promote-circle', `${environment.name} is promoted from itself, by way of ${from}: nothing could ever get there.`)
    }
    const source = environments.find((one) => one.name === from)
    if (source && imageKinds[source.runtime] !== imageKinds[environment.runtime]) {
      reader.report(node, 'project-promote-runtimes', differingKinds(environment, source))
    }
    for (const file of environment.files) {
      if (paths && !paths.includes(file)) {
        reader.report(valueNode(reader, entry, 'files'), 'project-missing-file', `${environment.name} names ${file}, which is not in the repository.`)
      }
    }
  })
}

/** What a runtime can run: images on the machine's own userland, or such with a root file system of their own. */
const imageKinds: Readonly<Record<EnvironmentConfig['runtime'], 'host' | 'image'>> = { process: 'host', docker: 'image', kubernetes: 'image' }

function differingKinds(to: EnvironmentConfig, from: EnvironmentConfig): string {
  const kind = ({ name, runtime }: EnvironmentConfig) =>
    `${name} (runtime: ${runtime}) takes images ${imageKinds[runtime] === 'host' ? "on the machine's own userland" : 'with a root file system of their own'}`
  return `${to.name} is promoted from ${from.name}, but no image runs in both: ${kind(from)}, ${kind(to)}. Give both the same runtime.`
}

/** Where a key of an environment is written; the environment's own place when it is not. */
function valueNode(reader: YamlReader, entry: YamlEntry | undefined, key: string) {
  if (!entry) return null
  if (reader.kind(entry.node) !== 'map') return entry.keyNode
  return reader.entries(entry.node, key)?.find((one) => one.key === key)?.node ?? entry.keyNode
}

function leadsBack(start: EnvironmentConfig, all: readonly EnvironmentConfig[]): boolean {
  const seen = new Set<string>()
  let name = start.promote?.from
  while (name !== undefined && !seen.has(name)) {
    if (name === start.name) return true
    seen.add(name)
    name = all.find((one) => one.name === name)?.promote?.from
  }
  return false
}
