// pushway compose config: the project as Docker's own `config` prints it.

import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { toJson } from '@pushway/core/compose/print-json.ts'
import type { Printed } from '@pushway/core/compose/print-value.ts'
import { toYaml } from '@pushway/core/compose/print-yaml.ts'
import { type ComposeProject, printedModel, printedProject } from '@pushway/core/compose/project.ts'
import { hashedService, imageNames, keysOf, profileNames, variablesOf } from '@pushway/core/compose/questions.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { makeScreen } from '../screen.ts'
import { renderTable } from '../table.ts'
import type { GlobalOptions } from './global.ts'
import { type LoadWishes, loadCompose } from './load.ts'
import { verbAction } from './run-verb.ts'

interface ConfigOptions {
  readonly format?: string
  readonly output?: string
  readonly quiet?: boolean
  readonly interpolate: boolean
  readonly normalize: boolean
  readonly pathResolution: boolean
  readonly consistency: boolean
  readonly resolveImageDigests?: boolean
  readonly lockImageDigests?: boolean
  readonly services?: boolean
  readonly volumes?: boolean
  readonly networks?: boolean
  readonly models?: boolean
  readonly profiles?: boolean
  readonly images?: boolean
  readonly hash?: string
  readonly variables?: boolean
  readonly environment?: boolean
}

/** Adds `pushway compose config`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('config')
    .alias('convert')
    .description('Reads the files, normalises them and prints them, with every mistake at its place.')
    .argument('[services...]', 'only these and what they depend on')
    .option('--environment', 'print the variables that the files are read with')
    .option('--format <format>', 'yaml or json')
    .option('--hash <services>', "print the hash of each service's configuration; * for all of them")
    .option('--images', 'print the names of images')
    .option('--lock-image-digests', 'print an override file with the digests of images')
    .option('--models', 'print the names of models')
    .option('--networks', 'print the names of networks')
    .option('--no-consistency', 'do not check that things fit together')
    .option('--no-env-resolution', 'do not read the files of env_file')
    .option('--no-interpolate', 'leave variables as they are written')
    .option('--no-normalize', 'do not make explicit what is implied')
    .option('--no-path-resolution', 'leave relative paths as they are written')
    .option('-o, --output <file>', 'write to a file')
    .option('--profiles', 'print the names of profiles')
    .option('-q, --quiet', 'only check')
    .option('--resolve-image-digests', 'print images by digest')
    .option('--services', 'print the names of services')
    .option('--variables', 'print the variables of the files with their defaults')
    .option('--volumes', 'print the names of volumes')
    .action(verbAction<ConfigOptions>(context, printConfig))
}

async function printConfig(global: GlobalOptions, services: readonly string[], options: ConfigOptions): Promise<void> {
  if (options.resolveImageDigests || options.lockImageDigests) throw fail('not-yet', { what: 'Asking registries for the digests of images' })
  const text = (await answer(global, services, options)) ?? whole(global, services, options)
  if (options.quiet) return
  if (options.output !== undefined && text !== '') writeFileSync(options.output, text)
  else process.stdout.write(text)
}

/** The answer to a question about the project; undefined when the whole project is asked for. */
async function answer(global: GlobalOptions, services: readonly string[], options: ConfigOptions): Promise<string | undefined> {
  const load = (wishes: LoadWishes = {}) => loadCompose(global, { ...wishesOf(options), ...wishes }).project
  const lines = (all: readonly string[]) => all.map((line) => `${line}\n`).join('')
  if (options.services) return lines(keysOf(load(), 'services'))
  if (options.volumes) return lines(keysOf(load(), 'volumes'))
  if (options.networks) return lines(keysOf(load(), 'networks'))
  if (options.models) return lines(keysOf(load(), 'models'))
  if (options.hash !== undefined) return lines(hashes(load({ keepEnvFiles: true }), options.hash))
  if (options.profiles) return lines(profileNames(load({ services })))
  if (options.images) return lines(imageNames(load({ services })))
  if (options.variables) return await variables(load({ services, interpolate: false }), options)
  if (options.environment) return lines(environmentOf(load({ services })))
  return undefined
}

function wishesOf(options: ConfigOptions): LoadWishes {
  return {
    interpolate: options.interpolate,
    ...(options.normalize ? {} : { normalise: false }),
    resolvePaths: options.pathResolution,
    consistency: options.consistency,
  }
}

function whole(global: GlobalOptions, services: readonly string[], options: ConfigOptions): string {
  const format = options.format ?? 'yaml'
  if (format !== 'yaml' && format !== 'json') throw fail('usage', { problem: `There is no output format "${format}".`, hint: 'Use yaml or json.' })
  const { project } = loadCompose(global, { ...wishesOf(options), services })
  const print = (value: Printed) => (format === 'json' ? toJson(value) : toYaml(value))
  // A dollar sign in the answer is one in the files too, once it is doubled.
  return options.interpolate ? print(printedProject(project, format)).replaceAll('$', '$$$$') : print(printedModel(project, format))
}

function hashes(project: ComposeProject, wanted: string): readonly string[] {
  const known = keysOf(project, 'services')
  const names = wanted === '*' ? known : wanted.split(',').toSorted()
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) throw fail('not-found', { what: 'service', name: unknown })
  return names.map(
    (name) =>
      `${name} ${createHash('sha256')
        .update(toJson(hashedService(project, name), true))
        .digest('hex')}`,
  )
}

function environmentOf(project: ComposeProject): readonly string[] {
  return Object.entries(project.env)
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
}

async function variables(project: ComposeProject, { format }: ConfigOptions): Promise<string> {
  const found = variablesOf(project)
  if (format === 'json') {
    const shown = found.map(
      (one) => [one.name, { Name: one.name, DefaultValue: one.defaultValue, PresenceValue: one.alternate, Required: one.required }] as const,
    )
    return `${JSON.stringify(Object.fromEntries(shown), null, 4)}\n`
  }
  if (format === 'yaml') {
    const shown = found.map((one): readonly [string, Printed] => [
      one.name,
      new Map<string, Printed>([
        ['name', one.name],
        ['defaultvalue', one.defaultValue],
        ['presencevalue', one.alternate],
        ['required', one.required],
      ]),
    ])
    return toYaml(new Map(shown))
  }
  const columns = [
    { title: 'NAME', text: (one: (typeof found)[number]) => one.name },
    { title: 'REQUIRED', text: (one: (typeof found)[number]) => String(one.required) },
    { title: 'DEFAULT VALUE', text: (one: (typeof found)[number]) => one.defaultValue },
    { title: 'ALTERNATE VALUE', text: (one: (typeof found)[number]) => one.alternate },
  ]
  return `${renderTable(columns, found, makeScreen({ wide: true }))}\n`
}
