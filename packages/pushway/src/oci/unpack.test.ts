// Unpacking: layers over each other, and archives that mean harm.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import type { PushwayError } from '@pushway/core/reason/errors.ts'
import * as tar from 'tar'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { openFileBlobs } from '../drivers/blobs/files.ts'
import { readImageConfig } from './config.ts'
import { digestOf } from './digest.ts'
import { readStream } from './read.ts'
import { type TarEntry, writeTar } from './tar-write.ts'
import { unpackImage } from './unpack.ts'

const file = (path: string, text = path, mode = 0o644): TarEntry => ({ path, type: 'file', mode, content: Buffer.from(text) })
const folder = (path: string): TarEntry => ({ path, type: 'directory', mode: 0o755 })
const link = (path: string, target: string): TarEntry => ({ path, type: 'link', mode: 0o777, target })

function tarBytes(entries: readonly TarEntry[]): Promise<Buffer> {
  return readStream(Readable.from(writeTar(entries)), 1 << 30)
}

/** A header block with any type and link name: what our writer would never write. */
function evil(path: string, flag: string, target = ''): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.write(path, 0)
  bytes.write('0000644\0', 100)
  bytes.write('0000000\0', 108)
  bytes.write('0000000\0', 116)
  bytes.write('00000000000\0', 124)
  bytes.write('00000000000\0', 136)
  bytes.write('        ', 148)
  bytes.write(flag, 156)
  bytes.write(target, 157)
  bytes.write('ustar\x0000', 257)
  const sum = bytes.reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([bytes, Buffer.alloc(1024)])
}

interface Made {
  readonly digest: string
  readonly unpack: () => Promise<string>
  readonly blobs: ReturnType<typeof openFileBlobs>
  readonly dir: string
}

async function makeImage(layers: readonly Buffer[], options: { gzip?: boolean; config?: object; annotations?: object } = {}): Promise<Made> {
  const dir = tempDir('unpack')
  const blobs = openFileBlobs(join(dir, 'blobs'))
  const config = await blobs.put(Buffer.from(JSON.stringify({ config: options.config ?? {} })))
  const stored = []
  for (const bytes of layers) {
    const { digest, size } = await blobs.put(options.gzip ? gzipSync(bytes) : bytes)
    stored.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${options.gzip ? '+gzip' : ''}`, digest, size })
  }
  const manifest = {
    schemaVersion: 2,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: stored,
    annotations: options.annotations,
  }
  const { digest } = await blobs.put(Buffer.from(JSON.stringify(manifest)))
  const to = join(dir, 'images', 'one')
  const unpack = async () => {
    await unpackImage(blobs, digest, to)
    return to
  }
  return { digest, blobs, dir, unpack }
}

describe('layers', () => {
  test('lie over each other, with whiteouts and opaque folders', async () => {
    const made = await makeImage([
      await tarBytes([folder('a'), file('a/one'), file('a/two'), folder('b'), file('b/old'), folder('c'), file('c/gone/deep')]),
      await tarBytes([file('a/.wh.one', ''), file('a/two', 'changed'), file('b/.wh..wh..opq', ''), file('b/new'), file('c/.wh.gone', '')]),
    ])
    const root = await made.unpack()
    expect(readdirSync(join(root, 'a'))).toEqual(['two'])
    expect(readFileSync(join(root, 'a/two'), 'utf8')).toBe('changed')
    expect(readdirSync(join(root, 'b'))).toEqual(['new'])
    expect(readdirSync(join(root, 'c'))).toEqual([])
  })

  test('may be compressed; files can be read by everyone and are never setuid', async () => {
    const made = await makeImage([await tarBytes([file('private', 'x', 0o4700), file('plain', 'x', 0o600)])], { gzip: true })
    const root = await made.unpack()
    expect(statSync(join(root, 'private')).mode & 0o7777).toBe(0o755)
    expect(statSync(join(root, 'plain')).mode & 0o7777).toBe(0o644)
  })

  test('unpacking again changes nothing; a half-made folder is replaced', async () => {
    const made = await makeImage([await tarBytes([file('f')])])
    mkdirSync(join(made.dir, 'images/one'), { recursive: true })
    writeFileSync(join(made.dir, 'images/one/half'), '')
    const root = await made.unpack()
    expect(existsSync(join(root, 'half'))).toBe(false)
    const before = statSync(join(root, 'f')).ino
    await made.unpack()
    expect(statSync(join(root, 'f')).ino).toBe(before)
    await Promise.all([made.unpack(), made.unpack()])
    expect(readdirSync(join(made.dir, 'images'))).toEqual(['one'])
  })
})

describe('archives that mean harm', () => {
  test.each([
    ['a path out', evil('../out', '0'), 'leads out'],
    ['an absolute path', evil('/etc/x', '0'), 'leads out'],
    ['a path out from within', evil('a/../../out', '0'), 'leads out'],
    ['a link to an absolute path', evil('l', '2', '/etc/passwd'), 'link out'],
    ['a link out', evil('a/l', '2', '../../x'), 'link out'],
    ['a hard link out', evil('h', '1', '../x'), 'link out'],
    ['a device', evil('dev', '3'), 'CharacterDevice'],
    ['a pipe', evil('pipe', '6'), 'FIFO'],
  ])('%s is refused, and nothing is left', async (_what, bytes, why) => {
    const made = await makeImage([bytes])
    await expect(made.unpack()).rejects.toMatchObject({ code: 'image-invalid', message: expect.stringContaining(why) })
    expect(existsSync(join(made.dir, 'images/one'))).toBe(false)
    expect(readdirSync(join(made.dir, 'images'))).toEqual([])
  })

  test('a whiteout through a link does not reach outside', async () => {
    const layers = [
      await tarBytes([folder('d1'), folder('d1/d2'), link('d1/d2/up', '../..'), link('m', 'd1/d2/up/..')]),
      await tarBytes([file('m/.wh.victim', '')]),
    ]
    const made = await makeImage(layers)
    mkdirSync(join(made.dir, 'images'), { recursive: true })
    writeFileSync(join(made.dir, 'images/victim'), 'still here')
    await made.unpack().catch((error: PushwayError) => expect(['path-outside', 'image-invalid']).toContain(error.code))
    expect(readFileSync(join(made.dir, 'images/victim'), 'utf8')).toBe('still here')
  })

  test('a file through a link does not reach outside', async () => {
    const layers = [await tarBytes([folder('d1'), folder('d1/d2'), link('d1/d2/up', '../..'), link('m', 'd1/d2/up/..')]), await tarBytes([file('m/planted')])]
    const made = await makeImage(layers)
    await made.unpack().catch((error: PushwayError) => expect(error.code).toBe('image-invalid'))
    expect(existsSync(join(made.dir, 'images/planted'))).toBe(false)
  })

  test('a layer whose bytes were changed on disk is refused', async () => {
    const layer = await tarBytes([file('f', 'original')])
    const made = await makeImage([layer])
    const stored = join(made.dir, 'blobs/sha256', digestOf(layer).slice(7))
    writeFileSync(stored, layer.toString('latin1').replace('original', 'tampered'), 'latin1')
    await expect(made.unpack()).rejects.toMatchObject({ code: 'blob-damaged' })
  })

  test('an image that is not there, and one that is no image', async () => {
    const blobs = openFileBlobs(tempDir('blobs'))
    await expect(readImageConfig(blobs, digestOf('x'))).rejects.toMatchObject({ code: 'image-missing' })
    const { digest } = await blobs.put(Buffer.from('{"schemaVersion":2}'))
    await expect(readImageConfig(blobs, digest)).rejects.toMatchObject({ code: 'image-invalid' })
  })
})

test('a foreign configuration is read in our words', async () => {
  const config = {
    Env: ['PATH=/bin', 'A=b=c'],
    Entrypoint: ['/e'],
    Cmd: null,
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 2e9 },
    StopSignal: 'SIGQUIT',
  }
  const made = await makeImage([], { config, annotations: {} })
  expect(await readImageConfig(made.blobs, made.digest)).toEqual({
    env: { PATH: '/bin', A: 'b=c' },
    entrypoint: ['/e'],
    workingDir: '/',
    exposedPorts: [80],
    base: 'image',
    stopSignal: 'SIGQUIT',
    healthcheck: { check: { kind: 'command', argv: ['true'] }, intervalMs: 2000, timeoutMs: 30_000, startPeriodMs: 0, retries: 3 },
  })
})

test('other readers understand the archives, also with long and foreign names', async () => {
  const long = `${'x'.repeat(120)}/${'y'.repeat(120)}`
  const bytes = await tarBytes([file('plain'), file(long), file('naïve'), link('l', 'z'.repeat(150)), folder('d')])
  const seen: string[] = []
  await new Promise<void>((resolve, reject) => {
    const parser = tar.t({ strict: true, onReadEntry: (entry) => seen.push(`${entry.type} ${entry.path} ${entry.linkpath ?? ''}`.trim()) })
    parser.on('end', resolve).on('error', reject)
    parser.end(bytes)
  })
  expect(seen).toEqual(['File plain', `File ${long}`, 'File naïve', `SymbolicLink l ${'z'.repeat(150)}`, 'Directory d/'])
})
