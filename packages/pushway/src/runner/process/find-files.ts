// Files by GitHub's glob patterns, and the folder that their names in an artifact are relative to.

import { lstatSync, statSync } from 'node:fs'
import { dirname, sep } from 'node:path'
import * as glob from '@actions/glob'
import { ActionFailure } from '../actions/types.ts'

/** Files, never folders; links are followed, those that lead nowhere are left out. */
export async function findFiles(patterns: readonly string[], options: { readonly hidden: boolean }): Promise<readonly string[]> {
  const globber = await glob.create(patterns.join('\n'), { excludeHiddenFiles: !options.hidden, matchDirectories: true })
  const found = (await globber.glob()).filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
  const strange = found.find((file) => /["<>|*?\r\n]/.test(file))
  if (strange !== undefined) throw new ActionFailure(`The path ${JSON.stringify(strange)} holds a character that files of an artifact may not have.`)
  return [...new Set(found)].sort()
}

/** Of one pattern its fixed part; of several, what is common to all. A single file stands for itself. */
export async function rootOf(patterns: readonly string[], files: readonly string[]): Promise<string> {
  const searched = (await glob.create(patterns.join('\n'))).getSearchPaths()
  const [first = '/'] = searched
  if (searched.length === 1) return files.length === 1 && files[0] === first ? dirname(first) : isFolder(first) ? first : dirname(first)
  return commonFolder(searched.map((path) => (isFolder(path) ? path : dirname(path))))
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true
}

function commonFolder(paths: readonly string[]): string {
  const [first = [], ...rest] = paths.map((path) => path.split(sep))
  const length = rest.reduce((shortest, parts) => Math.min(shortest, countCommon(first, parts)), first.length)
  return first.slice(0, length).join(sep) || sep
}

function countCommon(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((part, i) => part !== b[i])
  return at < 0 ? a.length : at
}
