// Reusable workflows in `pushway run` and `pushway plan`, as people call them: processes in a working tree.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { selfCommand } from '../../util/self.ts'

function tree(files: Readonly<Record<string, string>>): string {
  const dir = tempDir('calls')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

function pushway(dir: string, ...args: string[]) {
  const [program = '', ...rest] = selfCommand()
  const env = { ...process.env, XDG_CACHE_HOME: tempDir('cache') }
  const { status, stdout, stderr } = spawnSync(program, [...rest, ...args], { cwd: dir, encoding: 'utf8', env })
  return { status, stdout, stderr }
}

const files = {
  '.github/workflows/ci.yml': `
on: push
env: { LEVEL: top }
jobs:
  one: { runs-on: ubuntu-latest, outputs: { to: '\${{ steps.s.outputs.to }}' }, steps: [{ id: s, run: 'echo to=moon >> $GITHUB_OUTPUT' }] }
  go:
    needs: one
    strategy: { matrix: { v: [a, b] } }
    uses: shared/flows/.github/workflows/fly.yml@v1
    with: { to: '\${{ needs.one.outputs.to }}', v: '\${{ matrix.v }}' }
    secrets: { key: '\${{ secrets.TOP }}' }
  after: { needs: go, runs-on: ubuntu-latest, steps: [{ run: 'echo "after: \${{ needs.go.outputs.said }}"' }] }
`,
  'mirror/shared/flows@v1/.github/workflows/fly.yml': `
on:
  workflow_call:
    inputs: { to: { type: string, required: true }, v: { type: string } }
    secrets: { key: { required: true } }
    outputs: { said: { value: '\${{ jobs.fly.outputs.said }}' } }
env: { LEVEL: called }
defaults: { run: { shell: sh } }
jobs:
  fly:
    runs-on: ubuntu-latest
    environment: production
    outputs: { said: '\${{ steps.say.outputs.said }}' }
    steps:
      - id: say
        run: |
          echo "fly to \${{ inputs.to }} \${{ inputs.v }} at $LEVEL with \${{ secrets.key }} and '\${{ secrets.TOP }}' by \${{ job.workflow_ref }} in $GITHUB_WORKFLOW_REF"
          echo "said=over" >> "$GITHUB_OUTPUT"
`,
}

describe('pushway run', () => {
  test('runs the jobs of a called workflow of another repository, once for each leg', () => {
    const done = pushway(tree(files), 'run', '--secret', 'TOP=very-secret', '--actions-dir', 'mirror')
    expect(done).toMatchObject({ status: 0, stderr: '' })
    expect(done.stdout).toMatch(
      /\[go\.a\.fly\].* fly to moon a at called with \*\*\* and '' by shared\/flows\/\.github\/workflows\/fly\.yml@v1 in \S+\/\.github\/workflows\/ci\.yml@refs\/heads\/main/,
    )
    expect(done.stdout).toContain('fly to moon b')
    expect(done.stdout).toContain('after: over')
  })

  test('refuses what no source has, and every mistake of a call, by line', () => {
    const gone = pushway(tree(files), 'run', '--secret', 'TOP=x')
    expect(gone.status).toBe(2)
    expect(gone.stderr).toContain('.github/workflows/ci.yml:9:11: error: There is no workflow `shared/flows/.github/workflows/fly.yml@v1`: no source has')
    const wrong = tree({ ...files, '.github/workflows/ci.yml': files['.github/workflows/ci.yml'].replace('key:', 'kex:').replace('to: ', 'too: ') })
    const done = pushway(wrong, 'run', '--actions-dir', 'mirror')
    expect(done.status).toBe(2)
    expect(done.stderr).toContain('ci.yml:11:16: error: The called workflow has no secret `kex`')
    expect(done.stderr).toContain('requires the secret `key`')
  })
})

const plain = {
  '.github/workflows/ci.yml': `
on: push
jobs:
  test: { runs-on: ubuntu-latest, strategy: { matrix: { v: [1, 2, 3] } }, steps: [{ run: 'echo v \${{ matrix.v }} \${{ matrix.os }}' }] }
  late: { needs: test, runs-on: ubuntu-latest, strategy: { matrix: { v: "\${{ fromJSON(needs.test.outputs.v || '[1]') }}" } }, steps: [{ run: echo }] }
  go: { needs: test, uses: ./.github/workflows/called.yml, with: { to: '["x", "y"]' } }
  end: { needs: [late, go], runs-on: ubuntu-latest, steps: [{ run: echo the end }] }
`,
  '.github/workflows/called.yml': `
on: { workflow_call: { inputs: { to: { type: string } } } }
jobs:
  a: { runs-on: ubuntu-latest, strategy: { matrix: { to: '\${{ fromJSON(inputs.to) }}' } }, steps: [{ run: 'echo to \${{ matrix.to }}' }] }
  b: { needs: a, name: 'B \${{ inputs.to }}', runs-on: ubuntu-latest, steps: [{ name: Say, run: echo }] }
`,
}

describe('what would run', () => {
  test('plan has every job, those of calls too, with the legs that are known', () => {
    const done = pushway(tree(plain), 'plan', '-W', 'ci.yml', '-e', 'push', '-o', 'json')
    expect(done.stderr).toBe('')
    expect(JSON.parse(done.stdout).jobs).toEqual([
      { id: 'test', name: 'test', needs: [], legs: 3 },
      { id: 'late', name: 'late', needs: ['test'], legs: null },
      { id: 'go', name: 'go', needs: ['test'], legs: 1, uses: './.github/workflows/called.yml' },
      { id: 'go.a', name: 'go / a', needs: [], legs: 2, caller: 'go' },
      { id: 'go.b', name: 'go / B ["x", "y"]', needs: ['go.a'], legs: 1, caller: 'go' },
      { id: 'end', name: 'end', needs: ['late', 'go'], legs: 1 },
    ])
  })

  test('--graph shows which jobs come after which, --dry-run the steps; nothing runs', () => {
    const dir = tree(plain)
    const graph = pushway(dir, 'run', '--graph')
    expect(graph).toMatchObject({ status: 0, stderr: '' })
    expect(graph.stdout).toBe('.github/workflows/ci.yml:\n  test (3 legs)\n    ↓\n  late (? legs)   go.a (2 legs)\n    ↓\n  go.b\n    ↓\n  end\n')
    const json = JSON.parse(pushway(dir, 'run', '--graph', '-o', 'json').stdout)
    expect(json).toMatchObject({ graph: true, workflows: [{ stages: [['test'], ['late', 'go.a'], ['go.b'], ['end']] }] })
    const dry = pushway(dir, 'run', '--dry-run')
    expect(dry.stdout).toContain(
      '  go (needs test): calls ./.github/workflows/called.yml\n  go.a\n    Run echo to ${{ matrix.to }}\n  go.b (needs go.a)\n    Say\n',
    )
  })

  test('--matrix takes the legs that have the value, of matrices that have the key', () => {
    const dir = tree(plain)
    const done = pushway(dir, 'run', '--matrix', 'v:2', '--matrix', 'V:3', '-o', 'json')
    expect(JSON.parse(done.stdout).workflows[0].jobs.map(({ key, conclusion }: { key: string; conclusion: string }) => `${key} ${conclusion}`)).toEqual([
      'test.2 success',
      'test.3 success',
      'late skipped',
      'go.a.x success',
      'go.a.y success',
      'go.b success',
      'end skipped',
    ])
    expect(pushway(dir, 'run', '--matrix', 'v')).toMatchObject({ status: 2, stderr: expect.stringContaining('--matrix KEY:VALUE') })
  })
})

test('lint looks at calls, and at the files that are called', () => {
  const files = {
    ...plain,
    '.github/workflows/ci.yml':
      'on: push\njobs:\n  a: { uses: ./.github/workflows/called.yml, with: { too: 1 } }\n  b: { uses: x/y/.github/workflows/z.yml@v1 }\n',
    '.github/workflows/called.yml': 'on: workflow_call\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: "echo ${{ github.head_ref }}" }] }\n',
  }
  const done = pushway(tree(files), 'lint', '.github/workflows/ci.yml')
  expect(done.status).toBe(2)
  expect(done.stdout.split('\n').map((line) => line.replace(/^([^ ]+ \w+:).*\((\S+)\)$/, '$1 $2'))).toEqual([
    '.github/workflows/ci.yml:3:54: error: input-unknown',
    '.github/workflows/ci.yml:4:14: warning: call-unknown',
    '.github/workflows/ci.yml:4:14: warning: action-unpinned',
    '.github/workflows/called.yml:3:47: warning: script-injection',
    '2 files: 1 error, 3 warnings',
    '',
  ])
})
