// Zip files made by hand, with what a hostile one holds.

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import yazl from 'yazl'
import { tempDir } from '../../../../test/support/temp.ts'
import { unpackZip, writeZip } from './zip.ts'

/** Names are written as `aaa`, then replaced in the bytes: the writer refuses bad ones. */
async function zipWith(name: string, mode = 0o100644): Promise<string> {
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from('first'), 'good.txt')
  zip.addBuffer(Buffer.from('/etc/passwd'), 'x'.repeat(Buffer.byteLength(name)), { mode })
  zip.end()
  const chunks: Buffer[] = []
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer)
  const file = join(tempDir('zip'), 'a.zip')
  const text = Buffer.concat(chunks)
    .toString('latin1')
    .replaceAll('x'.repeat(Buffer.byteLength(name)), name)
  writeFileSync(file, Buffer.from(text, 'latin1'))
  return file
}

test.each([
  ['../up.txt', undefined],
  ['a/../../up', undefined],
  ['/absolute', undefined],
  ['C:/windows', undefined],
  ['back\\slash', undefined],
  ['nul\0name', undefined],
  ['link-to', 0o120777],
])('%j is refused, and nothing is unpacked', async (name, mode) => {
  const to = join(tempDir('to'), 'inner')
  await expect(unpackZip(await zipWith(name, mode), to)).rejects.toMatchObject({ code: 'archive-refused' })
  expect(existsSync(join(to, 'good.txt'))).toBe(false)
})

test('a link that is there already is not followed', async () => {
  const dir = tempDir('links')
  const outside = tempDir('outside')
  mkdirSync(join(dir, 'to'))
  symlinkSync(outside, join(dir, 'to', 'sub'))
  await expect(unpackZip(await zipWith('sub/f'), join(dir, 'to'))).rejects.toMatchObject({ code: 'archive-refused' })
  expect(existsSync(join(outside, 'f'))).toBe(false)
})

test('what is no zip, or only half of one, is refused', async () => {
  const dir = tempDir('broken')
  writeFileSync(join(dir, 'x'), 'no zip')
  await expect(unpackZip(join(dir, 'x'), join(dir, 'to'))).rejects.toMatchObject({ code: 'archive-refused' })
  const whole = readFileSync(await zipWith('fine'))
  writeFileSync(join(dir, 'y'), whole.subarray(0, whole.length - 30))
  await expect(unpackZip(join(dir, 'y'), join(dir, 'to'))).rejects.toMatchObject({ code: 'archive-refused' })
})

test('files come back as they were', async () => {
  const dir = tempDir('round')
  writeFileSync(join(dir, 'a'), 'text', { mode: 0o755 })
  await writeZip(join(dir, 'a.zip'), [{ file: join(dir, 'a'), name: 'sub/ä.txt' }], 6)
  expect(await unpackZip(join(dir, 'a.zip'), join(dir, 'to'))).toEqual(['sub/ä.txt'])
  expect(readFileSync(join(dir, 'to', 'sub', 'ä.txt'), 'utf8')).toBe('text')
})
