// Unpacked images: those that nothing runs from go, and what killed unpackings left.

import { mkdirSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { pruneImageTrees } from './images.ts'

test('only what is in use, what is being unpacked now, and what is not ours stays', async () => {
  const dir = tempDir('trees')
  const [used, unused] = ['a'.repeat(64), 'b'.repeat(64)]
  const names = [`sha256-${used}`, `sha256-${unused}`, `sha256-${unused}.12.34.part`, `sha256-${used}.56.78.part`, `sha256-${used}.gone`, 'notes']
  for (const name of names) mkdirSync(join(dir, name, 'app'), { recursive: true })
  const longAgo = new Date(Date.now() - 2 * 3_600_000)
  utimesSync(join(dir, `sha256-${unused}.12.34.part`), longAgo, longAgo)
  expect(await pruneImageTrees(dir, new Set([`sha256:${used}`]), Date.now())).toBe(1)
  expect(readdirSync(dir).sort()).toEqual(['notes', `sha256-${used}`, `sha256-${used}.56.78.part`])
  expect(await pruneImageTrees(join(dir, 'nothing'), new Set(), Date.now())).toBe(0)
})
