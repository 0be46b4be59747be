// Actions of the workspace and of sources, run with real shells and Node.js.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../test/support/job.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import type { ActionSource } from '../util/job-spool.ts'

type Files = Readonly<Record<string, string>>

function writeFiles(dir: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
}

function git(dir: string, ...args: readonly string[]): string {
  return execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' }).trim()
}

/** A working tree with these files, as `pushway run` checks it out. */
function tree(files: Files): { readonly source: { readonly kind: 'tree'; readonly dir: string } } {
  const dir = tempDir('tree')
  writeFiles(dir, files)
  git(dir, 'init', '--quiet', '--initial-branch=main')
  return { source: { kind: 'tree', dir } }
}

function sources(...list: readonly ActionSource[]) {
  return { actions: { sources: list, cache: tempDir('actions') } }
}

function directory(files: Files): ActionSource {
  const dir = tempDir('mirror')
  writeFiles(dir, files)
  return { kind: 'directory', dir }
}

const stages = {
  'action.yml': 'name: S\ninputs: { a: { default: d } }\nruns: { using: node20, pre: pre.js, main: main.js, post: post.js }\n',
  'pre.js': "console.log('pre ' + process.env.INPUT_A); require('fs').appendFileSync(process.env.GITHUB_STATE, 'from=pre-' + process.env.INPUT_A + '\\n')",
  'main.js':
    "console.log('main ' + process.env.STATE_from); require('fs').appendFileSync(process.env.GITHUB_STATE, 'from<<E\\nmain-' + process.env.INPUT_A + '\\nE\\n'); console.log('::save-state name=old::x')",
  'post.js': "console.log(['post', process.env.STATE_from, process.env.STATE_old, process.env.INPUT_A].join(' '))",
}
const inFolder = (folder: string, files: Files): Files => Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]))

describe('a composite action of the workspace', () => {
  test('has inputs, outputs, its own steps context, env, conditions, and gives variables and paths to the job', async () => {
    const over = tree({
      'one/action.yml': `
        name: One
        inputs: { who: { default: "\${{ github.actor }}" }, Loud: { default: no } }
        outputs: { said: { value: "\${{ steps.say.outputs.text }}" }, nested: { value: "\${{ steps.two.outputs.deep }}" } }
        runs:
          using: composite
          steps:
            - { id: say, shell: bash, run: 'echo "text=\${{ inputs.who }}-\${{ inputs.loud }}-$GREETING-\${{ env.GREETING }}" >> $GITHUB_OUTPUT; echo "[\${{ steps.outer.outputs.x }}]"', env: { OWN: 1 } }
            - { shell: sh, run: 'echo "at $GITHUB_ACTION_PATH \${{ github.action_path }} in $PWD"; cat "$GITHUB_ACTION_PATH/data.txt"', working-directory: one }
            - { id: two, uses: ./two, with: { in: "\${{ steps.say.outputs.text }}" } }
            - { shell: bash, run: 'exit 3', continue-on-error: true }
            - { shell: bash, run: 'echo GIVEN=yes >> $GITHUB_ENV; mkdir -p b; printf "#!/bin/sh\\necho tool" > b/mytool; chmod +x b/mytool; echo "$PWD/b" >> $GITHUB_PATH' }
            - { shell: bash, run: 'echo "given $GIVEN own [$OWN] secret [\${{ toJSON(secrets) }}]"' , if: false }
            - { shell: bash, if: "inputs.who == 'ada'", run: 'echo "given $GIVEN own [$OWN]"; echo sum >> $GITHUB_STEP_SUMMARY' }
      `.replace(' secret [${{ toJSON(secrets) }}]', ''),
      'one/data.txt': 'data of the action\n',
      'two/action.yaml':
        'name: Two\ninputs: { in: {} }\noutputs: { deep: { value: "deep ${{ steps.s.outputs.v }} ${{ env.GREETING }}" } }\nruns: { using: composite, steps: [{ id: s, shell: bash, run: "echo v=${{ inputs.in }} >> $GITHUB_OUTPUT" }] }\n',
    })
    const run = await runSpec(
      jobSpec(
        `
        steps:
          - uses: actions/checkout@v4
          - { id: outer, run: 'echo x=hidden >> $GITHUB_OUTPUT' }
          - { id: one, uses: ./one, env: { GREETING: hi }, with: { LOUD: 'yes' } }
          - run: 'echo "outputs \${{ steps.one.outputs.said }} | \${{ steps.one.outputs.nested }} | given $GIVEN, no [$GREETING] [\${{ steps.say.outputs.text }}]"; mytool'
      `,
        { contexts: { github: { actor: 'ada' } } },
      ),
      over,
    )
    expect(run.text).toContain('outputs ada-yes-hi-hi | deep ada-yes-hi-hi hi | given yes, no [] []')
    expect(run.text).toContain('given yes own []')
    expect(run.text).toMatch(/at (\/.*\/one) \1 in \1\ndata of the action/)
    expect(run.text).toContain('\n[]\n')
    expect(run.text).toContain('\ntool')
    expect(run.conclusion).toBe('success')
    // One step for the job.
    expect(Object.keys(run.steps)).toHaveLength(4)
  })

  test('fails at its first failing step, runs what always() asks for, and the step may be allowed to fail', async () => {
    const over = tree({
      'bad/action.yml':
        'name: Bad\nruns:\n  using: composite\n  steps:\n    - { shell: bash, run: exit 4 }\n    - { shell: bash, run: echo not-reached }\n    - { shell: bash, if: failure(), run: "echo cleanup ${{ job.status }}" }\n',
    })
    const run = await runSpec(
      jobSpec(`
        steps:
          - uses: actions/checkout@v4
          - { id: soft, continue-on-error: true, uses: ./bad }
          - run: 'echo "\${{ steps.soft.outcome }} \${{ steps.soft.conclusion }}"'
          - { name: hard, uses: ./bad }
      `),
      over,
    )
    expect(run.text).not.toContain('\nnot-reached')
    expect(run.text).toContain('cleanup failure')
    expect(run.text).toContain('failure success')
    expect(run.steps).toMatchObject({ 'Run ./bad': 'success', hard: 'failure' })
    expect(run.conclusion).toBe('failure')
  })

  test('that uses itself ends at the depth of GitHub', async () => {
    const over = tree({ 'a/action.yml': 'name: A\nruns: { using: composite, steps: [{ uses: ./a }] }\n' })
    const run = await runSpec(jobSpec('steps: [{ uses: actions/checkout@v4 }, { uses: ./a }]'), over)
    expect(run.text).toContain('Composite action depth exceeded max depth 10')
    expect(run.conclusion).toBe('failure')
  })

  test.each([
    ['./none', {}, 'there is no action.yml, action.yaml or Dockerfile in it. Does actions/checkout run before it?'],
    ['./d', { 'd/action.yml': 'name: D\nruns: { using: composite, steps: [{ run: x }] }' }, './d/action.yml:2:35: error: `shell` is required'],
    ['./d', { 'd/action.yml': 'name: D\nruns: { using: node20, main: none.js }' }, 'File not found:'],
  ])('%s of %j is refused by line', async (uses, files, says) => {
    const run = await runSpec(jobSpec(`steps: [{ uses: actions/checkout@v4 }, { uses: ${uses} }]`), tree({ ...files, 'x.txt': '' }))
    expect(run.text).toContain(says)
    expect(run.text).toContain('.github/workflows/ci.yml:6:')
    expect(run.conclusion).toBe('failure')
  })
})

describe('a JavaScript action', () => {
  test('runs pre, main and post with its inputs and state, posts last one first', async () => {
    const mirror = directory({ ...inFolder('acme/staged@v1', stages) })
    const run = await runSpec(
      jobSpec(`
        steps:
          - { uses: acme/staged@v1, with: { A: one } }
          - { name: second, uses: acme/staged@v1 }
          - run: echo between
      `),
      sources(mirror),
    )
    expect(run.conclusion).toBe('success')
    const said = run.text.split('\n').filter((line) => /^(pre|main|post|between)( |$)/.test(line))
    expect(said).toEqual(['pre one', 'pre d', 'main pre-one', 'main pre-d', 'between', 'post main-d x d', 'post main-one x one'])
    expect(Object.keys(run.steps)).toEqual([
      'Pre Run acme/staged@v1',
      'Pre second',
      'Run acme/staged@v1',
      'second',
      'Run echo between',
      'Post second',
      'Post Run acme/staged@v1',
    ])
    expect(new Set(run.reports.flatMap((report) => (report.type === 'step-finished' ? [report.step] : []))).size).toBe(7)
  })

  test('obeys post-if and pre-if, posts also after a failure, and fails by its exit code', async () => {
    const action = (name: string, runs: string) =>
      inFolder(`acme/${name}@v1`, {
        'action.yml': `name: x\nruns: { using: node16, ${runs} }\n`,
        'say.js': `console.log('${name} says')`,
        'fail.js': 'process.exitCode = 7',
      })
    const mirror = directory({
      ...action('only-ok', 'main: fail.js, post: say.js, post-if: success()'),
      ...action('only-bad', 'main: say.js, post: say.js, post-if: failure()'),
      ...action('no-pre', 'pre: fail.js, pre-if: "false", main: say.js'),
    })
    const run = await runSpec(
      jobSpec('steps: [{ uses: acme/no-pre@v1 }, { uses: acme/only-bad@v1 }, { uses: acme/only-ok@v1 }, { uses: acme/only-bad@v1 }]'),
      sources(mirror),
    )
    expect(run.text.match(/only-bad says/g)).toHaveLength(2)
    expect(run.text).not.toContain('only-ok says')
    expect(run.text).toContain('no-pre says')
    expect(run.text).toContain('The action ended with exit code 7.')
    expect(run.steps).toMatchObject({ 'Run acme/only-ok@v1': 'failure', 'Post Run acme/only-ok@v1': 'skipped', 'Post Run acme/only-bad@v1': 'success' })
    expect(run.conclusion).toBe('failure')
  })

  test('of the workspace and inside composite actions', async () => {
    const over = tree({
      ...inFolder('js', stages),
      'wrap/action.yml': 'name: W\ninputs: { v: {} }\nruns: { using: composite, steps: [{ uses: acme/staged/sub@main, with: { a: "${{ inputs.v }}" } }] }\n',
    })
    const mirror = directory(inFolder('acme/staged@main/sub', stages))
    const run = await runSpec(
      jobSpec('steps: [{ uses: actions/checkout@v4 }, { uses: ./js }, { uses: ./wrap, with: { v: 1 } }, { uses: ./wrap, with: { v: 2 } }]'),
      {
        ...over,
        ...sources(mirror),
      },
    )
    const said = run.text.split('\n').filter((line) => /^(pre|main|post) /.test(line))
    expect(said).toEqual(['main undefined', 'pre 1', 'main pre-1', 'pre 2', 'main pre-2', 'post main-2 x 2', 'post main-1 x 1', 'post main-d x d'])
    expect(run.text).toContain("##[warning]`pre` execution is not supported for local action from '")
    expect(run.conclusion).toBe('success')
  })

  test('sees inputs as variables, unknown ones with a warning, and what the runner knows', async () => {
    const mirror = directory({
      'acme/show@v1/action.yml':
        'name: x\ninputs: { some input: { default: "${{ github.repository }}" }, old: { deprecationMessage: use new } }\nruns: { using: node12, main: m.js }\n',
      'acme/show@v1/m.js':
        "for (const n of ['INPUT_SOME_INPUT', 'INPUT_OLD', 'INPUT_X-Y', 'INPUT_X-Y'.toUpperCase(), 'GITHUB_ACTION_REPOSITORY', 'GITHUB_ACTION_REF']) console.log(n + '=' + process.env[n]); console.log('major ' + process.versions.node.split('.')[0])",
    })
    const run = await runSpec(jobSpec('steps: [{ uses: acme/show@v1, with: { old: 1, x-y: 2 } }]'), sources(mirror))
    for (const line of ['INPUT_SOME_INPUT=acme/hello', 'INPUT_OLD=1', 'INPUT_X-Y=2', 'GITHUB_ACTION_REPOSITORY=acme/show', 'GITHUB_ACTION_REF=v1'])
      expect(run.text).toContain(line)
    expect(run.text).toContain("Unexpected input(s) 'x-y', valid inputs are ['some input', 'old']")
    expect(run.text).toContain("Input 'old' has been deprecated with message: use new")
    expect(run.conclusion).toBe('success')
  })
})

describe('where actions come from', () => {
  function project(root: string, name: string, files: Files) {
    const work = tempDir('work')
    writeFiles(work, files)
    git(work, 'init', '--quiet', '--initial-branch=main')
    git(work, 'add', '.')
    git(work, 'commit', '--quiet', '-m', 'one')
    git(work, 'tag', '-a', '-m', 'one', 'v1')
    mkdirSync(dirname(join(root, name)), { recursive: true })
    git(work, 'clone', '--quiet', '--bare', work, join(root, `${name}.git`))
    return { work, commit: git(work, 'rev-parse', 'HEAD'), bare: join(root, `${name}.git`) }
  }
  const echo = (text: string): Files => ({ 'action.yml': `name: E\nruns: { using: composite, steps: [{ shell: sh, run: echo ${text} }] }\n` })

  test('projects here by tag, branch and commit, kept by commit, and it is said when a name has moved', async () => {
    const root = tempDir('git')
    const { work, commit, bare } = project(root, 'actions/echo', echo('first'))
    const over = sources({ kind: 'repositories', dir: root, owners: ['actions'] })
    const steps = jobSpec(`steps: [{ uses: actions/echo@v1 }, { uses: actions/echo@main }, { uses: 'actions/echo@${commit}' }]`)
    const first = await runSpec(steps, over)
    expect(first.text.match(/^first$/gm)).toHaveLength(3)
    expect(first.text).toContain(`Download action repository 'actions/echo@v1' (SHA:${commit})`)
    expect(existsSync(join(over.actions.cache, 'actions', 'echo', commit, 'action.yml'))).toBe(true)
    writeFiles(work, echo('second'))
    git(work, 'commit', '--quiet', '-am', 'two')
    git(work, 'push', '--quiet', bare, 'main')
    const second = await runSpec(steps, over)
    expect(second.text).toContain(`actions/echo@main has moved from ${commit} to ${git(work, 'rev-parse', 'HEAD')}.`)
    expect(second.text.match(/^(first|second)$/gm)).toEqual(['first', 'second', 'first'])
    const pins = JSON.parse(readFileSync(join(over.actions.cache, 'pins.json'), 'utf8')) as Record<string, string>
    expect(pins['actions/echo@v1']).toBe(commit)
  })

  test('projects of owners that are not shared are not there; a built-in action gives way to a source', async () => {
    const root = tempDir('git')
    project(root, 'other/echo', echo('private'))
    project(root, 'actions/checkout', echo('checkout of the source'))
    project(root, 'acme/hello', echo('the own project'))
    const over = sources({ kind: 'repositories', dir: root, owners: ['actions'] })
    const run = await runSpec(jobSpec('steps: [{ uses: actions/checkout@v1 }, { uses: acme/hello@main }]'), over)
    expect(run.text).toContain('\ncheckout of the source')
    expect(run.text).toContain('\nthe own project')
    const refused = await runSpec(
      jobSpec('steps: [{ run: echo begun }, { uses: other/echo@v1 }, { uses: docker/login-action@v3, with: { nothing: 1 } }, { uses: actions/checkout@none }]'),
      over,
    )
    expect(refused.text).not.toContain('begun')
    expect(refused.text).not.toContain('\nprivate')
    expect(refused.text).toMatch(
      /##\[error\]\.github\/workflows\/ci\.yml:6:\d+: uses: other\/echo@v1: it is not one of the actions that are built in, and no source has it \(looked in the projects here\)\./,
    )
    expect(refused.text).toContain('the built-in docker/login-action does not carry with: nothing')
    expect(refused.text).toContain('The project actions/checkout has no branch, tag or commit none.')
    expect(refused.conclusion).toBe('failure')
  })

  test('a remote, where one is configured', async () => {
    const root = tempDir('git')
    const { bare, commit } = project(root, 'far/echo', echo('from afar'))
    git(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
    execFileSync('mv', [bare, join(root, 'far', 'echo')])
    const over = sources({ kind: 'remote', url: `file://${root}` })
    const run = await runSpec(
      jobSpec(`steps: [{ uses: far/echo@v1 }, { uses: far/echo@main }, { uses: 'far/echo@${commit}' }, { uses: ./none, if: false }]`),
      over,
    )
    expect(run.text.match(/^from afar$/gm)).toHaveLength(3)
    execFileSync('mv', [join(root, 'far'), join(root, 'gone')])
    const again = await runSpec(jobSpec('steps: [{ uses: far/echo@v1 }]'), over)
    expect(again.text).toContain('\nfrom afar')
    const none = await runSpec(jobSpec('steps: [{ uses: far/none@v1 }]'), over)
    expect(none.text).toContain('no source has it (looked in file://')
  })
})
