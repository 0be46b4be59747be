import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'

// docs/compatibility/workflows.md against what it names: it can't drift from the corpus and the tests.
const root = new URL('../../../../', import.meta.url)
const page = readFileSync(new URL('docs/compatibility/workflows.md', root), 'utf8')
const runs = new URL('test/golden/workflows/runs/', root)
const cases = readdirSync(runs).map((name) => name.replace(/\.yml$/, ''))
const rows = page.split('\n').filter((line) => line.startsWith('|'))

test('every case of the corpus is named in the table, and every named case is there', () => {
  const named = new Set([...page.matchAll(/\bruns\/([\w-]+)/g)].map(([, name]) => name ?? ''))
  expect([...named].filter((name) => !cases.includes(name))).toEqual([])
  expect(cases.filter((name) => !named.has(name))).toEqual([])
})

test('every keyword that a case covers has a row that honours it', () => {
  const covered = cases.flatMap((name) => {
    const [options = ''] = readFileSync(new URL(`${name}.yml`, runs), 'utf8').split(/^---\n/m)
    return (parse(options) as { covers: string[] }).covers
  })
  const words = [...new Set(covered.map((keyword) => keyword.split('.').at(-1) ?? keyword))]
  expect(words.filter((word) => !rows.some((row) => row.includes(`\`${word}\``) || row.includes(`.${word}\``)))).toEqual([])
  expect(page).not.toContain('ignored')
})

test('every test file that the table names is there', () => {
  const files = [...page.matchAll(/(?<![\w/-])((?:workflow|run|http|model)\/[\w-]+\.test)\b/g)].map(([, name]) => name ?? '')
  const places = ['packages/core/src/', 'packages/pushway/src/']
  expect(files.filter((name) => !places.some((place) => existsSync(new URL(`${place}${name}.ts`, root))))).toEqual([])
})
