// From a recipe and a service to the program that is started. Pure: what is on the machine comes in.

import type { HostFile, HostProgram, HostProgramInput, HostStep, Recipe, RecipeFile, RecipeStep } from './types.ts'

/** Repositories below which a release pins host programs: `host-program/postgres/13`. There are no images behind them. */
export const hostProgramPrefix = 'host-program/'

/** The recipe for an image reference: `docker.io/library/postgres:13` is `postgres`. Registries and tags do not matter. */
export function recipeFor(recipes: readonly Recipe[], reference: string): Recipe | undefined {
  const [path = ''] = reference.split('@')
  const name = path
    .replace(/:[^/:]*$/, '')
    .replace(/^(docker\.io|index\.docker\.io|docker\.elastic\.co|quay\.io)\//, '')
    .replace(/^library\//, '')
  return recipes.find((recipe) => recipe.images.includes(name))
}

/** The version that a tag asks for: `13-alpine` is `13`; undefined for `latest` and other names. */
export function taggedVersion(reference: string): string | undefined {
  return /:v?(\d+(?:\.\d+)*)[^/]*$/.exec(reference.split('@')[0] ?? '')?.[1]
}

/** The first parts of a version that make it another major: `15.18` with 1 part is `15`. */
export function majorOf(version: string, parts = 1): string {
  return version.split('.').slice(0, parts).join('.')
}

/** Programs that a recipe needs besides its own, by the words `{program:NAME}` in its commands. */
export function programsOf(recipe: Recipe): readonly string[] {
  const words = [...recipe.command.flatMap(({ words }) => words), ...(recipe.ready ?? []), ...[...recipe.prepare, ...recipe.after].flatMap(({ run }) => run)]
  return [...new Set([recipe.program, ...words.flatMap((word) => [...word.matchAll(/\{program:([^}]+)\}/g)].map(([, name = '']) => name))])]
}

/** The service over the recipe, or every reason why it can't be had, one sentence each. */
export function planHostProgram(recipe: Recipe, input: HostProgramInput): HostProgram | readonly string[] {
  const problems = [...environmentProblems(recipe, input), ...mountProblems(recipe, input)]
  if (problems.length > 0) return problems
  const scope = scopeOf(recipe, input)
  const fill = (text: string) => fillWord(text, scope)
  const holds = ({ when }: { readonly when?: string }) => when === undefined || conditionHolds(when, scope)
  const steps = (list: readonly RecipeStep[]) => list.filter(holds).flatMap((step) => layOutStep(step, scope))
  const command = recipe.command.filter(holds).flatMap(({ words }) => words)
  const own = withoutProgram(input.arguments, recipe).map((word) =>
    movePaths(word, { ...(recipe.data ? { [recipe.data.folder]: scope.data } : {}), ...input.mounts }),
  )
  return {
    argv: [fill(`{program:${recipe.program}}`), ...command.map(fill), ...own],
    env: { ...scope.env, ...Object.fromEntries(Object.entries(recipe.set).map(([name, value]) => [name, fill(value)])) },
    files: recipe.files.filter(holds).map((file) => layOutFile(file, scope)),
    prepare: steps(recipe.prepare),
    after: steps(recipe.after),
    ...(recipe.ready ? { ready: recipe.ready.map(fill) } : {}),
    stopSignal: recipe.stopSignal,
    ports: recipe.ports.map(({ port }) => port),
    privatePorts: recipe.privatePorts,
    direct: recipe.direct,
    clients: Object.fromEntries(Object.entries(recipe.clients).map(([name, words]) => [name, words.map(fill)])),
  }
}

interface Scope {
  readonly env: Readonly<Record<string, string>>
  readonly input: HostProgramInput
  readonly data: string
  readonly each?: string
}

function scopeOf(recipe: Recipe, input: HostProgramInput): Scope {
  const data = (recipe.data && input.mounts[recipe.data.folder]) ?? '{run}/data'
  const env: Record<string, string> = { ...input.env }
  for (const [name, { default: value }] of Object.entries(recipe.environment)) {
    if (env[name] === undefined && value !== undefined) env[name] = fillWord(value, { env, input, data })
  }
  return { env, input, data }
}

/**
 * Fills a word: `{data}`, `{env:NAME}`, `{program:NAME}`, `{mount:PATH}` (where that path of the image is here), `{each}`, `{sql:NAME}`
 * (a variable as an SQL identifier). `{run}`, `{address}` and `{port:N}` stay for the supervisor. `{{` is a brace.
 */
function fillWord(text: string, scope: Scope): string {
  return text.replaceAll(/\{(data|each|(?:env|program|mount|sql):[^}]+)\}/g, (whole, key: string) => {
    const [kind = '', name = ''] = [key.split(':')[0], key.slice(key.indexOf(':') + 1)]
    switch (kind) {
      case 'data':
        return scope.data
      case 'each':
        return scope.each ?? whole
      case 'env':
        return scope.env[name] ?? ''
      case 'sql':
        return `"${(scope.env[name] ?? '').replaceAll('"', '""')}"`
      case 'program':
        return scope.input.programs[name] ?? name
      default:
        return scope.input.mounts[name] ?? name
    }
  })
}

function conditionHolds(when: string, { env, input }: Scope): boolean {
  const [, no, kind, name = ''] = /^(no )?(env|mount|arguments) ?(\S*)$/.exec(when) ?? []
  const there = kind === 'arguments' ? input.arguments.length > 0 : kind === 'env' ? (env[name] ?? '') !== '' : input.mounts[name] !== undefined
  return no ? !there : there
}

function layOutFile({ path, text, mode, from, replace = {} }: RecipeFile, scope: Scope): HostFile {
  const { mounts } = scope.input
  const moved = Object.entries(mounts)
    .toSorted(([a], [b]) => b.length - a.length)
    .map(([target, here]) => [`${escapePattern(target)}(?=[/\\s;"']|$)`, here] as const)
  const own = Object.entries(replace).map(([pattern, by]) => [pattern, fillWord(by, scope)] as const)
  const copied = from === undefined ? {} : { from: mounts[from] ?? from, replace: [...moved, ...own] }
  return { path: fillWord(path, scope), text: fillWord(text, scope), mode, ...copied }
}

function layOutStep(step: RecipeStep, scope: Scope): readonly HostStep[] {
  const one = (each?: string): HostStep => {
    const fill = (text: string) => fillWord(text, each === undefined ? scope : { ...scope, each })
    return {
      argv: step.run.map(fill),
      ...(step.input === undefined ? {} : { input: fill(step.input) }),
      ...(step.unless === undefined ? {} : { unless: fill(step.unless) }),
      ...(step.always ? { always: true } : {}),
    }
  }
  if (!step.each) return [one()]
  const { folder, ending } = step.each
  const here = scope.input.mounts[folder]
  if (here === undefined) return []
  return (scope.input.files[folder] ?? [])
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => one(`${here}/${name}`))
}

/** `redis-server --appendonly yes` names the program that is started anyway. */
function withoutProgram(words: readonly string[], recipe: Recipe): readonly string[] {
  const [first = ''] = words
  return first.split('/').at(-1) === recipe.program ? words.slice(1) : words
}

/** Paths of the image in a word become the machine's: `--config.file=/etc/prometheus/prometheus.yml`. The longest mount counts. */
function movePaths(word: string, mounts: Readonly<Record<string, string>>): string {
  const targets = Object.keys(mounts).toSorted((a, b) => b.length - a.length)
  const found = targets.find((target) => new RegExp(`(^|[=:,])${escapePattern(target)}(?=$|[/,:])`).test(word))
  return found === undefined ? word : word.replace(found, mounts[found] ?? found)
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}

function environmentProblems(recipe: Recipe, input: HostProgramInput): readonly string[] {
  const scope = scopeOf(recipe, input)
  const missing = Object.entries(recipe.environment).flatMap(([name, { required, unless }]) => {
    if (required === undefined || (scope.env[name] ?? '') !== '' || (unless !== undefined && conditionHolds(unless, scope))) return []
    return [`${input.service} needs ${name}: ${required}`]
  })
  const unknown = Object.keys(input.env)
    .filter((name) => recipe.prefixes.some((prefix) => name.startsWith(prefix)) && !Object.hasOwn(recipe.environment, name))
    .map((name) => `${input.service} sets ${name}, which the host program ${recipe.name} does not honour: remove it, or run it on an engine`)
  return [...missing, ...unknown]
}

function mountProblems(recipe: Recipe, input: HostProgramInput): readonly string[] {
  const known = [...(recipe.data ? [recipe.data.folder] : []), ...recipe.mounts]
  return Object.keys(input.mounts)
    .filter((target) => !known.some((one) => target === one || target.startsWith(`${one}/`)))
    .filter((target) => !input.arguments.some((word) => word.includes(target)))
    .map((target) => `${input.service} mounts ${target}, which the host program ${recipe.name} does not read: ${known.join(', ') || 'it reads no mounts'}`)
}
