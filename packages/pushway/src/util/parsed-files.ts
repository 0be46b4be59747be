// Remembers what workflow and action files were parsed to: in memory, and in a folder from run to run. The parsers are loaded when they are needed.

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ActionDefinition } from '@pushway/core/action/types.ts'
import type { Parsed } from '@pushway/core/text/diagnostic.ts'
import type { Workflow } from '@pushway/core/workflow/types.ts'
import { writeFileAtomic } from './files.ts'
import { shortHash } from './short-hash.ts'

/** What each kind of file is parsed to. */
interface Kinds {
  readonly workflow: Workflow
  readonly action: ActionDefinition
}

/** In the folder. The text is in it whole, so that the name may be a short hash. */
interface Kept {
  readonly program: string
  readonly file: string
  readonly text: string
  readonly parsed: Parsed<unknown>
}

const mostKept = 500
const remembered = new Map<string, Parsed<unknown>>()

/**
 * What `parseWorkflow` or `parseAction` say of a file; read-only, as others may have been given the same.
 * @param dir where files without mistakes are kept for later runs of the same build of the program; nowhere when absent
 */
export async function parseFile<K extends keyof Kinds>(
  kind: K,
  source: { readonly file: string; readonly text: string },
  dir?: string,
): Promise<Parsed<Kinds[K]>> {
  const key = `${kind}\0${source.file}\0${source.text}`
  const known = remembered.get(key) ?? readKept(kind, source, dir)
  const parsed = known ?? (await parseNow(kind, source))
  if (remembered.size >= mostKept) remembered.clear()
  remembered.set(key, parsed)
  if (known === undefined && parsed.value !== undefined) keep(kind, { ...source, parsed }, dir)
  return parsed as Parsed<Kinds[K]>
}

async function parseNow(kind: keyof Kinds, { file, text }: { readonly file: string; readonly text: string }): Promise<Parsed<unknown>> {
  if (kind === 'workflow') return (await import('@pushway/core/workflow/parse.ts')).parseWorkflow(file, text)
  return (await import('@pushway/core/action/parse.ts')).parseAction(file, text)
}

function readKept(kind: keyof Kinds, { file, text }: { readonly file: string; readonly text: string }, dir: string | undefined): Parsed<unknown> | undefined {
  const program = programId()
  if (dir === undefined || program === undefined) return undefined
  try {
    const kept = JSON.parse(readFileSync(join(dir, nameOf(kind, file, text)), 'utf8')) as Kept
    return kept.program === program && kept.file === file && kept.text === text ? kept.parsed : undefined
  } catch {
    return undefined
  }
}

function keep(kind: keyof Kinds, what: Omit<Kept, 'program'>, dir: string | undefined): void {
  const program = programId()
  if (dir === undefined || program === undefined) return
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (readdirSync(dir).length >= mostKept) rmSync(dir, { recursive: true })
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileAtomic(join(dir, nameOf(kind, what.file, what.text)), JSON.stringify({ program, ...what }))
  } catch {
    // It is parsed again next time.
  }
}

/** Which build this is; undefined when it runs from its sources, which change without a build. */
function programId(): string | undefined {
  const path = fileURLToPath(import.meta.url)
  if (path.endsWith('.ts')) return undefined
  const { mtimeMs, size } = statSync(path)
  return `${path} ${mtimeMs} ${size}`
}

function nameOf(kind: string, file: string, text: string): string {
  return `${kind}-${shortHash(file, text)}.json`
}
