// The adapter speaks to a program as grype is one: the bill on standard input, a report in grype's JSON on standard output.

import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sayFindings } from '@pushway/core/images/scan.ts'
import { expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { createGrype } from './grype.ts'

/** A program that answers a bill with one finding a package, in the severity that the package is named after. */
function program(answer: string): string {
  const file = join(tempDir('grype'), 'grype')
  writeFileSync(
    file,
    `#!${process.execPath}
const bill = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
if (process.argv.slice(2).join(' ') !== '--output json --quiet') process.exit(64)
const matches = bill.packages.map(({ name }) => ({ vulnerability: { id: 'CVE-1', severity: name }, artifact: { name } }))
process.stdout.write(${answer})
`,
  )
  chmodSync(file, 0o755)
  return file
}

const bill = Buffer.from(JSON.stringify({ packages: [{ name: 'Critical' }, { name: 'High' }, { name: 'High' }, { name: 'New' }] }))

test('findings are counted by severity, gravest first in words; a severity that nobody knows is unknown', async () => {
  const found = await createGrype(program(`JSON.stringify({ matches, descriptor: { name: 'grype', version: '0.80.0' } })`)).scan(bill)
  expect(found).toEqual({ scanner: 'grype 0.80.0', counts: { critical: 1, high: 2, unknown: 1 } })
  expect(sayFindings(found)).toBe('1 critical, 2 high, 1 unknown')
  expect(sayFindings({ scanner: 'grype', counts: {} })).toBe('nothing found')
})

test('an answer that is no report, and a program that is not there, are said', async () => {
  await expect(createGrype(program(`'no database'`)).scan(bill)).rejects.toMatchObject({
    code: 'command-failed',
    message: expect.stringContaining('not a report'),
  })
  await expect(createGrype(join(tempDir('none'), 'grype')).scan(bill)).rejects.toMatchObject({ code: 'program-missing' })
})
