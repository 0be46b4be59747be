// What a step must not be able to do: show a secret anywhere, or give later steps what GitHub's runner would refuse.

import { describe, expect, test } from 'vitest'
import { type JobRun, jobSpec, runSpec } from '../../../../test/support/job.ts'

describe('a secret', () => {
  const secret = '{not-json: but-secret}'
  const contexts = { secrets: { KEY: secret }, github: { token: secret } }
  const texts = ['not-json', 'but-secret', Buffer.from(secret).toString('base64')]

  function expectHidden(run: JobRun): string {
    const shown = JSON.stringify([run.reports, run.lines, run.problem, run.outputs])
    for (const text of texts) expect(shown.includes(text), text).toBe(false)
    return shown
  }

  test('is not in annotations, their titles and files, nor in names of steps', async () => {
    const steps = `
      steps:
        - name: says \${{ secrets.KEY }}
          env: { S: '\${{ secrets.KEY }}' }
          run: |
            echo "::error file=$S.js,title=of $S::with $S"
            echo "::warning::$(printf %s "$S" | base64)"
            echo "::notice::$(printf 'x%.0s' $(seq 1 65530))$S"
    `
    const run = await runSpec(jobSpec(steps, { contexts }))
    expectHidden(run)
    expect(run.steps).toEqual({ 'says ***': 'success' })
    const annotations = run.reports.filter((report) => report.type === 'annotation')
    expect(annotations[0]).toMatchObject({ message: 'with ***', title: 'of ***', file: '***.js' })
    expect(annotations).toHaveLength(3)
  })

  test.each([
    ['an expression of a step', `steps: [{ run: 'true', env: { A: '\${{ fromJSON(secrets.KEY).a }}' } }]`],
    ['a condition', `steps: [{ run: 'true', if: "\${{ fromJSON(format('{0}', github.token)) }}" }]`],
    ['a working directory', `steps: [{ run: 'true', working-directory: '\${{ secrets.KEY }}' }]`],
    ["the job's environment", `env: { A: '\${{ fromJSON(secrets.KEY).a }}' }\nsteps: [{ run: 'true' }]`],
    [
      'outputs',
      `outputs: { o: '\${{ steps.s.outputs.o }}' }\nsteps: [{ id: s, run: 'echo "o=$S" >> $GITHUB_OUTPUT; exit 1', env: { S: '\${{ secrets.KEY }}' } }]`,
    ],
  ])('is not in what is said of a mistake in %s', async (_where, job) => {
    const run = await runSpec(jobSpec(job, { contexts }))
    expect(run.conclusion).toBe('failure')
    expectHidden(run)
  })

  test('that a step adds to the masks is hidden from then on, each line of it', async () => {
    const steps = `
      steps:
        - name: adds
          run: |
            first="{not-$(echo json)}"; second="but-$(echo secret)}"
            printf '::add-mask::%s%%0A%s\\n' "$first" "$second"
            echo "::error title=$first::$second"
            echo "::group::$second"
            echo "encoded $(printf %s "$second" | base64)"
        - { name: later, run: 'echo "and but-$(echo secret)} later"' }
    `
    const run = await runSpec(jobSpec(steps))
    expectHidden(run)
    expect(run.text).toContain('encoded ***')
    expect(run.text).toContain('and *** later')
    expect(run.reports.find((report) => report.type === 'annotation')).toMatchObject({ message: '***', title: '***' })
  })
})

describe('GITHUB_ENV', () => {
  test.each([
    ['a delimiter that does not come', 'A<<EOF\\nvalue\\n', "Matching delimiter not found 'EOF'"],
    ['NODE_OPTIONS', 'NODE_OPTIONS=--require /tmp/x\\n', "Can't store NODE_OPTIONS"],
    ['node_options in a block', 'node_options<<E\\n--require x\\nE\\n', "Can't store node_options"],
    ['a line that is no entry', 'A=1\\nnonsense\\n', "Invalid format 'nonsense'"],
    ['no name', '=1\\n', 'Name must not be empty'],
  ])('refuses %s: the step fails, and nothing of the file is taken', async (_what, text, problem) => {
    const run = await runSpec(
      jobSpec(`
        steps:
          - { id: writes, continue-on-error: true, run: 'printf "${text}" >> "$GITHUB_ENV"' }
          - { if: "steps.writes.outcome == 'failure'", run: 'echo "A=<$A> N=<$NODE_OPTIONS$node_options>"' }
      `),
    )
    expect(run.text).toContain(problem)
    expect(run.text).toContain('A=<> N=<>')
  })

  test('splits a name at its first =, keeps what a value says, and never replaces what the runner sets', async () => {
    const run = await runSpec(
      jobSpec(`
        steps:
          - run: |
              echo 'A=B=C<<D' >> $GITHUB_ENV
              printf 'V<<END_1\\nEVIL=1\\nNODE_OPTIONS=x\\nEND\\nEND_1\\n' >> $GITHUB_ENV
              echo 'GITHUB_SHA=forged' >> $GITHUB_ENV
              echo 'RUNNER_TEMP=/forged' >> $GITHUB_ENV
          - run: echo "A=<$A> EVIL=<$EVIL> N=<$NODE_OPTIONS> V=<$V>"; echo "$GITHUB_SHA $RUNNER_TEMP"
      `),
    )
    expect(run.conclusion).toBe('success')
    expect(run.text).toContain('A=<B=C<<D> EVIL=<> N=<> V=<EVIL=1\nNODE_OPTIONS=x\nEND>')
    expect(run.lines.at(-1)?.text).toMatch(new RegExp(`^${'a'.repeat(40)} `))
    expect(run.lines.at(-1)?.text).not.toContain('forged')
  })
})
