// The error table is whole, and docs/errors.md says the same: compared both ways.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { renderErrors, sayWithNames } from '../../../../tools/gen/errors/render.ts'
import { errorTable } from './error-table.ts'
import { type ErrorEntry, errorBody, fail, formatError, refuse } from './errors.ts'

const rows = Object.entries(errorTable as unknown as Record<string, ErrorEntry<unknown>>)
const docs = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8')

describe.each(rows)('%s', (code, entry) => {
  test('has a code that can be typed, a sentence and a next step', () => {
    expect(code).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    for (const text of [sayWithNames(entry.say), sayWithNames(entry.next)]) {
      expect(text.trim()).not.toBe('')
      expect(text).not.toMatch(/undefined|NaN|\[object/)
    }
    // A placeholder at the end stands for a sentence of its own.
    expect(sayWithNames(entry.say)).toMatch(/[.>]$/)
  })

  test('has an HTTP status and an exit code that fit', () => {
    expect(entry.http).toBeGreaterThanOrEqual(400)
    expect(entry.http).toBeLessThan(600)
    expect([1, 2, 3, 4, 5, 70, 75]).toContain(entry.exit)
    expect(entry.kind === 'bug').toBe(entry.exit === 70)
  })

  test('stands in docs/errors.md', () => {
    expect(docs).toContain(`| \`${code}\` |`)
  })
})

test('docs/errors.md has no code that the table has not, and equals what it makes (`npm run gen`)', () => {
  const documented = [...docs.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1])
  expect(documented.sort()).toEqual(rows.map(([code]) => code).sort())
  expect(docs).toBe(renderErrors())
})

test('an error carries its code, sentence, next step, status and exit code', () => {
  const error = fail('not-found', { what: 'project', name: 'acme/hello' })
  expect(error).toMatchObject({ code: 'not-found', message: 'There is no project acme/hello.', http: 404, exit: 5, kind: 'user' })
  expect(formatError(error)).toBe('error: There is no project acme/hello. (not-found)\nList what there is: pushway get projects.')
  expect(errorBody(error)).toEqual({ error: { code: 'not-found', message: error.message, next: error.next, diagnostics: [] } })
})

test('a refused file lists every finding with its place, and counts the errors only', () => {
  const at = { file: 'a.yml', line: 3, column: 5 }
  const error = refuse('workflow-invalid', 'a.yml', [
    { severity: 'error', code: 'unknown-key', message: 'There is no such key.', at },
    { severity: 'warning', code: 'odd', message: 'This is odd.', at },
  ])
  expect(formatError(error)).toContain('a.yml:3:5: error: There is no such key. (unknown-key)\na.yml:3:5: warning: This is odd. (odd)\nerror: ')
  expect(error.message).toBe('a.yml was refused: 1 mistake.')
  expect(error.diagnostics).toHaveLength(2)
})
