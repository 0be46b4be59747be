// `npm test` counts honestly: its last line and exit code, for every way a run can end.

import { spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../support/temp.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const imports = "import { expect, test } from 'vitest'\n"

/** Runs the test command in a project of its own that has one test file. */
function runTests(text: string, require?: string): { readonly last: string | undefined; readonly status: number | null; readonly output: string } {
  const dir = tempDir('test-command')
  mkdirSync(join(dir, 'packages/pushway/dist'), { recursive: true })
  writeFileSync(join(dir, 'packages/pushway/dist/main.js'), '')
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'))
  writeFileSync(join(dir, 'a.test.ts'), text)
  const { VITEST, VITEST_MODE, VITEST_POOL_ID, VITEST_WORKER_ID, NODE_ENV, PUSHWAY_TEST_REQUIRE, ...env } = process.env
  const options = { cwd: dir, encoding: 'utf8', env: require === undefined ? env : { ...env, PUSHWAY_TEST_REQUIRE: require } } as const
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'tools/test.mjs')], options)
  return { last: stdout.trimEnd().split('\n').at(-1), status, output: stdout }
}

describe('npm test', () => {
  test('all passed', () => {
    expect(runTests(`${imports}test('a', () => expect(1).toBe(1))\ntest('b', () => expect(1).toBe(1))`)).toMatchObject({
      last: '2 passed, 0 failed, 0 skipped',
      status: 0,
    })
  })

  test('one failed', () => {
    expect(runTests(`${imports}test('a', () => expect(1).toBe(1))\ntest('b', () => expect(1).toBe(2))`)).toMatchObject({
      last: '1 passed, 1 failed, 0 skipped',
      status: 1,
    })
  })

  test('a file that can not be loaded is a failure', () => {
    expect(runTests("import './missing.ts'")).toMatchObject({ last: '0 passed, 1 failed, 0 skipped', status: 1 })
  })

  test('an error outside every test is a failure', () => {
    const text = `${imports}test('a', async () => { setTimeout(() => { throw new Error('late') }, 1); await new Promise((r) => setTimeout(r, 50)) })`
    expect(runTests(text)).toMatchObject({ last: '1 passed, 1 failed, 0 skipped', status: 1 })
  })

  test('no test at all is a failure', () => {
    expect(runTests('export {}')).toMatchObject({ last: '0 passed, 1 failed, 0 skipped', status: 1 })
  })

  const other = process.platform === 'darwin' ? 'Linux' : 'macOS'
  const skips = `${imports}test('a', () => expect(1).toBe(1))\ntest.skip('b (needs package skopeo)', () => {})\ntest.skip('c (${other} only)', () => {})`

  test('a skipped test is shown with its reason', () => {
    const { last, status, output } = runTests(skips)
    expect({ last, status }).toEqual({ last: '1 passed, 0 failed, 2 skipped', status: 0 })
    expect(output).toContain('b (needs package skopeo)')
  })

  test('where nothing may be skipped, only another platform is a reason', () => {
    const { last, status } = runTests(skips, 'all')
    expect({ last, status }).toEqual({ last: '1 passed, 1 failed, 1 skipped', status: 1 })
  })
})
