// The rows of docs/compatibility/workflows.md, from rows/*.yml, with the cases of the golden corpus that cover them.

import { readdirSync, readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

const rowShape = z.strictObject({
  keys: z.array(z.string()),
  what: z.string().optional(),
  state: z.enum(['honoured', 'differs', 'refused']),
  says: z.string().optional(),
  tests: z.array(z.string()).default([]),
})
const sectionShape = z.strictObject({ title: z.string(), intro: z.string().optional(), rows: z.array(rowShape) })

export type Row = z.infer<typeof rowShape>
export type Section = z.infer<typeof sectionShape>

const folder = new URL('rows/', import.meta.url)
const corpus = new URL('../../../test/golden/workflows/', import.meta.url)

/** One case of the corpus: `runs/NAME`, and the keys that it covers. */
export interface GoldenCase {
  readonly name: string
  readonly covers: readonly string[]
}

/** The sections, in the order of their files' names; each row with the cases that cover it. */
export function readSections(): readonly Section[] {
  const cases = readCases()
  const files = readdirSync(folder).filter((name) => name.endsWith('.yml'))
  const sections = files.toSorted().map((name) => readSection(name))
  const all = sections.flatMap(({ rows }) => rows)
  const covering = (row: Row) => cases.filter(({ covers }) => covers.some((key) => rowOf(all, key) === row)).map(({ name }) => `golden ${name}`)
  return sections.map((section) => ({ ...section, rows: section.rows.map((row) => ({ ...row, tests: [...row.tests, ...covering(row)] })) }))
}

function readSection(name: string): Section {
  const read = sectionShape.safeParse(parse(readFileSync(new URL(name, folder), 'utf8')))
  if (read.success) return read.data
  throw new Error(`tools/gen/workflows/rows/${name}: ${read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`)
}

/** Every case of the corpus: files of three YAML documents, whose first says what they cover. */
export function readCases(): readonly GoldenCase[] {
  const folders = readdirSync(corpus, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders.flatMap(({ name: kind }) =>
    readdirSync(new URL(`${kind}/`, corpus))
      .filter((name) => name.endsWith('.yml'))
      .map((name) => {
        const [options = ''] = readFileSync(new URL(`${kind}/${name}`, corpus), 'utf8').split(/^---\n/m)
        const { covers } = z.object({ covers: z.array(z.string()).min(1) }).parse(parse(options))
        return { name: `${kind}/${name.replace(/\.yml$/, '')}`, covers }
      }),
  )
}

/** The row that a key belongs to: the one that names it, else the nearest `KEY.**` above it. */
export function rowOf(rows: readonly Row[], key: string): Row | undefined {
  const exact = rows.find((row) => row.keys.includes(key))
  if (exact) return exact
  const parts = key.split('.')
  for (let length = parts.length; length > 0; length--) {
    const above = rows.find((row) => row.keys.includes(`${parts.slice(0, length).join('.')}.**`))
    if (above) return above
  }
  return undefined
}
