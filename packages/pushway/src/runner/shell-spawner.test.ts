// Processes of jobs on this machine, started from the small shell: as if they were started directly.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../test/support/job.ts'
import { needsLinux } from '../../../../test/support/needs.ts'
import { tempDir } from '../../../../test/support/temp.ts'

describe('steps', () => {
  test('have exactly their variables, whatever is in them, and none of the step before', async () => {
    const run = await runSpec(
      jobSpec(`
        steps:
          - env: { QUOTED: "it's \\"so\\" $HOME \`x\` \\\\ é", LINES: "a\\nb", ONLY_HERE: "1" }
            run: printf '[%s]' "$QUOTED" "$LINES" "$ONLY_HERE"; echo
          - run: echo "gone <$ONLY_HERE> <$LINES>"; env | grep -c '^OLDPWD=' || true
          - env: { WITH-DASH: odd, BASH_ENV: /dev/null }
            shell: python3 {0}
            run: |
              import os
              print('odd', os.environ['WITH-DASH'], os.environ['BASH_ENV'])
      `),
    )
    expect(run.text).toContain('[it\'s "so" $HOME `x` \\ é][a\nb][1]')
    expect(run.text).toContain('gone <> <>\n0')
    expect(run.text).toContain('odd odd /dev/null')
    expect(run.conclusion).toBe('success')
  })

  test('end with their own codes, by signals too; output of both streams is in order', async () => {
    const run = await runSpec(
      jobSpec(`
        steps:
          - { run: exit 42, continue-on-error: true }
          - { run: 'kill -KILL $$', continue-on-error: true }
          - { run: 'kill -TERM $$', continue-on-error: true }
          - run: for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; done; echo last > /dev/stdout
          - { run: 'yes | head -n 1; test "\${PIPESTATUS[0]}" = 141; trap', shell: 'bash --noprofile --norc -e {0}' }
          - run: test "$(ps -o pgid= -p $$ | tr -d ' ')" = "$$" && test ! -t 0 && cat && echo "own group, no input"
      `),
    )
    for (const code of [42, 137, 143]) expect(run.text).toContain(`Process completed with exit code ${code}.`)
    expect(run.text).toContain('out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\nlast')
    expect(run.text).toContain('own group, no input')
    expect(run.conclusion).toBe('success')
  })

  test('that end the shell they come from fail, and the next one runs', async () => {
    const run = await runSpec(jobSpec(`steps: [{ run: 'kill -KILL $PPID; sleep 1', continue-on-error: true }, { run: echo goes on }]`))
    expect(run.text).toContain('nobody knows how this one ended')
    expect(run.text).toContain('goes on')
    expect(run.conclusion).toBe('success')
  })

  test.skipIf(needsLinux().skip)('leave nothing running at the end, however it hides (Linux only)', async () => {
    const file = join(tempDir('left'), 'pids')
    const run = await runSpec(
      jobSpec(`
        steps:
          - run: |
              setsid sh -c 'echo $$ >> ${file}; sleep 600' > /dev/null 2>&1 &
              (setsid sh -c '(trap "" TERM HUP INT; echo $$ >> ${file}; exec -a innocent sleep 600) & ' &)
              until [ "$(wc -l < ${file} 2>/dev/null)" = 2 ]; do sleep 0.05; done
          - run: for pid in $(cat ${file}); do kill -0 $pid; done; echo both still run
      `),
    )
    expect(run.text).toContain('both still run')
    expect(run.conclusion).toBe('success')
    const alive = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .filter((pid) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')))
    expect(alive).toEqual([])
  })
})
