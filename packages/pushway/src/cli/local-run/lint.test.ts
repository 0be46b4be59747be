// pushway lint and pushway eval as people call them: processes in a working tree.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { selfCommand } from '../../util/self.ts'

function pushway(files: Readonly<Record<string, string>>, args: readonly string[], input = '') {
  const dir = tempDir('lint')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const [program = '', ...rest] = selfCommand()
  const { status, stdout, stderr } = spawnSync(program, [...rest, ...args], { cwd: dir, encoding: 'utf8', input })
  return { status, stdout, stderr }
}

const head = 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n'

describe('pushway lint', () => {
  test('names every finding by line, those of actions of the working tree too; exit 2 when a file is refused', () => {
    const files = {
      '.github/workflows/a.yml': `${head}      - uses: ./one\n      - uses: ./none\n      - run: echo \${{ github.head_ref }}\n`,
      '.github/workflows/b.yml': `${head}      - uses: docker://\n`,
      'one/action.yml': 'name: One\nruns: { using: composite, steps: [{ run: x }] }\n',
    }
    const done = pushway(files, ['lint'])
    expect(done.stdout.split('\n').map((line) => line.replace(/^([^ ]+ \w+:).*\((\S+)\)$/, '$1 $2'))).toEqual([
      '.github/workflows/a.yml:8:14: warning: script-injection',
      '.github/workflows/a.yml:7:9: warning: action-missing',
      '.github/workflows/b.yml:6:15: error: uses-invalid',
      'one/action.yml:2:35: error: action-invalid',
      '3 files: 2 errors, 2 warnings',
      '',
    ])
    expect(done.status).toBe(2)
    const json = pushway(files, ['lint', '-o', 'json', '.github/workflows/a.yml'])
    expect(JSON.parse(json.stdout)).toMatchObject({ files: ['.github/workflows/a.yml', 'one/action.yml'], diagnostics: [{ at: { line: 8 } }, {}, {}] })
    expect(pushway({ 'w.yml': `${head}      - run: echo\n` }, ['lint', 'w.yml'])).toMatchObject({ status: 0, stdout: '1 file: 0 errors, 0 warnings\n' })
    expect(pushway({}, ['lint', 'none.yml'])).toMatchObject({ status: 5 })
  })
})

describe('pushway eval', () => {
  test('answers each line, whatever it is', () => {
    const lines = [
      '{"expr":"github.a == \'X\'","contexts":{"github":{"a":"x"}}}',
      'nothing',
      '{"contexts":{}}',
      '{"expr":"failure()","status":"failure"}',
      '{"expr":"]"}',
    ]
    const done = pushway({}, ['eval'], `${lines.join('\n')}\n`)
    const answers = done.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown)
    expect(answers).toEqual([
      { value: true, kind: 'boolean' },
      { error: 'The line is not JSON.' },
      { error: expect.stringContaining('expr') },
      { value: true, kind: 'boolean' },
      { error: expect.stringContaining(']') },
    ])
    expect(done.status).toBe(0)
  })
})
