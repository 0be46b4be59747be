// All house rules over the whole project.

import { checkDependencies, readManifests } from './dependencies.ts'
import { checkLayers } from './layers.ts'
import { checkDocComments, checkFileComments, checkJsonParse } from './outside.ts'
import { checkPurity } from './purity.ts'
import { checkSizes } from './sizes.ts'
import { type Finding, readSources, type SourceFile } from './source.ts'
import { checkTexts, readTexts } from './text.ts'
import { checkUnused } from './unused.ts'

const checks: readonly ((sources: readonly SourceFile[]) => readonly Finding[])[] = [
  checkSizes,
  checkLayers,
  checkPurity,
  checkDocComments,
  checkFileComments,
  checkUnused,
  checkJsonParse,
]

/** What every rule finds in the project below `root`, warnings included. */
export function checkHouse(root: string): readonly Finding[] {
  const sources = readSources(root)
  return [...checks.flatMap((check) => check(sources)), ...checkDependencies(sources, readManifests(root)), ...checkTexts(readTexts(root))]
}

/** A finding as a terminal shows it. */
export function formatFinding({ rule, path, line, message, severity }: Finding): string {
  return `${path}${line === undefined ? '' : `:${line}`}: ${severity ?? 'error'}: ${message} (${rule})`
}
