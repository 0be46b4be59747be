// Jobs run with real shells: GitHub's step semantics.

import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../test/support/job.ts'
import { tempDir } from '../../../../test/support/temp.ts'

describe('the steps of a job', () => {
  test('hand on outputs, variables and paths through the command files', async () => {
    const run = await runSpec(
      jobSpec(`
        env: { LEVEL: job }
        outputs: { image: '\${{ steps.a.outputs.image }}', many: '\${{ steps.a.outputs.many }}' }
        steps:
          - id: a
            env: { LEVEL: step }
            run: |
              echo "level $LEVEL, expression \${{ env.LEVEL }}"
              echo "image=app:1" >> $GITHUB_OUTPUT
              printf 'many<<END\\none\\ntwo\\nEND\\n' >> "$GITHUB_OUTPUT"
              echo "ADDED=yes" >> $GITHUB_ENV
              mkdir -p tools; printf '#!/bin/sh\\necho tool runs\\n' > tools/mytool; chmod +x tools/mytool
              echo "$PWD/tools" >> $GITHUB_PATH
              echo '# Summary' >> $GITHUB_STEP_SUMMARY
          - run: |
              echo "added $ADDED, level $LEVEL, \${{ steps.a.outputs.image }} \${{ steps.a.conclusion }}"
              mytool
      `),
    )
    expect(run.conclusion).toBe('success')
    expect(run.outputs).toEqual({ image: 'app:1', many: 'one\ntwo' })
    expect(run.text).toContain('level step, expression step')
    expect(run.text).toContain('added yes, level job, app:1 success')
    expect(run.text).toContain('tool runs')
  })

  test("have GitHub's environment and none of the server's", async () => {
    process.env.PUSHWAY_ADMIN_PASSWORD = 'hidden-password'
    try {
      const run = await runSpec(
        jobSpec(`steps: [{ run: 'env; cat $GITHUB_EVENT_PATH; test "$PWD" = "$GITHUB_WORKSPACE" && test -d "$HOME" && test -d "$RUNNER_TEMP"' }]`),
      )
      expect(run.conclusion).toBe('success')
      for (const line of [
        'GITHUB_REPOSITORY=acme/hello',
        'GITHUB_ACTIONS=true',
        'CI=true',
        'GITHUB_REF=refs/heads/main',
        'GITHUB_SHA=',
        'RUNNER_OS=',
        'GITHUB_JOB=test',
        '{"x":1}',
      ])
        expect(run.text).toContain(line)
      expect(run.text).not.toContain('hidden-password')
    } finally {
      delete process.env.PUSHWAY_ADMIN_PASSWORD
    }
  })

  test('fail, are skipped, allowed to fail, and still run with always() and failure()', async () => {
    const run = await runSpec(
      jobSpec(`
        steps:
          - { name: allowed, id: soft, continue-on-error: true, run: exit 3 }
          - { name: outcome, run: 'echo "\${{ steps.soft.outcome }} \${{ steps.soft.conclusion }}"' }
          - { name: pipe, run: 'false | true' }
          - { name: fails, shell: bash, run: 'false | true' }
          - { name: skipped, run: echo no }
          - { name: on failure, if: failure(), run: echo it failed }
          - { name: always, if: always(), run: 'echo status \${{ job.status }}' }
      `),
    )
    expect(run.conclusion).toBe('failure')
    expect(run.steps).toEqual({
      allowed: 'success',
      outcome: 'success',
      pipe: 'success',
      fails: 'failure',
      skipped: 'skipped',
      'on failure': 'success',
      always: 'success',
    })
    expect(run.text).toContain('failure success')
    expect(run.text).toContain('status failure')
    expect(run.text).toContain('##[error]Process completed with exit code 1.')
  })

  test('use the shell, the working directory and the defaults that they name', async () => {
    const run = await runSpec(
      jobSpec(`
        defaults: { run: { shell: sh } }
        steps:
          - { run: 'mkdir sub; echo "flags $-"' }
          - { shell: 'bash {0}', working-directory: sub, run: 'false; echo "in $PWD"' }
          - { working-directory: none, continue-on-error: true, run: echo }
          - { shell: "\${{ 'nosuchshell' }}", continue-on-error: true, run: echo }
          - { shell: 'nosuchprogram {0}', continue-on-error: true, run: echo }
      `),
    )
    expect(run.text).toMatch(/flags e/)
    expect(run.text).toMatch(/in .*\/sub\n/)
    expect(run.text).toContain('The working-directory none does not exist.')
    expect(run.text).toContain('The shell "nosuchshell" is none of bash, sh, python, pwsh')
    expect(run.text).toContain("The program nosuchprogram of the step's shell is not on this machine.")
    expect(run.conclusion).toBe('success')
  })

  test('may write to /dev/stderr and keep both streams in order', async () => {
    const run = await runSpec(jobSpec(`steps: [{ run: 'for i in 1 2 3; do echo out$i; echo err$i >/dev/stderr; done; echo end | tee /dev/stderr' }]`))
    expect(run.conclusion).toBe('success')
    expect(run.lines.map((line) => line.text).filter((text) => /^(out|err)\d|^end/.test(text))).toEqual([
      'out1',
      'err1',
      'out2',
      'err2',
      'out3',
      'err3',
      'end',
      'end',
    ])
  })

  test('obey workflow commands, and refuse the old ones', async () => {
    const run = await runSpec(
      jobSpec(`
        outputs: { leak: '\${{ steps.m.outputs.leak }}', old: '\${{ steps.m.outputs.old }}' }
        steps:
          - id: m
            run: |
              echo "::add-mask::topsecretvalue"
              echo "it is topsecretvalue"
              echo "::group::Build"; echo "::endgroup::"
              echo "::error file=a.js,line=3::broken%0Ahere"
              echo "::stop-commands::tok"; echo "::warning::not now"; echo "::tok::"
              echo "::set-output name=old::1"
              echo "leak=topsecretvalue" >> $GITHUB_OUTPUT
          - { continue-on-error: true, name: old, run: 'echo "::set-env name=A::1"' }
          - { continue-on-error: true, name: node options, run: 'echo "NODE_OPTIONS=--require x" >> $GITHUB_ENV' }
          - { continue-on-error: true, name: bad file, run: 'echo nonsense >> $GITHUB_OUTPUT' }
          - { run: 'echo "A=$A N=$NODE_OPTIONS"' }
      `),
    )
    expect(run.text).toContain('it is ***')
    expect(run.lines.some((line) => line.text === '::warning::not now')).toBe(true)
    expect(run.text).toContain('##[group]Build')
    expect(run.text).toContain('##[error]a.js:3: broken\nhere')
    expect(run.text).toContain("Can't store NODE_OPTIONS")
    expect(run.text).toContain("Invalid format 'nonsense'")
    expect(run.text).toContain('A= N=')
    expect(run.outputs).toEqual({ old: '1' })
    expect(run.text).toContain("Skip output 'leak' since it may contain secret.")
  })

  test('never show secrets, in any encoding', async () => {
    const secret = 'p@ss w0rd/"quoted"'
    const run = await runSpec(
      jobSpec(
        `
        steps:
          - env: { S: '\${{ secrets.KEY }}' }
            run: |
              echo "plain $S"
              printf 'b64 %s\\n' "$(printf %s "$S" | base64)"
              printf 'b64 %s\\n' "$(printf 'user:%s' "$S" | base64)"
              printf 'quoted %q\\n' "$S"
              node -e 'console.log(encodeURIComponent(process.env.S), JSON.stringify(process.env.S))'
      `,
        { contexts: { secrets: { KEY: secret } } },
      ),
    )
    expect(run.conclusion).toBe('success')
    expect(run.text).not.toContain('w0rd')
    expect(run.text).not.toContain(Buffer.from(secret).toString('base64').slice(2, -4))
    expect(run.text).not.toContain(Buffer.from(`user:${secret}`).toString('base64').slice(10, -4))
    expect(run.text).toContain('plain ***')
  })

  test('survive a flood, long lines, broken bytes and NULs', async () => {
    const run = await runSpec(jobSpec(`steps: [{ run: 'seq 1 100000; head -c 3000000 /dev/zero | tr "\\\\0" x; echo; printf "bad \\\\377\\\\000 end\\\\n"' }]`))
    expect(run.conclusion).toBe('success')
    expect(run.lines.filter((line) => /^\d+$/.test(line.text))).toHaveLength(100_000)
    const long = run.lines.find((line) => line.text.startsWith('xxx'))?.text ?? ''
    expect(long.length).toBeLessThan(1_050_000)
    expect(long).toMatch(/… \(cut: the line has 3000000 bytes\)$/)
    expect(run.text).toContain('bad \uFFFD end')
  })
})

describe('the end of a job', () => {
  test('a step over its time limit fails, and later cleanup still runs', async () => {
    const run = await runSpec(jobSpec(`steps: [{ name: slow, timeout-minutes: 0.005, run: sleep 60 }, { name: after, if: always(), run: echo cleaned }]`))
    expect(run.steps).toEqual({ slow: 'failure', after: 'success' })
    expect(run.text).toContain("##[error]The action 'slow' has timed out after 0.005 minutes.")
  })

  test('a job over its time limit ends as timed_out', async () => {
    const run = await runSpec(jobSpec(`steps: [{ name: slow, run: sleep 60 }, { name: after, run: echo no }]`, { timeoutMs: 400 }))
    expect(run.conclusion).toBe('timed_out')
    expect(run.steps).toEqual({ slow: 'cancelled', after: 'skipped' })
    expect(run.problem).toMatch(/longer than its limit/)
  })

  test('cancel asks first, runs what says always(), and ends as cancelled', async () => {
    const cancel = new AbortController()
    const run = await runSpec(
      jobSpec(
        `steps: [{ name: a, run: 'trap "echo asked; exit 9" INT; echo up; while :; do sleep 0.05; done' }, { name: b, run: echo no }, { name: c, if: always(), run: 'echo last \${{ job.status }}' }]`,
      ),
      {},
      { cancel: cancel.signal, onLine: (text) => text === 'up' && cancel.abort() },
    )
    expect(run.conclusion).toBe('cancelled')
    expect(run.steps).toEqual({ a: 'cancelled', b: 'skipped', c: 'success' })
    expect(run.text).toContain('asked')
    expect(run.text).toContain('last cancelled')
  })

  test('force kills at once and runs nothing more', async () => {
    const force = new AbortController()
    const startedAt = Date.now()
    const run = await runSpec(
      jobSpec(`steps: [{ name: a, run: 'trap "" INT TERM; echo up; while :; do sleep 0.05; done' }, { name: c, if: always(), run: echo last }]`),
      {},
      { force: force.signal, onLine: (text) => text === 'up' && force.abort() },
    )
    expect(run.conclusion).toBe('cancelled')
    expect(run.steps).toEqual({ a: 'cancelled' })
    expect(Date.now() - startedAt).toBeLessThan(5000)
  })

  test.skipIf(process.platform !== 'linux')('a service of one step serves the next, and nothing is left at the end (Linux only)', async () => {
    const file = `${tempDir('alive')}/alive`
    const run = await runSpec(
      jobSpec(`
        steps:
          - run: |
              (while :; do date +%s%N > ${file}; sleep 0.05; done) &
              setsid sh -c 'while :; do date > ${file}.2; sleep 0.05; done' >/dev/null 2>&1 &
              sleep 0.2
          - run: for i in 1 2 3 4 5 6 7 8 9; do test -s ${file} && exit 0; sleep 0.03; done; exit 1
      `),
    )
    expect(run.conclusion).toBe('success')
    expect(existsSync(file)).toBe(true)
    const [one, two] = [readFileSync(file, 'utf8'), readFileSync(`${file}.2`, 'utf8')]
    await sleep(1200)
    expect([readFileSync(file, 'utf8'), readFileSync(`${file}.2`, 'utf8')]).toEqual([one, two])
  })
})
