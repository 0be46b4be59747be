import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Evaluated, evaluateOne } from './evaluate-one.ts'

// One file is one case: contexts, expressions, what each gives.
const folder = new URL('../../../../test/golden/workflows/expressions/', import.meta.url)

test.each(readdirSync(folder))('%s', (name) => {
  const [options = '', expressions = '', expected = ''] = readFileSync(new URL(name, folder), 'utf8').split(/^---\n/m)
  const { contexts = { github: { ref: 'refs/heads/main' } } } = parse(options) as { contexts?: Record<string, unknown> }
  const asked = parse(expressions) as readonly string[]
  const wanted = parse(expected) as readonly unknown[]
  expect(wanted).toHaveLength(asked.length)
  expect(asked.map((text, i) => [text, describe(evaluateOne(text, { contexts, status: 'success' }), wanted[i])])).toEqual(
    asked.map((text, i) => [text, wanted[i]]),
  )
})

/** An error as the pattern that it was expected to fit, when it does. */
function describe(result: Evaluated, wanted: unknown): unknown {
  if (!('error' in result)) return result.value
  const pattern = typeof wanted === 'object' && wanted !== null && 'error' in wanted ? String(wanted.error) : '/^$/'
  return { error: new RegExp(pattern.slice(1, -1)).test(result.error) ? pattern : result.error }
}
