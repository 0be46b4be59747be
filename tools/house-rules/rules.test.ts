// Each rule finds what it is for, and leaves the allowed form alone.

import { describe, expect, test } from 'vitest'
import { checkDependencies } from './dependencies.ts'
import { checkLayers, findCycles } from './layers.ts'
import { checkDocComments, checkFileComments, checkJsonParse } from './outside.ts'
import { checkPurity } from './purity.ts'
import { checkSizes, percentile90 } from './sizes.ts'
import { type Finding, parseSource, type SourceFile } from './source.ts'
import { checkTexts } from './text.ts'
import { checkUnused } from './unused.ts'

const core = 'packages/core/src/run/plan.ts'
const shell = 'packages/pushway/src/engine/loop.ts'

const messages = (findings: readonly Finding[]) => findings.map((finding) => finding.message).join('\n')
const rulesOf = (findings: readonly Finding[]) => findings.map((finding) => finding.rule)
const sources = (files: Readonly<Record<string, string>>): readonly SourceFile[] => Object.entries(files).map(([path, text]) => parseSource(path, text))
const lines = (count: number) => Array.from({ length: count }, (_, i) => `  use(${i})`).join('\n')

describe('sizes', () => {
  test('a file may have 400 lines, not 401', () => {
    expect(checkSizes(sources({ [`${core}.test.ts`]: `${'\n'.repeat(399)}use()` }))).toEqual([])
    expect(rulesOf(checkSizes(sources({ [`${core}.test.ts`]: `${'\n'.repeat(400)}use()` })))).toEqual(['file-size'])
  })

  test.each([
    ['a function', `function long() {\n${lines(69)}\n}`],
    ['an arrow function', `const long = () => {\n${lines(69)}\n}`],
    ['a method', `class A { long() {\n${lines(69)}\n} }`],
  ])('%s of 71 lines is too long, by name', (_, text) => {
    expect(messages(checkSizes(sources({ [core]: text })))).toContain('long has 71 lines')
  })

  test('three parameters are allowed, four are not, a typed `this` does not count', () => {
    expect(checkSizes(sources({ [core]: 'function f(this: A, a: B, b: B, c: B) {}' }))).toEqual([])
    expect(messages(checkSizes(sources({ [core]: 'class A { constructor(a, b, c, d) {} }' })))).toContain('constructor takes 4 parameters')
  })

  test('the 90th percentile is the size that nine of ten stay within', () => {
    expect(percentile90([])).toBe(0)
    expect(percentile90([1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((n) => ({ lines: n })))).toBe(9)
    const many = Array.from({ length: 8 }, (_, i) => `function f${i}() {\n${lines(40)}\n}`).join('\n')
    expect(messages(checkSizes(sources({ [core]: many })))).toContain('one in ten functions')
  })
})

describe('layers', () => {
  const target = (path: string) => ({ [path]: 'export const x = 1' })
  const check = (from: string, specifier: string, to: string) => checkLayers(sources({ [from]: `import { x } from '${specifier}'\nx()`, ...target(to) }))

  test.each([
    ['packages/pushway/src/engine/a.ts', '../ports/b.ts', 'packages/pushway/src/ports/b.ts'],
    ['packages/pushway/src/store/a.ts', '@pushway/core/run/plan.ts', core],
    ['packages/pushway/src/cli/a.ts', '../engine/b.ts', 'packages/pushway/src/engine/b.ts'],
    ['packages/pushway/src/main.ts', './drivers/runtime/process/index.ts', 'packages/pushway/src/drivers/runtime/process/index.ts'],
    ['packages/pushway/src/engine/a.test.ts', '../store/b.ts', 'packages/pushway/src/store/b.ts'],
    ['packages/web/src/a.ts', '@pushway/core/run/plan.ts', core],
  ])('%s may import %s', (from, specifier, to) => {
    expect(check(from, specifier, to)).toEqual([])
  })

  test.each([
    ['packages/pushway/src/ports/a.ts', '../store/b.ts', 'packages/pushway/src/store/b.ts'],
    ['packages/pushway/src/store/a.ts', '../engine/b.ts', 'packages/pushway/src/engine/b.ts'],
    ['packages/pushway/src/engine/a.ts', '../drivers/runtime/process/b.ts', 'packages/pushway/src/drivers/runtime/process/b.ts'],
    ['packages/pushway/src/drivers/router/embedded/a.ts', '../../runtime/fake/b.ts', 'packages/pushway/src/drivers/runtime/fake/b.ts'],
    ['packages/pushway/src/http/a.ts', '../cli/b.ts', 'packages/pushway/src/cli/b.ts'],
    ['packages/pushway/src/engine/a.ts', '../main.ts', 'packages/pushway/src/main.ts'],
    ['packages/core/src/run/a.ts', '../../../pushway/src/ports/b.ts', 'packages/pushway/src/ports/b.ts'],
    ['packages/web/src/a.ts', '../../pushway/src/ports/b.ts', 'packages/pushway/src/ports/b.ts'],
  ])('%s may not import %s', (from, specifier, to) => {
    expect(rulesOf(check(from, specifier, to))).toEqual(['layers'])
  })

  test('lazy imports and types are imports too', () => {
    const files = target('packages/pushway/src/store/b.ts')
    expect(rulesOf(checkLayers(sources({ [shell]: "const { x } = await import('../store/b.ts')", ...files })))).toEqual(['layers'])
    expect(rulesOf(checkLayers(sources({ [shell]: "import type { x } from '../store/b.ts'", ...files })))).toEqual(['layers'])
  })

  test('naming the file that is to be started is no import', () => {
    const files = { 'packages/pushway/src/util/self.ts': "new URL('../main.ts', import.meta.url)", 'packages/pushway/src/main.ts': '' }
    expect(checkLayers(sources(files))).toEqual([])
  })

  test('a folder without a row in the matrix is named', () => {
    expect(messages(checkLayers(sources({ 'packages/pushway/src/misc/a.ts': 'export {}' })))).toContain('"misc" is no layer')
  })

  test('the page takes nothing from Node', () => {
    expect(messages(checkLayers(sources({ 'packages/web/src/a.ts': "import { join } from 'node:path'" })))).toContain('browser')
  })

  test('a cycle is found once; one of types only is none', () => {
    const edge = (from: string, to: string, typeOnly = false) => ({ from, to, typeOnly })
    expect(messages(findCycles([edge('a', 'b'), edge('b', 'c'), edge('c', 'a')]))).toContain('a → b → c → a')
    expect(findCycles([edge('a', 'b'), edge('b', 'a', true), edge('b', 'c')])).toEqual([])
  })
})

describe('purity', () => {
  test.each(['Date.now()', 'new Date()', 'Math.random()', 'performance.now()', 'crypto.randomUUID()'])('the core may not call %s', (call) => {
    expect(rulesOf(checkPurity(sources({ [core]: call })))).toEqual(['core-pure'])
    expect(checkPurity(sources({ [shell]: call }))).toEqual([])
  })

  test('a date made from an argument is pure', () => {
    expect(checkPurity(sources({ [core]: 'new Date(at)' }))).toEqual([])
  })

  test.each([
    "import { exec } from 'node:child_process'",
    'spawn(a, b, { shell: true })',
    "spawn(a, b, { shell: '/bin/sh' })",
    'const options = { shell: true }',
  ])('no shell: %s', (text) => {
    expect(rulesOf(checkPurity(sources({ [shell]: text })))).toContain('no-shell')
  })

  test.each(["import { execFile } from 'node:child_process'", 'spawn(a, b, { shell: false })', 'const step = { shell: step.shell }'])('allowed: %s', (text) => {
    expect(checkPurity(sources({ [shell]: text }))).toEqual([])
  })

  test('a driver is asked for its capabilities, not its name', () => {
    const text = "if (environment.runtime === 'docker') go()"
    expect(rulesOf(checkPurity(sources({ [shell]: text })))).toEqual(['driver-names'])
    expect(rulesOf(checkPurity(sources({ [shell]: "switch (runtime) { case 'kubernetes': go() }" })))).toEqual(['driver-names'])
    expect(checkPurity(sources({ 'packages/pushway/src/drivers/runtime/docker/a.ts': text, 'packages/pushway/src/main.ts': text }))).toEqual([])
    expect(checkPurity(sources({ [shell]: "if (kind === 'process') go()" }))).toEqual([])
  })
})

describe('what stands outside', () => {
  test('JSON.parse is a warning outside schema files', () => {
    expect(checkJsonParse(sources({ [shell]: 'JSON.parse(a)' }))[0]).toMatchObject({ severity: 'warning', line: 1 })
    expect(checkJsonParse(sources({ 'packages/pushway/src/engine/schema.ts': 'JSON.parse(a)' }))).toEqual([])
  })

  test('exports of the core and contracts of ports have a doc comment', () => {
    expect(rulesOf(checkDocComments(sources({ [core]: 'export function f() {}' })))).toEqual(['doc-comment'])
    expect(checkDocComments(sources({ [core]: '/** Does. */\nexport function f() {}\nexport interface A { b: string }' }))).toEqual([])
    expect(rulesOf(checkDocComments(sources({ 'packages/pushway/src/ports/a.ts': 'export interface A { b(): void }' })))).toEqual(['doc-comment'])
    expect(checkDocComments(sources({ [shell]: 'export function f() {}' }))).toEqual([])
  })

  test('a file begins with what it is for', () => {
    expect(rulesOf(checkFileComments(sources({ [core]: 'export {}' })))).toEqual(['file-comment'])
    expect(checkFileComments(sources({ [core]: '// Plans.\nexport {}', 'packages/pushway/bin/pushway.js': '#!/usr/bin/env node\n// Starts.' }))).toEqual([])
  })
})

describe('unused code', () => {
  const main = 'packages/pushway/src/main.ts'

  test('a file nobody imports, and one that only a test imports', () => {
    const found = checkUnused(
      sources({ [main]: '', [shell]: '', [core]: 'export const a = 1', 'packages/core/src/run/plan.test.ts': "import { a } from './plan.ts'\na" }),
    )
    expect(messages(found)).toContain('nothing imports this file')
    expect(messages(found)).toContain('only tests import this file')
  })

  test('an export nobody takes; lazily taken ones are known by name', () => {
    const files = { [main]: "const { a } = await import('./engine/loop.ts')\na()", [shell]: 'export const a = 1\nexport const b = 2' }
    expect(messages(checkUnused(sources(files)))).toBe('no other file takes "b": remove it, or only its `export`.')
  })

  test('a type that its own file uses may be exported', () => {
    const files = { [main]: "import { a } from './engine/loop.ts'\na()", [shell]: 'export interface A {}\nexport interface B {}\nexport function a(): A {}' }
    expect(messages(checkUnused(sources(files)))).toBe('no other file takes "B": remove it.')
  })
})

test('a dependency nobody imports, and an import nobody declared', () => {
  const files = sources({ [shell]: "import { a } from 'known/deep'\nimport b from '@scope/missing/x'\nimport 'node:fs'\nawait import('lazy')" })
  const manifest = { folder: 'packages/pushway', dependencies: ['known', 'lazy', 'unused'], bundled: [] }
  expect(messages(checkDependencies(files, [manifest]))).toBe('nothing imports "unused": remove it.\n"@scope/missing" is imported, but not named here.')
})

describe('text', () => {
  const broken = [`see /wo${'rk'}/main/x`, `cd /ro${'ot'}/.cache`, `https://registry.npm${'js'}.org/x`, `"resol${'ved'}": "https://x"`]

  test.each(broken)('%s names one machine or a registry', (line) => {
    expect(checkTexts([{ path: 'a.md', text: `one\n${line}\n` }])[0]).toMatchObject({ rule: 'text', line: 2 })
  })

  test.each(['checkout/root/x', 'homework/main', '"resolved": "packages/core"', '/home/runner/work'])('%s is fine', (line) => {
    expect(checkTexts([{ path: 'a.md', text: line }])).toEqual([])
  })
})
