import { existsSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { spoolFiles } from '../util/job-spool.ts'
import { openSpool } from './spool-writer.ts'

test('lines are on disk within moments, reports at once and after the lines before them', async () => {
  const dir = tempDir('spool')
  const files = spoolFiles(dir)
  const spool = openSpool(dir, () => undefined)
  spool.lines(0, ['one', 'two "quoted"'])
  expect(readFileSync(files.log, 'utf8')).toBe('')
  await sleep(100)
  expect(
    readFileSync(files.log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).text),
  ).toEqual(['one', 'two "quoted"'])
  spool.lines(0, ['three'])
  spool.report({ type: 'finished', at: 1, conclusion: 'success', outputs: {} })
  expect(readFileSync(files.log, 'utf8')).toContain('three')
  expect(JSON.parse(readFileSync(files.reports, 'utf8'))).toMatchObject({ type: 'finished' })
  spool.close()
})

test.skipIf(!existsSync('/dev/full'))('a full disk is told once, and the job goes on (Linux only)', () => {
  const dir = tempDir('spool')
  symlinkSync('/dev/full', spoolFiles(dir).log)
  const problems: string[] = []
  const spool = openSpool(dir, (problem) => problems.push(problem))
  spool.lines(0, ['one'])
  spool.flush()
  spool.lines(0, ['two'])
  spool.flush()
  expect(problems).toEqual(['There is no space left on the device for the log of the job.'])
  spool.close()
  rmSync(spoolFiles(dir).log)
})
