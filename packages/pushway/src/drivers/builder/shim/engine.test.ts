// The docker command with an engine: a scripted one everywhere, and a real one where it answers.

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../../../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../../../test/support/registry.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { labelBuild } from './engine.ts'
import { runDocker } from './index.ts'

const servers: Server[] = []
afterAll(async () => {
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
})

async function listen(server: Server, at: string | number): Promise<Server> {
  servers.push(server)
  await new Promise<void>((resolve) => (typeof at === 'string' ? server.listen(at, resolve) : server.listen(at, '127.0.0.1', resolve)))
  return server
}

async function run(env: NodeJS.ProcessEnv, cwd: string, line: string): Promise<{ exit: number; text: string }> {
  const text: string[] = []
  const into = () =>
    new Writable({
      write(chunk, _encoding, done) {
        text.push(String(chunk))
        done()
      },
    })
  const exit = await runDocker(line.split(' '), { env, cwd, stdin: Readable.from([]), stdout: into(), stderr: into() })
  return { exit, text: text.join('') }
}

function writeScript(dir: string, text: string): string {
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'docker'), text)
  chmodSync(join(dir, 'docker'), 0o755)
  return dir
}

describe('a scripted engine and client', () => {
  test('get the arguments with aliased names turned, a credential for our registry alone, and no token in the environment', async () => {
    const dir = tempDir('engine')
    const socket = join(dir, 'd.sock')
    await listen(
      createServer((req, res) => res.writeHead(req.url === '/_ping' ? 200 : 404).end()),
      socket,
    )
    const shim = writeScript(join(dir, 'shim'), "#!/bin/sh\nexec '/usr/bin/node' '/x/main.js' 'internal' 'docker' \"$@\"\n")
    const real = writeScript(join(dir, 'real'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${dir}/argv'\nenv > '${dir}/env'\necho done\nexit 7\n`)
    const env = {
      PATH: [shim, real, process.env.PATH].join(delimiter),
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_CONFIG: join(dir, 'config'),
      GITHUB_WORKSPACE: dir,
      PUSHWAY_BUILDER: 'docker',
      PUSHWAY_REGISTRY: '127.0.0.1:5999',
      PUSHWAY_REGISTRY_TOKEN: 'sesame-token',
      PUSHWAY_REGISTRY_ALIASES: 'ghcr.io',
    }
    const result = await run(env, dir, 'build -t ghcr.io/acme/hello:main -t other.example/x/y api')
    expect(result).toEqual({ exit: 7, text: 'done\n' })
    const labels = ['--label', 'dev.pushway.build.context=api', '--label', 'dev.pushway.build.dockerfile=Dockerfile']
    expect(readFileSync(join(dir, 'argv'), 'utf8').trim().split('\n')).toEqual([
      'build',
      ...labels,
      '-t',
      '127.0.0.1:5999/acme/hello:main',
      '-t',
      'other.example/x/y',
      'api',
    ])
    expect(readFileSync(join(dir, 'env'), 'utf8')).not.toContain('sesame-token')
    const config = JSON.parse(readFileSync(join(dir, 'config/config.json'), 'utf8'))
    expect(config.auths).toEqual({ '127.0.0.1:5999': { auth: Buffer.from('run:sesame-token').toString('base64') } })
  })

  test('when no engine answers, the embedded builder does it and says so', async () => {
    const dir = tempDir('engine')
    const env = {
      PATH: process.env.PATH,
      PUSHWAY_BUILDER: 'docker',
      DOCKER_HOST: `unix://${dir}/nothing.sock`,
      PUSHWAY_IMAGE_STORE: join(dir, 'images'),
      HOME: dir,
    }
    expect(await run(env, dir, 'images')).toEqual({ exit: 0, text: expect.stringContaining('the embedded builder is used') })
  })

  test.each([
    ['build --target prod -f d/F .', ['target=prod', 'dockerfile=d/F']],
    ['build --file=d/F --target=prod .', ['target=prod', 'dockerfile=d/F']],
  ])('%s says what it is built from', (line, wanted) => {
    const labels = labelBuild(line.split(' '), { env: { GITHUB_WORKSPACE: '/w' }, cwd: '/w' }).join(' ')
    for (const label of ['context=.', ...wanted]) expect(labels).toContain(`dev.pushway.build.${label}`)
  })
})

describe.skipIf(needs('docker').skip)('a real Docker Engine (needs package docker.io)', () => {
  let registry: ServedRegistry
  beforeAll(async () => {
    registry = await serveRegistry()
  })
  afterAll(() => registry.close())

  function makeJob(builder: 'docker' | 'embedded'): { env: NodeJS.ProcessEnv; cwd: string } {
    const dir = tempDir('engine')
    writeFileSync(join(dir, 'Dockerfile'), `FROM scratch\nCOPY file /file\nLABEL made=${dir.slice(-6)}\n`)
    writeFileSync(join(dir, 'file'), `content of ${dir}`)
    const env = {
      ...process.env,
      DOCKER_BUILDKIT: '0',
      DOCKER_CONFIG: join(dir, 'config'),
      GITHUB_WORKSPACE: dir,
      PUSHWAY_BUILDER: builder,
      PUSHWAY_IMAGE_STORE: join(dir, 'images'),
      PUSHWAY_BUILD_CACHE: join(dir, 'cache'),
      PUSHWAY_REGISTRY: registry.host,
      PUSHWAY_REGISTRY_TOKEN: 'hello-token',
      PUSHWAY_REGISTRY_ALIASES: 'ghcr.io',
    }
    return { env, cwd: dir }
  }

  test.each(['docker', 'embedded'] as const)(
    'with the %s builder an alias leads to the embedded registry',
    async (builder) => {
      const { env, cwd } = makeJob(builder)
      const built = await run(env, cwd, `build -t ghcr.io/acme/hello:${builder} .`)
      expect(built, built.text).toMatchObject({ exit: 0 })
      const pushed = await run(env, cwd, `push ghcr.io/acme/hello:${builder}`)
      expect(pushed, pushed.text).toMatchObject({ exit: 0 })
      const digest = registry.index.tag('acme/hello', builder)
      expect(pushed.text).toContain(`${builder}: digest: ${digest}`)
      expect(registry.pushes.at(-1)).toMatchObject({ tag: builder, digest, source: { context: '.', dockerfile: 'Dockerfile' }, principal: { run: 'r1' } })
    },
    120_000,
  )

  test('the engine pulls what the registry has', async () => {
    const { env, cwd } = makeJob('docker')
    await run(env, cwd, 'build -t ghcr.io/acme/hello:pull .')
    await run(env, cwd, 'push ghcr.io/acme/hello:pull')
    await run(env, cwd, 'rmi ghcr.io/acme/hello:pull')
    const pulled = await run(env, cwd, 'pull ghcr.io/acme/hello:pull')
    expect(pulled, pulled.text).toMatchObject({ exit: 0 })
    await run(env, cwd, 'rmi ghcr.io/acme/hello:pull')
  }, 120_000)

  test('another registry never sees our token', async () => {
    const seen: string[] = []
    const foreign = await listen(
      createServer((req, res) => {
        seen.push(JSON.stringify(req.headers))
        res.writeHead(401, { 'www-authenticate': 'Basic realm="foreign"' }).end()
      }),
      0,
    )
    const host = `127.0.0.1:${(foreign.address() as AddressInfo).port}`
    const { env, cwd } = makeJob('docker')
    await run(env, cwd, `build -t ${host}/acme/hello:main .`)
    expect((await run(env, cwd, `push ${host}/acme/hello:main`)).exit).not.toBe(0)
    await run(env, cwd, `rmi ${host}/acme/hello:main`)
    expect(seen.length).toBeGreaterThan(0)
    for (const headers of seen) {
      expect(headers).not.toContain('hello-token')
      expect(headers).not.toContain(Buffer.from('run:hello-token').toString('base64'))
    }
  }, 120_000)
})
