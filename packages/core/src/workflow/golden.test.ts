import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseWorkflow } from './parse.ts'

// One file is its input and what is expected of it: `# expect LINE:COLUMN CODE`, or nothing of the kind when it is taken whole.
const folder = new URL('../../../../test/golden/workflows/', import.meta.url)

test.each(readdirSync(folder).filter((name) => name.endsWith('.yml')))('%s', (name) => {
  const text = readFileSync(new URL(name, folder), 'utf8')
  const expected = [...text.matchAll(/# expect (\d+):(\d+) ([\w-]+)/g)].map(([, line, column, code]) => `${line}:${column} ${code}`)
  const { value, diagnostics } = parseWorkflow(name, text)
  expect(diagnostics.map(({ at, code }) => `${at.line}:${at.column} ${code}`).toSorted()).toEqual(expected.toSorted())
  expect(value === undefined).toBe(expected.length > 0)
})
