// The corpus of compose files in test/golden/compose: each case with what Docker Compose prints for it, and with what we find in it.

import { readdirSync, readFileSync } from 'node:fs'
import { parseDotenv } from '@pushway/core/compose/dotenv.ts'
import { toJson } from '@pushway/core/compose/print-json.ts'
import type { Printed } from '@pushway/core/compose/print-value.ts'
import { toYaml } from '@pushway/core/compose/print-yaml.ts'
import { loadProject, printedModel, printedProject } from '@pushway/core/compose/project.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'

export const corpusFolder = new URL('../golden/compose/', import.meta.url)
/** Where every case is said to be: paths in what is recorded begin with it. */
export const caseFolder = '/project/case'
export const caseHome = '/home/ada'

/**
 * One case, as its file has it: a line that says what it shows; `env: A=b`, `files: a b`, `profiles: a`, `services: a`, `name: n`,
 * `flags: …` and `config: …` lines; then files after `-- path --`, and what is recorded after `== title ==`.
 */
export interface ComposeCase {
  readonly name: string
  readonly shows: string
  readonly env: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  readonly recorded: Readonly<Record<string, string>>
  /** The file's text before what is recorded. */
  readonly source: string
}

/** Every case, in order of name. */
export function readCorpus(): readonly ComposeCase[] {
  const names = readdirSync(corpusFolder).filter((name) => name.endsWith('.txt'))
  return names.toSorted().map((name) => parseCase(name.slice(0, -'.txt'.length), readFileSync(new URL(name, corpusFolder), 'utf8')))
}

function parseCase(name: string, text: string): ComposeCase {
  const [source = '', ...recorded] = text.split(/^(?=== .+ ==$)/m)
  const [head = '', ...files] = source.split(/^(?=-- .+ --$)/m)
  const [shows = '', ...lines] = head.trimEnd().split('\n')
  const settings = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
  const env = settings.filter(([key]) => key === 'env').map(([, pair]) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const)
  return {
    name,
    shows,
    env: Object.fromEntries(env),
    settings: Object.fromEntries(settings.filter(([key]) => key !== 'env')),
    files: Object.fromEntries(files.map((part) => section(part, '--'))),
    recorded: Object.fromEntries(recorded.map((part) => section(part, '=='))),
    source,
  }
}

function section(part: string, mark: string): readonly [string, string] {
  const end = part.indexOf('\n')
  return [part.slice(mark.length + 1, end - mark.length - 1), part.slice(end + 1)]
}

function listOf(value: string | undefined, separator: RegExp): readonly string[] {
  return (value ?? '').split(separator).filter((part) => part !== '')
}

/** The compose files that a case begins with. */
function mainFiles({ files, settings }: ComposeCase): readonly string[] {
  if (settings.files !== undefined) return listOf(settings.files, / /)
  return ['compose.yaml', 'compose.override.yaml'].filter((file) => Object.hasOwn(files, file))
}

/** The arguments that `docker compose` is called with for a case, without the format. */
export function peerArguments(one: ComposeCase): readonly string[] {
  const { settings } = one
  const flags = [
    ...(settings.files === undefined ? [] : mainFiles(one).flatMap((file) => ['-f', file])),
    ...listOf(settings.profiles, /,/).flatMap((profile) => ['--profile', profile]),
    ...(settings.name === undefined ? [] : ['-p', settings.name]),
    ...listOf(settings.flags, / /),
  ]
  return [...flags, 'config', ...listOf(settings.config, / /), ...listOf(settings.services, / /)]
}

export interface OurAnswer {
  readonly json?: string
  readonly yaml?: string
  readonly findings: readonly string[]
}

/** What we make of a case. */
export function ourAnswer(one: ComposeCase): OurAnswer {
  const { settings, files } = one
  const off = listOf(settings.config, / /)
  const read = (path: string) => files[path.slice(caseFolder.length + 1)]
  const outside = { HOME: caseHome, PWD: caseFolder, ...one.env }
  const dotenv = read(`${caseFolder}/.env`)
  const given = dotenv === undefined ? { values: {}, diagnostics: [] } : parseDotenv({ file: `${caseFolder}/.env`, text: dotenv, env: outside })
  const { project, diagnostics } = loadProject({
    files: mainFiles(one).map((file) => ({ file: `${caseFolder}/${file}`, text: files[file] ?? '' })),
    access: { read },
    folder: caseFolder,
    home: caseHome,
    env: { ...given.values, ...outside },
    ...(settings.name === undefined ? {} : { name: settings.name }),
    defaultName: 'case',
    profiles: listOf(settings.profiles, /,/),
    services: listOf(settings.services, / /),
    interpolate: !off.includes('--no-interpolate'),
    normalise: !off.includes('--no-normalize'),
    resolvePaths: !off.includes('--no-path-resolution'),
    consistency: !off.includes('--no-consistency'),
    allResources: settings.flags === '--all-resources',
  })
  const failed = given.diagnostics.some((finding) => finding.severity === 'error')
  const findings = (failed ? given.diagnostics : [...given.diagnostics, ...diagnostics]).map((finding) =>
    formatDiagnostic(finding).replaceAll(`${caseFolder}/`, ''),
  )
  if (!project || failed) return { findings }
  const print = (format: 'json' | 'yaml'): Printed => (off.includes('--no-interpolate') ? printedModel(project, format) : printedProject(project, format))
  const double = (text: string) => (off.includes('--no-interpolate') ? text : text.replaceAll('$', '$$$$'))
  return { json: double(toJson(print('json'))), yaml: double(toYaml(print('yaml'))), findings }
}
