// Recipes of host programs: the shipped ones, and the user's own over them; and what of them is on this machine.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { parseRecipe } from '@pushway/core/host-program/parse.ts'
import type { Recipe } from '@pushway/core/host-program/types.ts'
import { refuse } from '@pushway/core/reason/errors.ts'
import { assetPath } from '../../../util/assets.ts'
import { execProgram } from '../../../util/exec.ts'

/** Folders of recipes in the order of their weight: what a later one calls by the same name replaces an earlier one. @throws PushwayError `recipe-invalid` */
export function readRecipes(folders: readonly string[] = []): readonly Recipe[] {
  const byName = new Map<string, Recipe>()
  for (const folder of [assetPath('host-programs'), ...folders]) {
    if (!existsSync(folder)) continue
    for (const name of readdirSync(folder).filter((one) => /\.ya?ml$/.test(one))) {
      const file = join(folder, name)
      const { value, diagnostics } = parseRecipe(file, readFileSync(file, 'utf8'))
      if (!value) throw refuse('recipe-invalid', file, diagnostics)
      byName.set(value.name, value)
    }
  }
  return [...byName.values()].toReversed()
}

/** Where a program is: in the recipe's folders (the highest version first), then on PATH. */
function findProgram(recipe: Recipe, program: string, path = process.env.PATH ?? ''): string | undefined {
  const folders = [...recipe.folders.flatMap(expand), ...path.split(delimiter), '/usr/sbin', '/sbin']
  return folders.map((folder) => join(folder, program)).find((file) => folder(file) && existsSync(file))
}

function folder(file: string): boolean {
  return file.startsWith('/')
}

/** `/usr/lib/postgresql/*\/bin` → every folder that there is, the highest version first. */
function expand(pattern: string): readonly string[] {
  const star = pattern.split('/').findIndex((part) => part.includes('*'))
  if (star < 0) return [pattern]
  const parts = pattern.split('/')
  const above = parts.slice(0, star).join('/')
  const like = new RegExp(
    `^${parts[star]
      ?.split('*')
      .map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('.*')}$`,
  )
  const found = existsSync(above) ? readdirSync(above).filter((name) => like.test(name)) : []
  return found.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true })).map((name) => [above, name, ...parts.slice(star + 1)].join('/'))
}

const versions = new Map<string, Promise<string | undefined>>()

/** The program's version as it says it itself; undefined when it does not. Asked once for each file. */
export function versionOf(recipe: Recipe, file: string): Promise<string | undefined> {
  const known = versions.get(file)
  if (known) return known
  const asked = askVersion(recipe, file)
  versions.set(file, asked)
  return asked
}

async function askVersion({ version }: Recipe, file: string): Promise<string | undefined> {
  if (!version) return undefined
  const result = await execProgram([file, ...version.arguments], { timeoutMs: 15_000 }).catch(() => undefined)
  return result && new RegExp(version.pattern).exec(`${result.stdout}\n${result.stderr}`)?.[1]
}

/** Program → path, for every program that the recipe's commands name; what is missing is left out. */
export function findPrograms(recipe: Recipe, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.flatMap((name) => (findProgram(recipe, name) ? [[name, findProgram(recipe, name) ?? name] as const] : [])))
}

/** The folders of the programs, for PATH: health checks call clients that are beside them. */
export function foldersOf(programs: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set(Object.values(programs).map((file) => dirname(file)))]
}
