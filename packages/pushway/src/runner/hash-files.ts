// hashFiles(): one digest over the files of the workspace that match. Links are not followed.

import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The sha256 over the sha256 of each matching file, in order of path; '' when none matches. `!pattern` takes files out again. */
export function hashFiles(root: string, patterns: readonly string[]): string {
  const rules = patterns
    .flatMap((text) => text.split('\n'))
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(compile)
  const files = listFiles(root, '').filter((file) => rules.reduce((taken, rule) => (rule.matches.test(file) ? !rule.negated : taken), false))
  if (files.length === 0) return ''
  // Few jobs need it, and loading it takes as long as a step.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const total = createHash('sha256')
  for (const file of files)
    total.update(
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest(),
    )
  return total.digest('hex')
}

function compile(pattern: string): { readonly matches: RegExp; readonly negated: boolean } {
  const negated = pattern.startsWith('!')
  const glob = (negated ? pattern.slice(1) : pattern).replace(/^\.?\//, '')
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|\[[^\]]*\]|[.+^${}()|\\[\]]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part.length > 2 && part.startsWith('[') ? part : `\\${part}`
  })
  return { matches: new RegExp(`^${source}$`), negated }
}

function listFiles(root: string, folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder)).sort()
  return entries.flatMap((name) => {
    const path = folder === '' ? name : `${folder}/${name}`
    const info = lstatSync(join(root, path))
    if (info.isDirectory()) return listFiles(root, path)
    return info.isFile() ? [path] : []
  })
}
