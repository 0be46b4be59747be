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
