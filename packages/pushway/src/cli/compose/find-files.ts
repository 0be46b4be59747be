// Which compose files are meant, and the variables they are read with: -f, COMPOSE_FILE, or what is in this folder or above.

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { parseDotenv } from '@pushway/core/compose/dotenv.ts'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { type Diagnostic, hasErrors } from '@pushway/core/text/diagnostic.ts'
import { type GlobalOptions, isTrue } from './global.ts'

type Env = Readonly<Record<string, string>>

export interface FoundFiles {
  readonly files: readonly { readonly file: string; readonly text: string }[]
  /** Absolute. */
  readonly folder: string
  readonly env: Env
  readonly warnings: readonly Diagnostic[]
}

const names = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
const overrides = ['compose.override.yml', 'compose.override.yaml', 'docker-compose.override.yml', 'docker-compose.override.yaml']

/** The project's files. @throws PushwayError `not-found`, `compose-invalid` when an env file is wrong */
export function findFiles(options: GlobalOptions, say: (warning: string) => void): FoundFiles {
  const outside = processEnv()
  const given = options.files.map((file) => (file === '-' ? file : resolve(file)))
  const first = readEnvFiles(outside, { options, folder: folderOf(options, given) })
  const paths = given.length > 0 ? given : (namedFiles(first.env) ?? discover(folderOf(options, []), say))
  if (paths.length === 0) {
    throw fail('usage', {
      problem: `There is no compose file in ${folderOf(options, [])} or above it.`,
      hint: `Name it with -f, or call it ${names[0]}.`,
    })
  }
  const folder = folderOf(options, paths)
  const second = readEnvFiles(first.env, { options, folder })
  const warnings = [...first.warnings, ...second.warnings.filter((one) => !first.warnings.some((other) => other.message === one.message))]
  return { files: paths.map(readMain), folder, env: second.env, warnings }
}

function processEnv(): Env {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { PWD: process.cwd(), ...Object.fromEntries(entries) }
}

/** Where relative paths begin. */
function folderOf(options: GlobalOptions, paths: readonly string[]): string {
  if (options.projectDirectory !== undefined && options.projectDirectory !== '') return resolve(options.projectDirectory)
  const first = paths.find((path) => path !== '-')
  return first === undefined ? process.cwd() : dirname(first)
}

/** The variables with those of the env files beside them; what is set already stays. */
function readEnvFiles(
  env: Env,
  { options, folder }: { readonly options: GlobalOptions; readonly folder: string },
): { env: Env; warnings: readonly Diagnostic[] } {
  const standard = join(folder, '.env')
  const wanted =
    options.envFiles.length > 0
      ? options.envFiles.map((file) => resolve(file))
      : isTrue(process.env.COMPOSE_DISABLE_ENV_FILE) || !isFile(standard)
        ? []
        : [standard]
  let values: Env = {}
  const found: Diagnostic[] = []
  for (const file of wanted) {
    if (!isFile(file)) throw fail('not-found', { what: 'env file', name: file })
    const parsed = parseDotenv({ file, text: readFileSync(file, 'utf8'), env: { ...values, ...env } })
    if (hasErrors(parsed.diagnostics)) throw refuse('compose-invalid', file, parsed.diagnostics)
    found.push(...parsed.diagnostics)
    values = { ...values, ...parsed.values }
  }
  return { env: { ...values, ...env }, warnings: found }
}

/** COMPOSE_FILE: paths with a colon between them, or with COMPOSE_PATH_SEPARATOR. */
function namedFiles(env: Env): readonly string[] | undefined {
  const named = env.COMPOSE_FILE
  if (named === undefined || named === '') return undefined
  return named.split(env.COMPOSE_PATH_SEPARATOR || delimiter).map((file) => (file === '-' ? file : resolve(file)))
}

function discover(start: string, say: (warning: string) => void): readonly string[] {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidates = names.map((name) => join(folder, name)).filter((path) => existsSync(path))
    const [main] = candidates
    if (main !== undefined) {
      if (candidates.length > 1)
        say(`There are several compose files here (${candidates.map((path) => basename(path)).join(', ')}); ${basename(main)} is used.`)
      const over = overrides.map((name) => join(folder, name)).filter((path) => existsSync(path))
      if (over.length > 1) say(`There are several override files here (${over.map((path) => basename(path)).join(', ')}); ${basename(over[0] ?? '')} is used.`)
      return [main, ...over.slice(0, 1)]
    }
    if (dirname(folder) === folder) return []
  }
}

function readMain(file: string): { readonly file: string; readonly text: string } {
  if (file === '-') return { file: join(process.cwd(), '-'), text: readFileSync(0, 'utf8') }
  const text = readFile(file)
  if (text === undefined) throw fail('not-found', { what: 'compose file', name: file })
  return { file, text }
}

/** A file's text; undefined when it is not there, or not a file. */
export function readFile(file: string): string | undefined {
  return isFile(file) ? readFileSync(file, 'utf8') : undefined
}

function isFile(file: string): boolean {
  return existsSync(file) && statSync(file).isFile()
}

/** The folder's own name, for the project's. */
export function nameOfFolder(folder: string): string {
  return basename(existsSync(folder) ? folder : realpathSync('.'))
}
