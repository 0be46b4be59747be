import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { parseWorkflow } from './parse.ts'

const seed = readFileSync(new URL('../../../../examples/hello/.github/workflows/ci-cd.yml', import.meta.url), 'utf8')

const findings = (text: string) => parseWorkflow('ci.yml', text).diagnostics.map(formatDiagnostic)
const job = (lines: string) => `on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n${lines}\n`
const steps = '    steps: [{ run: echo }]'

describe('the seed workflow', () => {
  const { value, diagnostics } = parseWorkflow('.github/workflows/ci-cd.yml', seed)

  test('is taken without a finding', () => {
    expect(diagnostics).toEqual([])
    expect(value?.name).toBe('CI/CD Pipeline')
    expect(value?.on).toMatchObject([
      { event: 'push', branches: { include: ['main', 'develop'] } },
      { event: 'pull_request', branches: { include: ['main'] } },
    ])
    expect(value?.env.map(([name, template]) => [name, template.value])).toEqual([
      ['REGISTRY', 'ghcr.io'],
      ['IMAGE_NAME', '${{ github.repository }}'],
    ])
  })

  test('keeps jobs, needs, conditions, environments, steps and places', () => {
    expect(value?.jobs.map((j) => [j.id, j.needs, j.if?.value, j.environment?.name.value, j.steps.length])).toEqual([
      ['test', [], undefined, undefined, 6],
      ['build', ['test'], undefined, undefined, 3],
      ['deploy-staging', ['build'], "github.ref == 'refs/heads/develop'", 'staging', 1],
      ['deploy-prod', ['build'], "github.ref == 'refs/heads/main'", 'production', 1],
    ])
    const build = value?.jobs[1]
    expect(build?.outputs.map(([name, t]) => [name, t.value])).toEqual([['image', '${{ steps.image.outputs.image }}']])
    expect(build?.steps[2]).toMatchObject({ kind: 'run', id: 'image', name: { value: 'Build and push Docker image' } })
    expect(value?.jobs[0]?.steps[1]).toMatchObject({
      kind: 'uses',
      uses: 'actions/setup-node@v3',
      with: [
        ['node-version', { value: '18' }],
        ['cache', { value: 'npm' }],
      ],
    })
    expect(value?.jobs[0]?.at).toMatchObject({ file: '.github/workflows/ci-cd.yml', column: 3 })
  })
})

describe('every key that is honoured', () => {
  const text = readFileSync(new URL('../../../../test/golden/workflows/everything.yml', import.meta.url), 'utf8')
  const { value, diagnostics } = parseWorkflow('everything.yml', text)

  test('arrives in the workflow', () => {
    expect(diagnostics.map(formatDiagnostic)).toEqual([])
    expect(value?.runName?.value).toBe('Deploy by ${{ github.actor }}')
    expect(value?.defaults).toMatchObject({ shell: { value: 'bash' }, workingDirectory: { value: 'app' } })
    expect(value?.on).toMatchObject([
      { event: 'push', branches: { exclude: ['wip/**'] }, tags: { include: ['v*'] }, paths: { include: ['src/**', '!src/docs/**'] } },
      { event: 'pull_request', types: ['opened'], branches: { include: ['main'] }, paths: { exclude: ['docs/**'] } },
      {
        event: 'workflow_dispatch',
        inputs: [
          { name: 'level', type: 'choice', required: true, default: 'info', options: ['info', 'debug'] },
          { name: 'dry', type: 'boolean', required: false, default: 'false' },
          { name: 'count', type: 'number', required: false },
        ],
      },
      { event: 'workflow_call', inputs: [{ name: 'url', type: 'string', required: true }] },
      { event: 'deployment_status' },
    ])
  })

  test('of jobs and steps too', () => {
    const [first, second] = value?.jobs ?? []
    expect(first).toMatchObject({
      name: { value: 'All of it' },
      runsOn: ['self-hosted', 'linux'],
      timeoutMinutes: { value: '5' },
      continueOnError: { value: 'true' },
      defaults: { shell: { value: 'sh' } },
      environment: { name: { value: '${{ vars.TARGET }}' }, url: { value: 'https://${{ env.HOST }}' } },
    })
    expect(first?.steps[0]).toMatchObject({
      kind: 'run',
      id: 'one',
      if: { value: 'always()' },
      shell: { value: 'perl {0}' },
      workingDirectory: { value: 'sub' },
      continueOnError: { value: 'true' },
      timeoutMinutes: { value: '1' },
      run: { value: 'echo one\necho two\n' },
    })
    expect(first?.steps[1]).toMatchObject({
      kind: 'uses',
      uses: 'Docker/Login-Action@v2',
      with: [
        ['registry', { value: 'ghcr.io' }],
        ['username', { value: '' }],
      ],
    })
    expect(second).toMatchObject({ needs: ['first'], if: { value: '${{ success() }}' } })
  })
})

describe('what is not carried is refused by name and line', () => {
  test.each([
    ['on: [push, issues]\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }', '1:12', '`on: issues`'],
    [job(`    environment: { name: a, deployment: false }\n${steps}`), '5:29', '`deployment: false`'],
    [job(`    snapshot: my-image\n${steps}`), '5:5', '`snapshot`'],
    [job(`    cancel-timeout-minutes: 1\n${steps}`), '5:5', '`cancel-timeout-minutes`'],
    [job('    steps:\n      - run: x\n        background: true'), '7:9', '`background`'],
    [job('    steps:\n      - id: a\n        run: x\n      - wait: a'), '8:9', '`wait`'],
    [job('    steps:\n      - wait-all:'), '6:9', '`wait-all`'],
    [job('    steps:\n      - cancel: a'), '6:9', '`cancel`'],
    [job('    steps:\n      - parallel: [{ run: x }]'), '6:9', '`parallel`'],
  ])('%s', (text, place, keyword) => {
    const found = findings(text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`ci.yml:${place}: error: ${keyword} is not supported yet.`)
    expect(found[0]).toContain('(keyword-not-yet)')
  })
})

test('actions of any name are taken; what a built-in one does not carry is a warning', () => {
  const taken = parseWorkflow('ci.yml', job('    steps: [{ uses: ./my-action }, { uses: a/b/c@v1 }, { uses: a/b@0123456789012345678901234567890123456789 }]'))
  expect(taken.diagnostics).toEqual([])
  const input = parseWorkflow('ci.yml', job('    steps:\n      - uses: actions/checkout@v3\n        with: { ssh-key: x }'))
  expect(input.value).toBeDefined()
  expect(input.diagnostics).toMatchObject([{ severity: 'warning', code: 'input-not-yet', at: { line: 7, column: 17 } }])
  const bad = findings(job('    steps: [{ uses: a/b }, { uses: ../up }, { uses: a/b@-x }, { uses: a/../c@v1 }, { uses: a/b/../c@v1 }]'))
  expect(bad).toHaveLength(5)
  expect(bad.every((line) => line.includes('(uses-invalid)'))).toBe(true)
})

test('merge keys are refused, as on GitHub', () => {
  const found = findings(job('    env: &e { A: 1 }\n    steps:\n      - run: x\n        env: { <<: *e, B: 2 }'))
  expect(found.join('\n')).toContain('ci.yml:8:16: error: `<<` is not supported yet')
})

describe('mistakes', () => {
  test.each([
    ['', '1:1', 'is empty'],
    ['\uFEFF', '1:1', 'is empty'],
    ['a: [', '1:5', 'yaml-syntax'],
    ['on: push\njobs:\n\ta: 1', '3:1', 'A tab'],
    ['on: push\n---\non: push', '2:1', 'several documents'],
    ['hello', '1:1', 'not allowed here'],
    ['\0', '1:1', 'NUL'],
    [`#${'x'.repeat(600_000)}`, '1:1', 'Split it'],
    [`a: ${'['.repeat(20_000)}`, '1:', 'nested too deeply'],
    ['a: &a [*a]', '1:1', 'aliases'],
    [`a: &a [1,2,3,4,5,6,7,8,9]\n${[...'bcdefgh'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefg'[i]}`)}]`).join('\n')}`, '1:1', 'aliases'],
    [job('    steps:\n      - run: *gone'), '6:14', 'names an anchor'],
    ['on: push\njobs: {}', '2:1', 'no jobs'],
    ['on: pusch\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }', '1:5', '`pusch` is not allowed'],
    ['on: push\njobs:\n  a:\n    steps: [{ run: a }]', '4:5', '`runs-on` is required'],
    [job(''), '3:3', 'has no steps'],
    [job('    steps:\n      - name: nothing'), '6:9', 'error'],
    [job(`    needs: [b]\n${steps}`), '5:13', 'there is no such job'],
    [job(`    needs: a\n${steps}`), '5:12', 'wait for each other: a → a'],
    [job(`    if: secrets.X == 'y'\n${steps}`), '5:9', 'Unrecognized named-value'],
    [job(`    if: hashFiles('x') == 'y'\n${steps}`), '5:9', 'Unrecognized function'],
    [job('    steps:\n      - run: x\n        if: nope()'), '7:13', 'Unrecognized function'],
    [job('    steps:\n      - run: echo ${{ github.x'), '6:14', 'not closed'],
    [job('    env:\n      A: ${{ steps.x }}\n    steps: [{ run: a }]'), '6:10', 'Unrecognized named-value'],
    [job('    steps:\n      - { id: a, run: x }\n      - { id: A, run: x }'), '7:9', 'have the id `A`'],
    [job('    steps:\n      - { id: 1a, run: x }'), '6:9', "can't be the id"],
    [job(`    strategy: { matrix: { v: [] } }\n${steps}`), '5:27', '`v` has no values'],
    [job(`    strategy: { matrix: {} }\n${steps}`), '5:17', 'no dimension'],
    [job(`    strategy: { matrix: { v: [1], exclude: [{ w: 1 }] } }\n${steps}`), '5:47', '`w` is no dimension'],
    [job('    strategy: { matrix: { v: "${{ steps.x }}" } }\n    steps: [{ run: a }]'), '5:31', 'Unrecognized named-value'],
    [job(`    concurrency: { group: x, queue: max, cancel-in-progress: true }\n${steps}`), '5:42', 'does not go with'],
    ['on: { push: { branches: [a], branches-ignore: [b] } }\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }', '1:30', "can't be used together"],
    ["on: { push: { branches: ['!a'] } }\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }", '1:25', 'nothing can match'],
    ["on: { push: { tags: ['v[1'] } }\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }", '1:22', 'without a'],
    ['on: { workflow_dispatch: { inputs: { a: { type: choice } } } }\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }', '1:38', 'without `options`'],
  ])('%#: %j', (text, place, problem) => {
    const found = findings(text)
    expect(found.length).toBeGreaterThan(0)
    expect(parseWorkflow('ci.yml', text).value).toBeUndefined()
    expect(
      found.some((line) => line.includes(`ci.yml:${place}`) && line.includes(problem)),
      found.join('\n'),
    ).toBe(true)
  })

  test('all are found at once, in the order of the file, each place once', () => {
    const found = findings(
      job('    needs: [b, c]\n    if: nope()\n    steps:\n      - run: ${{ what.x }}\n      - uses: a/b\n      - run: x\n        shell: zsh'),
    )
    expect(found.map((line) => line.split(': ')[0])).toEqual(['ci.yml:5:13', 'ci.yml:5:16', 'ci.yml:6:9', 'ci.yml:8:14', 'ci.yml:9:15', 'ci.yml:11:16'])
  })

  test('text around an expression in a condition is a warning, and the workflow is taken', () => {
    const parsed = parseWorkflow('ci.yml', job(`    if: x \${{ false }}\n${steps}`))
    expect(parsed.value).toBeDefined()
    expect(parsed.diagnostics).toMatchObject([{ severity: 'warning', code: 'condition-always-true' }])
  })

  test('CRLF, a byte order mark and anchors change nothing', () => {
    const plain = parseWorkflow('ci.yml', seed).value
    expect(parseWorkflow('ci.yml', `\uFEFF${seed.replaceAll('\n', '\r\n')}`).value).toEqual(plain)
    const anchored = parseWorkflow('ci.yml', job('    env: &e { A: 1.10 }\n    steps:\n      - { run: x, env: *e }')).value
    expect(anchored?.jobs[0]?.steps[0]?.env.map(([name, t]) => [name, t.value])).toEqual([['A', '1.1']])
  })

  test('never throws, whatever the text', () => {
    const words = fc.constantFrom(
      'on: push\n',
      'jobs:\n',
      '  a:\n',
      '    runs-on: x\n',
      '    steps:\n',
      '      - run: ',
      '${{',
      '}}',
      '*a',
      '&a ',
      '- ',
      ': ',
      '\t',
      '[',
      '{',
      "'",
      '"',
      '!!binary ',
      '? ',
      '<<: ',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 25 }).map((parts) => parts.join('')),
        ),
        (text) => Array.isArray(parseWorkflow('f.yml', text).diagnostics),
      ),
    )
  })
})
