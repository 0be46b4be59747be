// From a service whose image has a recipe to the host program that the agent starts.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Probe } from '@pushway/core/app/types.ts'
import { hostProgramPrefix, majorOf, planHostProgram, programsOf, recipeFor, taggedVersion } from '@pushway/core/host-program/plan.ts'
import type { HostProgram, HostStep, Recipe } from '@pushway/core/host-program/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { InstanceIsolation, Program, ProgramStep, Word } from '../../../ports/agent.ts'
import type { GroupSpec, ResolvedImage } from '../../../ports/runtime.ts'
import type { PlacedMounts } from './place-mounts.ts'
import { findPrograms, foldersOf, versionOf } from './recipes.ts'

/** Repositories below which a release pins host programs. */
const prefix = hostProgramPrefix

/** What a reference means here: the program and its version. Undefined: it has no recipe. @throws PushwayError `host-program-missing` */
export async function resolveHostProgram(recipes: readonly Recipe[], reference: string): Promise<ResolvedImage | undefined> {
  const recipe = recipeFor(recipes, reference)
  if (!recipe) return undefined
  const programs = findPrograms(recipe, [recipe.program])
  const file = programs[recipe.program]
  if (file === undefined) throw fail('host-program-missing', { image: reference, program: recipe.program, install: recipe.install })
  const version = (await versionOf(recipe, file)) ?? 'unknown'
  const tag = taggedVersion(reference) ?? 'latest'
  return {
    repository: `${prefix}${recipe.name}/${tag}`,
    digest: `sha256:${createHash('sha256').update(`${recipe.name} ${version}`).digest('hex')}`,
    base: 'host',
    ...(recipe.direct ? { exclusive: true } : {}),
  }
}

/** Whether a release pinned a host program there. */
export function isHostProgram(repository: string): boolean {
  return repository.startsWith(prefix)
}

export interface HostProgramParts {
  readonly recipes: readonly Recipe[]
  readonly isolation: InstanceIsolation
  readonly placed: PlacedMounts
  /** The service's own address; undefined where there is none. */
  readonly address: string | undefined
  readonly hosts: Readonly<Record<string, string>>
}

/** @throws PushwayError `host-program-missing`, `host-program-refused` (every reason), `host-program-as-root`, `host-program-volume` */
export async function makeHostProgram(spec: GroupSpec, parts: HostProgramParts): Promise<Program> {
  const [, name = '', tag = ''] = spec.image.repository.split('/')
  const recipe = parts.recipes.find((one) => one.name === name)
  if (!recipe) throw fail('not-found', { what: 'host program', name })
  const programs = findPrograms(recipe, programsOf(recipe))
  const file = programs[recipe.program]
  if (file === undefined) throw fail('host-program-missing', { image: name, program: recipe.program, install: recipe.install })
  if (process.getuid?.() === 0 && parts.isolation.kind !== 'uid') throw fail('host-program-as-root', { service: spec.service, program: recipe.name })
  const version = await versionOf(recipe, file)
  checkVolume(spec, recipe, { version, placed: parts.placed })
  const { mounts } = parts.placed
  const input = {
    service: spec.service,
    env: spec.env,
    arguments: [...(spec.entrypoint ?? []).slice(1), ...(spec.command ?? [])],
    mounts,
    files: filesOf(recipe, parts.placed),
    programs,
  }
  const planned = planHostProgram(recipe, input)
  if (!('argv' in planned)) throw fail('host-program-refused', { service: spec.service, problems: planned.join('; ') })
  const ready = spec.ready ? withClients(spec.ready, planned) : readyOf(planned)
  return {
    tree: '',
    argv: planned.argv.map(toWord),
    workingDir: '/',
    env: planned.env,
    path: foldersOf(programs),
    ports: planned.ports,
    services: spec.services,
    hosts: parts.hosts,
    mounts: parts.placed.program,
    ...(ready ? { ready } : {}),
    stopSignal: planned.stopSignal,
    stopGraceMs: spec.stopGraceMs,
    isolation: { ...parts.isolation, keep: parts.placed.keep },
    host: {
      prepare: planned.prepare.map(toStep),
      after: planned.after.map(toStep),
      files: [...planned.files, ...parts.placed.files],
      ...(planned.direct && parts.address !== undefined ? { address: parts.address } : {}),
      privatePorts: planned.privatePorts,
      notes: versionNotes(recipe, tag, version),
    },
  }
}

function versionNotes(recipe: Recipe, tag: string, version: string | undefined): readonly string[] {
  if (version === undefined || !/^\d/.test(tag)) return []
  const parts = recipe.data?.majorParts ?? 1
  return majorOf(tag, parts) === majorOf(version, parts) ? [] : [`the image asks for ${recipe.name} ${tag}, this machine has ${version}: it runs with that`]
}

/** A volume belongs to one major version: another one would refuse it, or worse, change it. */
function checkVolume(spec: GroupSpec, recipe: Recipe, { version, placed }: { version: string | undefined; placed: PlacedMounts }): void {
  const { data } = recipe
  const folder = data && placed.mounts[data.folder]
  if (!data?.versionFile || folder === undefined || version === undefined) return
  const file = join(folder, data.versionFile)
  const written = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
  const major = majorOf(version, data.majorParts ?? 1)
  if (written !== undefined && majorOf(written, data.majorParts ?? 1) !== major)
    throw fail('host-program-volume', { service: spec.service, program: recipe.name, written, present: version })
}

/** Names of the files in mounted folders that steps look into. */
function filesOf(recipe: Recipe, { mounts, sources }: PlacedMounts): Readonly<Record<string, readonly string[]>> {
  const folders = [...recipe.prepare, ...recipe.after].flatMap(({ each }) => (each && mounts[each.folder] !== undefined ? [each.folder] : []))
  return Object.fromEntries(folders.map((folder) => [folder, existsSync(sources[folder] ?? '') ? readdirSync(sources[folder] ?? '') : []]))
}

function toWord(text: string): Word {
  return /\{(run|address|address:tuple|port:\d+)\}/.test(text) ? { fill: text } : text
}

function toStep({ argv, ...rest }: HostStep): ProgramStep {
  return { ...rest, argv: argv.map(toWord) }
}

/** The recipe's own way to ask whether it is ready. */
function readyOf({ ready }: HostProgram): Probe | undefined {
  return ready && { check: { kind: 'command', argv: ready }, intervalMs: 1_000, timeoutMs: 5_000, retries: 3, startPeriodMs: 120_000 }
}

/** Clients in a team's own check find the instance by what is added behind their names. */
function withClients(probe: Probe, { clients }: HostProgram): Probe {
  const { check } = probe
  const names = Object.keys(clients)
  if (names.length === 0) return probe
  if (check.kind === 'command') {
    const [first = '', ...rest] = check.argv
    return { ...probe, check: { kind: 'command', argv: [first, ...(clients[first] ?? []), ...rest] } }
  }
  if (check.kind !== 'shell') return probe
  const line = check.line.replaceAll(new RegExp(`(?<![\\w./-])(${names.join('|')})(?![\\w-])`, 'g'), (name) => [name, ...(clients[name] ?? [])].join(' '))
  return { ...probe, check: { kind: 'shell', line } }
}
