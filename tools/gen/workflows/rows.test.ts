// The compatibility page can't drift: GitHub's schema, the corpus and the tests on one side, its rows on the other.

import { existsSync, readFileSync } from 'node:fs'
import { wellKnownFunctions } from '@actions/expressions/funcs'
import { contextNames, runnerFunctions } from '@pushway/core/workflow/expression.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import { expect, test } from 'vitest'
import { schemaKeywords } from './keywords.ts'
import { renderWorkflows } from './render.ts'
import { readCases, readSections, rowOf } from './rows.ts'

const rows = readSections().flatMap((section) => section.rows)
const places = ['packages/core/src/', 'packages/pushway/src/', '']
const names = [...Object.values(wellKnownFunctions).map(({ name }) => name.replace(/Json$/, 'JSON')), ...runnerFunctions.map(({ name }) => name)]

test('docs/compatibility/workflows.md is what the rows make', () => {
  expect(readFileSync('docs/compatibility/workflows.md', 'utf8')).toBe(renderWorkflows())
})

test('every keyword of the schema, every context and every function has a row', () => {
  const wanted = [...schemaKeywords(), ...contextNames.map((name) => `context.${name}`), ...names.map((name) => `function.${name}`)]
  expect(wanted.length).toBeGreaterThan(250)
  expect(wanted.filter((key) => rowOf(rows, key) === undefined)).toEqual([])
})

test('every key of a row is one of GitHub, and stands in one row', () => {
  const known = new Set([...schemaKeywords(), ...contextNames.map((name) => `context.${name}`), ...names.map((name) => `function.${name}`)])
  const keys = rows.flatMap((row) => row.keys)
  const ours = keys.filter((key) => !/^(command|file)\./.test(key))
  expect(ours.filter((key) => !known.has(key.replace(/\.\*\*$/, '')))).toEqual([])
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([])
})

test('every case of the corpus is in a row', () => {
  const lost = readCases().flatMap(({ name, covers }) => covers.filter((key) => rowOf(rows, key) === undefined).map((key) => `${name}: ${key}`))
  expect(lost).toEqual([])
})

test('every row names a test, and every named test is there', () => {
  expect(rows.filter(({ tests }) => tests.length === 0).map(({ keys, what }) => what ?? keys.join())).toEqual([])
  const wrong = [...new Set(rows.flatMap(({ tests }) => tests))].filter((name) => !name.startsWith('golden ') && !isThere(name))
  expect(wrong).toEqual([])
})

test('every event is taken or refused as its row says', () => {
  const events = schemaKeywords().filter((key) => /^on\.[a-z_]+$/.test(key))
  expect(events.length).toBeGreaterThan(30)
  const details: Readonly<Record<string, string>> = { schedule: "[{ cron: '0 * * * *' }]", workflow_run: '{ workflows: [CI] }' }
  const wrong = events.filter((key) => {
    const event = key.slice('on.'.length)
    const text = `on: { ${event}: ${details[event] ?? ''} }\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }`
    const refused = parseWorkflow('ci.yml', text).value === undefined
    return refused !== (rowOf(rows, key)?.state === 'refused')
  })
  expect(wrong).toEqual([])
})

function isThere(name: string): boolean {
  const [, file = '', title = ''] = /^(\S+)(?: "(.*)")?$/.exec(name) ?? []
  const path = places.map((place) => `${place}${file}.ts`).find((candidate) => existsSync(candidate))
  return path !== undefined && readFileSync(path, 'utf8').includes(title)
}
