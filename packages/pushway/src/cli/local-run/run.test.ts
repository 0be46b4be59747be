// pushway run as people call it: a process in a working tree.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { selfCommand } from '../../util/self.ts'

function tree(files: Readonly<Record<string, string>>): string {
  const dir = tempDir('tree')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  const git = (...args: string[]) => spawnSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args])
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')
  return dir
}

function pushway(dir: string, ...args: string[]) {
  return pushwayIn(dir, tempDir('cache'), ...args)
}

function pushwayIn(dir: string, cache: string, ...args: string[]) {
  const [program = '', ...rest] = selfCommand()
  const env = { ...process.env, XDG_CACHE_HOME: cache }
  const { status, stdout, stderr } = spawnSync(program, [...rest, 'run', ...args], { cwd: dir, encoding: 'utf8', env })
  return { status, stdout, stderr }
}

const workflow = `
on: { push: { branches: [main] } }
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: { v: '\${{ steps.s.outputs.v }}' }
    steps:
      - uses: actions/checkout@v4
      - { id: s, run: 'cat app.txt new.txt; test ! -e ignored; echo v=7 >> $GITHUB_OUTPUT' }
  ship:
    needs: build
    runs-on: ubuntu-latest
    environment: production
    steps: [{ run: 'echo "ship \${{ needs.build.outputs.v }} \${{ vars.WHERE }} \${{ secrets.KEY }} $EXTRA"' }]
`

describe('pushway run', () => {
  test('runs the working tree as it is, never deploys, hides secrets, and says how it went', () => {
    const dir = tree({ '.github/workflows/ci.yml': workflow, 'app.txt': 'old\n', '.gitignore': 'ignored\nvars.env\n', 'vars.env': 'EXTRA="more text"\n' })
    writeFileSync(join(dir, 'app.txt'), 'changed\n')
    writeFileSync(join(dir, 'new.txt'), 'untracked\n')
    writeFileSync(join(dir, 'ignored'), '')
    const done = pushway(dir, '--secret', 'KEY=very-secret', '--var', 'WHERE=here', '--env-file', 'vars.env')
    expect(done).toMatchObject({ status: 0, stderr: '' })
    expect(done.stdout).toContain('ship names the environment production: its steps run, nothing is deployed.')
    expect(done.stdout).toMatch(/changed\n.*untracked/)
    expect(done.stdout).toContain('ship 7 here *** more text')
    expect(done.stdout).toContain('✓ .github/workflows/ci.yml: success')
    const json = pushway(dir, '-j', 'build', '-o', 'json')
    expect(JSON.parse(json.stdout)).toMatchObject({ conclusion: 'success', workflows: [{ jobs: [{ key: 'build', outputs: { v: '7' } }] }] })
  })

  test('runs actions of the working tree and of --actions-dir', () => {
    const dir = tree({
      '.github/workflows/ci.yml':
        'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ uses: actions/checkout@v4 }, { uses: ./own }, { uses: acme/js@v1, with: { who: you } }] } }\n',
      'own/action.yml': 'name: Own\nruns: { using: composite, steps: [{ shell: bash, run: echo composite runs }] }\n',
    })
    const mirror = join(tempDir('mirror'))
    mkdirSync(join(mirror, 'acme/js@v1'), { recursive: true })
    writeFileSync(join(mirror, 'acme/js@v1/action.yml'), 'name: Js\ninputs: { who: {} }\nruns: { using: node20, main: m.js }\n')
    writeFileSync(join(mirror, 'acme/js@v1/m.js'), "console.log('hello ' + process.env.INPUT_WHO)\n")
    const done = pushway(dir, '--actions-dir', mirror)
    expect(done.stdout).toContain('composite runs')
    expect(done.stdout).toContain('hello you')
    expect(done.status).toBe(0)
    expect(pushway(dir).stdout).toContain('uses: acme/js@v1: it is not one of the actions that are built in, and no source has it')
  })

  test('takes secrets, variables and the event from files; a dry run runs nothing', () => {
    const steps = `[{ name: say, run: 'echo "\${{ vars.A }} \${{ vars.B }} [\${{ secrets.S }}] \${{ github.event.number }}"; touch ran' }]`
    const dir = tree({
      '.github/workflows/ci.yml': `on: push\njobs: { a: { runs-on: ubuntu-latest, steps: ${steps} }, b: { needs: a, runs-on: ubuntu-latest, steps: [{ run: echo b }] } }\n`,
      v: 'A=of-file\nB=of-file\n',
      s: 'export S="hidden-value"\n',
      'e.json': '{"number": 7}',
    })
    const files = ['--var-file', 'v', '--secret-file', 's', '--event-file', 'e.json', '--var', 'B=of-call']
    expect(pushway(dir, ...files).stdout).toContain('of-file of-call [***] 7')
    const dry = pushway(dir, '--dry-run')
    expect(dry).toMatchObject({ status: 0, stdout: '.github/workflows/ci.yml:\n  a\n    say\n  b (needs a)\n    Run echo b\n' })
    expect(JSON.parse(pushway(dir, '--dry-run', '-o', 'json').stdout)).toMatchObject({
      dryRun: true,
      workflows: [{ jobs: [{ key: 'a', steps: ['say'] }, { key: 'b' }] }],
    })
    expect(pushway(dir, '--event-file', 'v')).toMatchObject({ status: 2 })
  })

  test('ends with 1 when a job fails', () => {
    const dir = tree({ '.github/workflows/ci.yml': 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: exit 3 }] } }\n' })
    const done = pushway(dir)
    expect(done.status).toBe(1)
    expect(done.stdout).toContain('error: Process completed with exit code 3.')
  })

  test.each([
    ['a file with mistakes, each by line', ['-W', 'bad.yml'], /bad\.yml:3:\d+: error.*\n[\s\S]*\(workflow-invalid\)/, 2],
    ['a workflow that is not there', ['-W', 'none.yml'], /There is no workflow none\.yml/, 5],
    ['a job that is not there', ['-W', 'ok.yml', '-j', 'none'], /There is no job none/, 5],
    ['an unknown event', ['-e', 'birthday'], /"birthday" is not an event/, 2],
    ['an event that nothing listens to', ['-W', '', '-e', 'pull_request'].slice(2), /mistake|No workflow here is started by pull_request/, 2],
    ['a secret without a value', ['-W', 'ok.yml', '--secret', 'NOT_SET_ANYWHERE'], /The secret NOT_SET_ANYWHERE has no value/, 2],
  ])('refuses %s', (_what, args, says, status) => {
    const ok = 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: "true" }] } }\n'
    const dir = tree({ '.github/workflows/ok.yml': ok, 'bad.yml': 'on: push\njobs:\n  a: { runs-on: ubuntu-latest, stepz: [] }\n' })
    const done = pushway(dir, ...args)
    expect(done.stderr).toMatch(says)
    expect(done.stderr).not.toMatch(/\n {4}at /)
    expect(done.status).toBe(status)
  })

  test('has artifacts, caches and identity tokens: caches stay from run to run, artifacts are kept on request', { timeout: 120_000 }, () => {
    const text = `
on: push
permissions: { id-token: write }
jobs:
  make:
    runs-on: ubuntu-latest
    steps:
      - { id: c, uses: actions/cache@v4, with: { path: deps, key: deps-1 } }
      - run: 'echo "cached [$(cat deps/f 2>/dev/null)]"; mkdir -p deps dist && echo kept > deps/f && echo made > dist/a.txt'
      - { uses: actions/upload-artifact@v4, with: { name: dist, path: dist } }
      - run: 'curl -sf -H "authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=me" | cut -c1-10'
  take:
    needs: make
    runs-on: ubuntu-latest
    steps:
      - { uses: actions/download-artifact@v4, with: { name: dist } }
      - run: cat a.txt
`
    const dir = tree({ '.github/workflows/ci.yml': text })
    const cache = tempDir('cache')
    const first = pushwayIn(dir, cache)
    expect(first.status, first.stdout + first.stderr).toBe(0)
    expect(first.stdout).toContain('cached []')
    expect(first.stdout).toContain('{"value":"')
    expect(first.stdout).toContain('[take]   made')
    expect(first.stdout).toContain('artifact dist')
    expect(first.stdout).toContain('--artifacts DIR')
    const second = pushwayIn(dir, cache, '--artifacts', 'kept')
    expect(second.stdout).toContain('cached [kept]')
    expect(readFileSync(join(dir, 'kept', 'dist', 'a.txt'), 'utf8')).toBe('made\n')
  })

  test('begins no services for jobs without actions', () => {
    const dir = tree({ '.github/workflows/ci.yml': 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo hi }] } }' })
    const cache = tempDir('cache')
    expect(pushwayIn(dir, cache).status).toBe(0)
    expect(existsSync(join(cache, 'pushway', 'results'))).toBe(false)
  })

  test('stops the other legs of a matrix when one has failed', () => {
    const legs = `on: push
jobs:
  legs:
    runs-on: ubuntu-latest
    strategy: { matrix: { ms: [fail, wait] } }
    steps:
      - run: if [ \${{ matrix.ms }} = fail ]; then sleep 0.5; exit 1; fi; sleep 120
`
    const done = pushway(tree({ '.github/workflows/legs.yml': legs }), '-o', 'json')
    expect(JSON.parse(done.stdout)).toMatchObject({
      conclusion: 'failure',
      workflows: [
        {
          jobs: [
            { key: 'legs.fail', conclusion: 'failure' },
            { key: 'legs.wait', conclusion: 'cancelled' },
          ],
        },
      ],
    })
  }, 60_000)
})
