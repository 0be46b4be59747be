// Reads the project's source files and parses them once; every rule works on the result.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { type ParserPlugin, parse } from '@babel/parser'
import type { File } from '@babel/types'

export interface SourceFile {
  /** Path from the project's root, with `/`. */
  readonly path: string
  readonly text: string
  readonly ast: File
  readonly kind: 'source' | 'test' | 'tool'
}

/** One thing a rule found. Warnings are shown and counted, but do not fail the check. */
export interface Finding {
  readonly rule: string
  readonly path: string
  readonly line?: number
  readonly message: string
  readonly severity?: 'warning'
}

const roots = ['packages', 'tools', 'test', 'bench']
const skipped = new Set(['node_modules', 'dist', 'fixtures', 'golden', 'histories', 'coverage'])

/** Every TypeScript and JavaScript file of the project below `root`, parsed. */
export function readSources(root: string): readonly SourceFile[] {
  const files = roots.filter((dir) => existsSync(join(root, dir))).flatMap((dir) => listCode(join(root, dir)))
  return files.map((file) => parseSource(relative(root, file).split(sep).join('/'), readFileSync(file, 'utf8')))
}

/** A source file from its path and text. Throws the parser's error, with the path, when it is not valid. */
export function parseSource(path: string, text: string): SourceFile {
  const plugins: ParserPlugin[] = path.endsWith('x') ? ['typescript', 'jsx'] : ['typescript']
  try {
    return { path, text, ast: parse(text, { sourceType: 'module', plugins, attachComment: true }), kind: kindOf(path) }
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

function kindOf(path: string): SourceFile['kind'] {
  if (/\.test\.tsx?$|[./-]test-(helpers|support)\.ts$/.test(path) || path.startsWith('test/')) return 'test'
  return path.startsWith('packages/') ? 'source' : 'tool'
}

function listCode(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : listCode(join(dir, entry.name))
    return /\.(ts|tsx|mjs|js)$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [join(dir, entry.name)] : []
  })
}
