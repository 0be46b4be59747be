// The Docker builder against real engines: Docker's, with BuildKit and without, and Podman's.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeFiles } from '../../../../../../test/support/embedded-builder.ts'
import { needs, needsRoot } from '../../../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../../../test/support/registry.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { importTinyBase } from '../../../../../../test/support/tiny-base.ts'
import { readImage } from '../../../oci/config.ts'
import { createEngine, type Engine, enginePings, findEngine } from '../../../util/engine-api/index.ts'
import { openImageLayout } from '../layout.ts'
import { runDocker } from '../shim/index.ts'
import { readTrace } from './buildkit-trace.ts'
import { buildWithEngine, type EngineBuildOptions } from './index.ts'

const docker = needs('docker')
const podman = needs('podman')
const busybox = needs('busybox', 'busybox-static')
const root = needsRoot()
const base = `pushway-engine-${process.pid}`

function builderOf(engine: Engine) {
  return async (files: Record<string, string>, more: Partial<EngineBuildOptions> = {}) => {
    const log: string[] = []
    const store = openImageLayout(tempDir('store'))
    const built = await buildWithEngine({ engine, context: writeFiles(files), store, builder: 'auto', log: (line) => void log.push(line), ...more })
    return { ...built, log, store }
  }
}

const files = (image: string, ...lines: readonly string[]) => ({ Dockerfile: [`FROM ${image}`, ...lines].join('\n') })

interface Place {
  readonly name: string
  readonly builder: 'auto' | 'classic'
  readonly skip: string
  readonly image: string
  engine(): Engine
}
const engines: { docker?: Engine; podman?: Engine; stop?: () => void } = {}
const places: readonly Place[] = [
  {
    name: 'Docker Engine with BuildKit',
    builder: 'auto',
    skip: docker.reason || busybox.reason,
    image: `tiny:${base}`,
    engine: () => engines.docker as Engine,
  },
  {
    name: 'Docker Engine, classic builder',
    builder: 'classic',
    skip: docker.reason || busybox.reason,
    image: `tiny:${base}`,
    engine: () => engines.docker as Engine,
  },
  {
    name: 'Podman (root only)',
    builder: 'auto',
    skip: podman.reason || busybox.reason || root.reason,
    image: `docker.io/library/tiny-${base}:latest`,
    engine: () => engines.podman as Engine,
  },
]

beforeAll(async () => {
  const address = docker.skip ? undefined : findEngine({ env: process.env })
  if (address && !busybox.skip) {
    engines.docker = createEngine(address)
    await importTinyBase(engines.docker, 'tiny', base)
  }
  if (!podman.skip && !busybox.skip && !root.skip) await startPodman()
}, 60_000)
afterAll(async () => {
  await engines.docker?.tell({ method: 'DELETE', path: `/images/tiny:${base}`, query: { force: true } }).catch(() => undefined)
  engines.stop?.()
})

async function startPodman(): Promise<void> {
  const dir = tempDir('podman')
  const socket = join(dir, 'p.sock')
  const places = [
    '--root',
    join(dir, 'root'),
    '--runroot',
    join(dir, 'run'),
    '--storage-driver',
    'vfs',
    '--cgroup-manager',
    'cgroupfs',
    '--events-backend',
    'file',
  ]
  // crun refuses machines with both kinds of control groups.
  writeFileSync(join(dir, 'containers.conf'), '[engine]\nruntime = "runc"\n')
  const env = { ...process.env, CONTAINERS_CONF: join(dir, 'containers.conf') }
  const child = spawn('podman', [...places, 'system', 'service', '--time', '0', `unix://${socket}`], { stdio: 'ignore', env })
  engines.stop = () => child.kill('SIGKILL')
  const address = { kind: 'unix', path: socket, foundBy: 'the test' } as const
  for (let tries = 0; tries < 100 && !(existsSync(socket) && (await enginePings(address, 1_000))); tries++) await sleep(100)
  engines.podman = createEngine(address)
  // Podman 4 leaves the tag of an import out, and asks registries for short names.
  await importTinyBase(engines.podman, `tiny-${base}`, 'latest')
}

for (const place of places) {
  describe.skipIf(place.skip !== '')(`${place.name} ${place.skip}`, () => {
    test('builds into the store, says its steps, and the second time CACHED', async () => {
      const build = builderOf(place.engine())
      const word = `w${Date.now()}`
      const given = {
        ...files(place.image, 'ARG A', 'COPY f /f', `RUN echo "${word} $A" && echo made > /g`, 'ENV X=1', 'CMD ["a", "b"]'),
        f: word,
        '.dockerignore': 'Dockerfile\n',
      }
      const options = {
        builder: place.builder,
        buildArgs: { A: 'given' },
        labels: { team: 'a' },
        tags: ['docker.io/acme/x:1'],
        origin: { context: '.', dockerfile: 'Dockerfile' },
      }
      const one = await build(given, options)
      const { manifest, file } = await readImage(one.store.blobs, one.digest)
      expect(file.config).toMatchObject({ Cmd: ['a', 'b'], Labels: { team: 'a' } })
      expect(file.config?.Env).toContain('X=1')
      expect(manifest.annotations).toMatchObject({ 'dev.pushway.build.dockerfile': 'Dockerfile' })
      expect(one.store.find('docker.io/acme/x:1')?.digest).toBe(one.digest)
      expect(one.log.join('\n')).toContain(`${word} given`)
      expect(one.log.some((line) => /^step \d+\/\d+ ?: .*RUN /i.test(line))).toBe(true)
      const two = await build(given, options)
      expect(two.log.filter((line) => line === ' ---> CACHED').length).toBeGreaterThanOrEqual(1)
      expect(two.log.join('\n')).not.toContain(`\n${word} given`)
    }, 120_000)

    test('a RUN that fails names its command, exit code and last lines; what the engine refuses is its own sentence', async () => {
      const build = builderOf(place.engine())
      await expect(build(files(place.image, 'RUN echo about to fail && exit 3'), { builder: place.builder })).rejects.toMatchObject({
        code: 'command-failed',
        message: expect.stringMatching(/exit 3.*exit code 3.*about to fail/s),
      })
      await expect(build(files(place.image, 'FETCH it'), { builder: place.builder })).rejects.toMatchObject({
        code: 'engine-refused',
        message: expect.stringMatching(/FETCH|fetch/),
      })
    }, 120_000)

    test('takes a Dockerfile from outside, a target, and ends when called off', async () => {
      const build = builderOf(place.engine())
      const outside = join(tempDir('outside'), 'Other')
      writeFileSync(outside, `FROM ${place.image} AS a\nCOPY . /c\nFROM a AS b\nRUN exit 1\n`)
      const { log } = await build({ f: 'x' }, { builder: place.builder, dockerfile: outside, target: 'a', noCache: true })
      expect(log.join('\n')).toContain('COPY . /c')
      const aborting = new AbortController()
      const log2 = (line: string) => line.includes('now-it-sleeps') && !/step/i.test(line) && aborting.abort(new Error('called off'))
      await expect(
        build(files(place.image, `RUN echo now-it-sleeps-${Date.now()} && sleep 60`), { builder: place.builder, signal: aborting.signal, log: log2 }),
      ).rejects.toThrow('called off')
    }, 120_000)
  })
}

describe.skipIf(docker.skip || busybox.skip)(`the docker command of our own builds ${docker.reason}`, () => {
  let registry: ServedRegistry
  beforeAll(async () => {
    registry = await serveRegistry()
  })
  afterAll(() => registry.close())

  test('asks the engine itself, pushes what came out, and takes its layers as a cache from the registry the next time', async () => {
    const word = `own${Date.now()}`
    const run = async (line: string) => {
      const dir = tempDir('job')
      const cwd = join(dir, 'work')
      mkdirSync(cwd)
      writeFiles({ ...files(`tiny:${base}`, `RUN echo ${word} > /f`, 'COPY f /g'), f: 'x' }, cwd)
      const text: string[] = []
      const into = () => new Writable({ write: (chunk, _encoding, done) => done(void text.push(String(chunk)) as unknown as null) })
      const env = {
        ...{ PATH: process.env.PATH, HOME: dir, DOCKER_HOST: process.env.DOCKER_HOST, GITHUB_WORKSPACE: cwd, PUSHWAY_IMAGE_STORE: join(dir, 'images') },
        ...{ PUSHWAY_REGISTRY: registry.host, PUSHWAY_REGISTRY_TOKEN: 'hello-token', PUSHWAY_REGISTRY_ALIASES: 'ghcr.io', DOCKER_CONFIG: join(dir, 'docker') },
        ...{ PUSHWAY_BUILDER: 'docker', PUSHWAY_OWN_BUILD: '1' },
      }
      const exit = await runDocker(line.split(' '), { env, cwd, stdin: Readable.from([]), stdout: into(), stderr: into() })
      return { exit, text: text.join(''), cwd }
    }
    const first = await run('build --push --iidfile id -t ghcr.io/acme/hello/own:1 .')
    expect(first.exit, first.text).toBe(0)
    expect(first.text).toContain('BuildKit')
    expect(registry.index.tag('acme/hello/own', '1')).toBe(readFileSync(join(first.cwd, 'id'), 'utf8'))
    // The engine forgets its own layers.
    await engines.docker?.tell({ method: 'POST', path: '/build/prune', query: { all: true } })
    const second = await run('build --push -t ghcr.io/acme/hello/own:1 .')
    expect(second.exit, second.text).toBe(0)
    expect(second.text).toContain(`Using the layers of ${registry.host}/acme/hello/own:1`)
    expect(second.text).toContain(' ---> CACHED')
    const secret = await run('build --secret id=a,src=f .')
    expect(secret.text).toContain('--secret needs the docker client')
    await engines.docker?.tell({ method: 'DELETE', path: `/images/${registry.host}/acme/hello/own:1`, query: { force: true } }).catch(() => undefined)
  }, 120_000)
})

test("BuildKit's messages are read field by field", () => {
  const aux =
    'Cm8KR3NoYTI1NjowN2I0OGQyZDg4YWZjM2RkNTI5MjVkNDIxYjk3YWI5ODkwZTViYzcwZWE2MjZiMjNjYzIyMDRiYTE1NGRlZGI1GiRbaW50ZXJuYWxdIGxvYWQgcmVtb3RlIGJ1aWxkIGNvbnRleHQ='
  expect(readTrace(aux).vertexes).toEqual([
    {
      digest: 'sha256:07b48d2d88afc3dd52925d421b97ab9890e5bc70ea626b23cc2204ba154dedb5',
      name: '[internal] load remote build context',
      cached: false,
      started: false,
      completed: false,
      error: '',
    },
  ])
  expect(readTrace(Buffer.from([0x0a, 0xff, 0xff]).toString('base64')).logs).toEqual([])
})
