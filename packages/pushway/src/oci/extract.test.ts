// Archives that mean harm: nothing is written outside, and nothing unpacks without end.

import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { Header } from 'tar'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { gunzipBounded } from './bounded.ts'
import { extractArchive } from './extract.ts'
import { resolveInside } from './resolve-inside.ts'

interface Raw {
  readonly path: string
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO'
  readonly linkpath?: string
  readonly mode?: number
  readonly text?: string
}

/** An archive as it is written, without anybody's good sense. */
function raw(entries: readonly Raw[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath, mode = 0o644, text = '' }) => {
    const body = Buffer.from(text)
    const header = new Header({ path, type, mode, size: body.length, uid: 1, gid: 2, mtime: new Date(0), ...(linkpath === undefined ? {} : { linkpath }) })
    const block = Buffer.alloc(512)
    header.encode(block, 0)
    return [block, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** A root with a neighbour that nobody may touch. */
function makeRoot(): { root: string; outside: string } {
  const dir = tempDir('extract')
  const root = join(dir, 'root')
  const outside = join(dir, 'outside')
  for (const path of [root, outside]) mkdirSync(path)
  writeFileSync(join(outside, 'file'), 'untouched')
  return { root, outside }
}

const extract = (root: string, entries: readonly Raw[], whiteouts = true) =>
  extractArchive(Readable.from([raw(entries)]), { root, name: 'the layer', whiteouts })

describe('what leads out is refused', () => {
  test.each<[string, readonly Raw[]]>([
    ['..', [{ path: '../outside/file', text: 'x' }]],
    ['.. inside a path', [{ path: 'a/../../outside/file', text: 'x' }]],
    ['an absolute path', [{ path: '/etc/passwd', text: 'x' }]],
    ['a hard link out', [{ path: 'l', type: 'Link', linkpath: '../outside/file' }]],
    ['a hard link to nothing', [{ path: 'l', type: 'Link', linkpath: 'missing' }]],
    [
      'a hard link through a link',
      [
        { path: 'd', type: 'SymbolicLink', linkpath: '../outside' },
        { path: 'l', type: 'Link', linkpath: 'd/file' },
      ],
    ],
    ['a device', [{ path: 'dev', type: 'CharacterDevice' }]],
    ['a pipe', [{ path: 'pipe', type: 'FIFO' }]],
    [
      'a circle of links',
      [
        { path: 'a', type: 'SymbolicLink', linkpath: 'b' },
        { path: 'b', type: 'SymbolicLink', linkpath: 'a' },
        { path: 'a/f', text: 'x' },
      ],
    ],
    [
      'a file as a folder',
      [
        { path: 'f', text: 'x' },
        { path: 'f/g', text: 'y' },
      ],
    ],
    ['a whiteout of ..', [{ path: '.wh...' }]],
  ])('%s', async (_, entries) => {
    const { root, outside } = makeRoot()
    await expect(extract(root, entries)).rejects.toMatchObject({ code: 'image-invalid' })
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('untouched')
  })
})

describe('links are followed inside the root only', () => {
  test.each([['/outside'], ['../outside'], ['../../../../../../outside']])('a file below a link to %s lands inside', async (linkpath) => {
    const { root, outside } = makeRoot()
    await extract(root, [
      { path: 'd', type: 'SymbolicLink', linkpath },
      { path: 'd/file', text: 'inside' },
    ])
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('untouched')
    expect(readFileSync(join(root, 'outside/file'), 'utf8')).toBe('inside')
  })

  test('a file takes the place of a link, and does not write through it', async () => {
    const { root, outside } = makeRoot()
    symlinkSync(join(outside, 'file'), join(root, 'f'))
    await extract(root, [{ path: 'f', text: 'mine' }])
    expect([readFileSync(join(root, 'f'), 'utf8'), readFileSync(join(outside, 'file'), 'utf8')]).toEqual(['mine', 'untouched'])
  })

  test('a whiteout through a link removes nothing outside', async () => {
    const { root, outside } = makeRoot()
    symlinkSync(outside, join(root, 'd'))
    await extract(root, [{ path: 'd/.wh.file' }])
    expect(existsSync(join(outside, 'file'))).toBe(true)
  })

  test('absolute links stay as they are written', async () => {
    const { root } = makeRoot()
    await extract(root, [{ path: 'l', type: 'SymbolicLink', linkpath: '/etc/alternatives/x' }])
    expect(readlinkSync(join(root, 'l'))).toBe('/etc/alternatives/x')
  })
})

test('whiteouts, hard links, modes and folders that come after their files', async () => {
  const { root } = makeRoot()
  writeFileSync(join(root, 'old'), '')
  mkdirSync(join(root, 'opaque'))
  writeFileSync(join(root, 'opaque/old'), '')
  await extract(root, [
    { path: '.wh.old' },
    { path: 'opaque/.wh..wh..opq' },
    { path: 'opaque/new', text: 'n' },
    { path: 'd/f', text: 'f', mode: 0o4755 },
    { path: 'd', type: 'Directory', mode: 0o500 },
    { path: 'd2/l', type: 'Link', linkpath: 'd/f' },
  ])
  expect(['old', 'opaque/old', 'opaque/new'].map((path) => existsSync(join(root, path)))).toEqual([false, false, true])
  expect([statSync(join(root, 'd/f')).mode & 0o7777, statSync(join(root, 'd')).mode & 0o7777]).toEqual([0o4755, 0o500])
  expect(statSync(join(root, 'd2/l')).ino).toBe(statSync(join(root, 'd/f')).ino)
})

test.each<[string, Buffer, boolean]>([
  ['an archive of nothing', Buffer.alloc(1024), true],
  ['no bytes', Buffer.alloc(0), true],
  ['something else', Buffer.from('not a tar archive at all'.repeat(100)), false],
  ['an archive that ends too soon', raw([{ path: 'f', text: 'x'.repeat(2000) }]).subarray(0, 1024), false],
])('%s', async (_, bytes, good) => {
  const { root } = makeRoot()
  const work = extractArchive(Readable.from([bytes]), { root, name: 'it', whiteouts: true })
  if (good) await expect(work).resolves.toBeUndefined()
  else await expect(work).rejects.toMatchObject({ code: 'image-invalid' })
})

describe('decompression bombs', () => {
  const limits = { maxBytes: 1 << 20, freeBytes: 100_000, maxRatio: 50 }
  const drain = async (bytes: Buffer) => {
    let size = 0
    for await (const chunk of gunzipBounded(Readable.from([gzipSync(bytes)]), { name: 'it', limits })) size += (chunk as Buffer).length
    return size
  }

  test('so much out of so little is refused, and so much at all', async () => {
    await expect(drain(Buffer.alloc(500_000))).rejects.toMatchObject({ code: 'image-invalid', message: expect.stringContaining('bomb') })
    const random = Buffer.from(Array.from({ length: (1 << 20) + 1 }, (_, at) => (at * 2_654_435_761) >>> 24))
    await expect(drain(random)).rejects.toMatchObject({ code: 'image-invalid', message: expect.stringContaining('more than') })
  })

  test('small files of zeros are not', async () => expect(await drain(Buffer.alloc(90_000))).toBe(90_000))

  test('what is not gzip is an error of the stream', async () => {
    const stream = gunzipBounded(Readable.from([Buffer.from('plain')]), { name: 'it' })
    await expect(stream.toArray()).rejects.toThrow()
  })
})

test.each([
  ['a/../../b', 'b'],
  ['/abs/x', 'abs/x'],
  ['up/x', 'x'],
  ['root/x', 'etc/x'],
])('%s leads to %s', (path, place) => {
  const { root } = makeRoot()
  symlinkSync('../../..', join(root, 'up'))
  symlinkSync('/etc', join(root, 'root'))
  expect(resolveInside(root, path)).toBe(join(root, place))
})
