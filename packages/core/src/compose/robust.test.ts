// Whatever a file has in it, it is read or refused with a sentence: nothing is thrown, and nothing takes long.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readCorpus } from '../../../../test/support/compose-corpus.ts'
import { loadCompose } from './load.ts'

const texts = readCorpus().flatMap(({ files }) => Object.entries(files).flatMap(([file, text]) => (/\.ya?ml$/.test(file) ? [text] : [])))
const words = [
  'null',
  '[]',
  '{}',
  '1',
  '"x"',
  'true',
  '!reset null',
  '!override {}',
  '*x',
  '&x y',
  '${X',
  '$',
  '- a',
  ': b',
  '<<: 1',
  '2024-01-01',
  '\t',
  '"',
  'services:',
]

/** A file of the corpus with some values replaced by others, at random. */
const broken = fc
  .tuple(fc.constantFrom(...texts), fc.array(fc.tuple(fc.nat(), fc.constantFrom(...words)), { minLength: 1, maxLength: 4 }))
  .map(([text, changes]) =>
    changes.reduce((current, [at, word]) => {
      const parts = current.split(/(?<=[:,[{ -])(?=[^ :,[\]{}\n]+)/)
      const index = at % parts.length
      return parts.map((part, one) => (one === index ? `${word} ${part.slice(part.search(/[\n,\]}]|$/))}` : part)).join('')
    }, text),
  )

test('a file with anything in it is read or refused', () => {
  fc.assert(
    fc.property(broken, (text) => {
      const { value, diagnostics } = loadCompose([{ file: 'compose.yaml', text }], { env: {}, runtime: 'process', read: () => undefined })
      const errors = diagnostics.filter(({ severity }) => severity === 'error')
      expect(value === undefined).toBe(errors.length > 0)
      for (const { message, at } of diagnostics) {
        expect(message).not.toMatch(/undefined|\[object|NaN/)
        expect(at.line).toBeGreaterThan(0)
      }
    }),
    { numRuns: 500 },
  )
})

test('aliases that would fill the memory are refused', () => {
  const levels = Array.from({ length: 12 }, (_, index) => `  l${index + 1}: &l${index + 1} [${Array(12).fill(`*l${index}`).join(', ')}]`)
  const text = `x-bomb:\n  l0: &l0 [x]\n${levels.join('\n')}\nservices:\n  a: { image: x }\n`
  expect(loadCompose([{ file: 'compose.yaml', text }], { env: {} }).diagnostics.map(({ code }) => code)).toContain('compose-size')
})

test('an anchor inside itself is refused', () => {
  const found = loadCompose([{ file: 'compose.yaml', text: 'services: &s\n  a: { image: x, labels: *s }\n' }], { env: {} }).diagnostics
  expect(found.map(({ message }) => message)).toContain('The anchor "s" contains itself.')
})

test('names that JavaScript knows are names like others', () => {
  const text = 'services:\n  constructor: { image: x, environment: { __proto__: a, toString: b } }\n  web: { image: y, depends_on: [constructor] }\n'
  const { value } = loadCompose([{ file: 'compose.yaml', text }], { env: {} })
  expect(value?.services.map(({ name }) => name)).toEqual(['constructor', 'web'])
  expect(Object.entries(value?.services[0]?.environment ?? {})).toEqual([
    ['__proto__', 'a'],
    ['toString', 'b'],
  ])
})
