// The house rules hold in the whole project, everything compiles and is linted, and the core knows no Node and no browser.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkHouse, formatFinding } from '../../tools/house-rules/index.ts'
import { tempDir } from '../support/temp.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packageOf = (name: string) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
const tsc = join(packageOf('typescript'), 'bin/tsc')
const biome = join(packageOf('@biomejs/biome'), 'bin/biome')

function compile(project: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', project], { cwd: root, encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

describe('the house', () => {
  test('keeps its rules: sizes, layers, no cycles, purity, doc comments, unused code, committed text', () => {
    const errors = checkHouse(root).filter((finding) => finding.severity !== 'warning')
    expect(errors.map(formatFinding)).toEqual([])
  })

  test('compiles the core without Node and DOM types', { timeout: 120_000 }, () => {
    expect(compile('packages/core')).toEqual({ status: 0, output: '' })
  })

  test.each(['packages/pushway', 'packages/web', 'tsconfig.test.json'])('compiles %s', { timeout: 120_000 }, (project) => {
    expect(compile(project)).toEqual({ status: 0, output: '' })
  })

  test('is linted and formatted', { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, 'check', '--error-on-warnings', '--colors=off'], { cwd: root, encoding: 'utf8' })
    expect(status, stdout + stderr).toBe(0)
  })

  test.each([
    ["import { readFileSync } from 'node:fs'\nexport const text = readFileSync('x', 'utf8')", "Cannot find name 'node:fs'"],
    ["export const home = process.env['HOME']", "Cannot find name 'process'"],
    ['export const page = document.title', "Cannot find name 'document'"],
  ])('refuses I/O in the core when it is compiled: %s', { timeout: 120_000 }, (text, problem) => {
    const dir = tempDir('core')
    const config = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8'))
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ ...config, include: ['*.ts'] }))
    writeFileSync(join(dir, 'io.ts'), text)
    const { status, output } = compile(dir)
    expect(status).not.toBe(0)
    expect(output).toContain(problem)
  })

  test('keeps package registries out of its lock files', () => {
    for (const file of ['package-lock.json', 'examples/hello/package-lock.json']) {
      expect(readFileSync(join(root, file), 'utf8')).not.toMatch(/"resolved": "https?:/)
    }
  })
})
