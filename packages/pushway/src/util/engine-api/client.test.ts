// The client against a real Docker Engine, directly and through a socket that can be cut.

import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureNodeImage, nodeImage } from '../../../../../test/support/engine-images.ts'
import { type EngineRelay, openEngineRelay } from '../../../../../test/support/engine-relay.ts'
import { needs } from '../../../../../test/support/needs.ts'
import { writeTar } from '../../oci/tar-write.ts'
import { older } from './client.ts'
import {
  buildImage,
  createdAnswer,
  createEngine,
  type Engine,
  EngineRefusal,
  findEngine,
  findImage,
  followEvents,
  loadImages,
  pullImage,
  readLines,
  readOutput,
  runExec,
  StreamProblem,
  splitReference,
  startExec,
} from './index.ts'

test.each([
  ['acme/web', { name: 'acme/web', tag: 'latest' }],
  ['acme/web:1', { name: 'acme/web', tag: '1' }],
  ['host:5000/acme/web', { name: 'host:5000/acme/web', tag: 'latest' }],
  ['acme/web:1@sha256:ab', { name: 'acme/web', tag: 'sha256:ab' }],
])('the parts of %s', (reference, parts) => expect(splitReference(reference)).toEqual(parts))

test.each([
  ['1.41', '1.47', '1.41'],
  ['1.9', '1.41', '1.9'],
  ['2.0', '1.47', '1.47'],
])('the older one of %s and %s', (a, b, wanted) => expect(older(a, b)).toBe(wanted))

test('frames are taken apart wherever the chunks are cut', async () => {
  const frame = (stream: number, text: string) => Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)])
  const whole = Buffer.concat([frame(1, 'one\ntw'), frame(2, 'error\n'), frame(1, 'o\r\nend')])
  for (const size of [1, 3, 7, 8, 9, whole.length]) {
    const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) => whole.subarray(i * size, (i + 1) * size))
    const lines = []
    for await (const { stream, text } of readLines(readOutput(Readable.from(chunks), false))) lines.push(`${stream} ${text}`)
    expect(lines).toEqual(['stdout one', 'stderr error', 'stdout two', 'stdout end'])
  }
})

const docker = needs('docker')

describe.skipIf(docker.skip)(`a Docker Engine ${docker.reason}`, () => {
  let engine: Engine
  let container = ''
  const image = `pushway.test/engine-api:${process.pid}`

  beforeAll(async () => {
    engine = createEngine(findEngine({ env: process.env }) as NonNullable<ReturnType<typeof findEngine>>)
    await ensureNodeImage(engine)
    const dockerfile = Buffer.from(`FROM ${nodeImage}\nLABEL made=by-test\nCMD ["sleep", "600"]\n`)
    const context = Readable.from(writeTar([{ path: 'Dockerfile', type: 'file', mode: 0o644, content: dockerfile }]))
    expect(await buildImage(engine, { context, query: { t: image } })).toMatch(/^sha256:/)
    const body = { Image: image, Labels: { 'pushway.test': String(process.pid) } }
    container = (await engine.call(createdAnswer, { method: 'POST', path: '/containers/create', body })).Id
    await engine.tell({ method: 'POST', path: `/containers/${container}/start` })
  }, 60_000)
  afterAll(async () => {
    await engine.tell({ method: 'DELETE', path: `/containers/${container}`, query: { force: true, v: true } })
    await engine.tell({ method: 'DELETE', path: `/images/${image}` })
  })

  test('says who it is', async () => {
    expect(await engine.version()).toMatchObject({ engine: 'docker', os: 'linux' })
    expect((await engine.info()).NCPU).toBeGreaterThan(0)
  })

  test('a refusal has the status and the engine’s words', async () => {
    const start = engine.tell({ method: 'POST', path: '/containers/nothing-of-that-name/start' })
    await expect(start).rejects.toMatchObject({ status: 404, message: expect.stringMatching(/No such container/) })
    await expect(start).rejects.toBeInstanceOf(EngineRefusal)
    expect(await findImage(engine, 'nothing/of-that-name:1')).toBeUndefined()
  })

  test('a command in a container: output, input, exit code', async () => {
    const run = await runExec(engine, container, { argv: ['sh', '-c', 'echo out; echo "$A" >&2; exit 7'], env: { A: 'err' } })
    expect(run.exit).toBe(7)
    expect(run.output.split('\n').sort()).toEqual(['', 'err', 'out'])
    const cat = await startExec(engine, container, { argv: ['tr', 'a-z', 'A-Z'], stdin: true })
    cat.input.write('shout\n')
    cat.endInput()
    const lines = []
    for await (const { text } of readLines(readOutput(cat.output, false))) lines.push(text)
    expect(lines).toEqual(['SHOUT'])
    expect(await cat.exitCode()).toBe(0)
  })

  test('a command that takes too long is left', async () => {
    await expect(runExec(engine, container, { argv: ['sleep', '60'], signal: AbortSignal.timeout(200) })).rejects.toThrow()
  })

  test('an error inside a stream is an error: build, load, pull', async () => {
    const context = Readable.from(writeTar([{ path: 'Dockerfile', type: 'file', mode: 0o644, content: Buffer.from(`FROM ${nodeImage}\nRUN exit 3\n`) }]))
    await expect(buildImage(engine, { context, query: {} })).rejects.toThrow(/returned a non-zero code: 3/)
    const empty = Readable.from(writeTar([{ path: 'manifest.json', type: 'file', mode: 0o644, content: Buffer.from('[{"Config":"gone.json","Layers":[]}]') }]))
    await expect(loadImages(engine, empty)).rejects.toThrow()
    await expect(pullImage(engine, '127.0.0.1:1/acme/nothing:1')).rejects.toMatchObject({ code: 'image-pull-failed' })
    expect(new StreamProblem('x')).toBeInstanceOf(Error)
  })

  describe('through a socket that is cut', () => {
    let relay: EngineRelay
    beforeAll(async () => {
      relay = await openEngineRelay(engine.address.kind === 'unix' ? engine.address.path : '')
    })
    afterAll(() => relay.close())

    test('a call says that the engine went away, and works again when it is back', async () => {
      const through = createEngine({ kind: 'unix', path: relay.path, foundBy: 'test' })
      expect((await through.version()).engine).toBe('docker')
      await relay.cut()
      await expect(through.info()).rejects.toMatchObject({ code: 'engine-unreachable' })
      await relay.restore()
      expect((await through.info()).NCPU).toBeGreaterThan(0)
    })

    test('events go on after it was lost, and nothing that happened meanwhile is missed', async () => {
      const through = createEngine({ kind: 'unix', path: relay.path, foundBy: 'test' })
      const end = new AbortController()
      const seen: string[] = []
      const change = (path: string) => engine.tell({ method: 'POST', path: `/containers/${container}/${path}` })
      let paused: Promise<void> | undefined
      const following = (async () => {
        for await (const one of followEvents(through, { type: ['container'], container: [container], event: ['pause', 'unpause'] }, end.signal)) {
          seen.push(one.kind === 'event' ? one.event.Action : one.kind)
          if (seen.at(-1) === 'pause') {
            await relay.cut()
            await paused
            await change('unpause')
          }
          if (seen.at(-1) === 'lost') await relay.restore()
          if (seen.at(-1) === 'unpause') end.abort()
        }
      })()
      await relay.connected()
      paused = change('pause')
      await following
      expect(seen).toEqual(['pause', 'lost', 'back', 'unpause'])
    })
  })
})
