// The docker command without an engine, against a real registry; and a foreign client on what it pushed.

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../../../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../../../test/support/registry.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { readImageConfig } from '../../../oci/config.ts'
import { unpackImage } from '../../../oci/unpack.ts'
import { runDocker } from './index.ts'

const exec = promisify(execFile)
let registry: ServedRegistry
beforeAll(async () => {
  registry = await serveRegistry()
})
afterAll(() => registry.close())

interface Job {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  docker(line: string, stdin?: string): Promise<{ exit: number; out: string; err: string }>
}

/** A job's workspace and environment, as the worker makes them. */
function makeJob(more: NodeJS.ProcessEnv = {}): Job {
  const root = tempDir('job')
  const cwd = join(root, 'work')
  mkdirSync(cwd)
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: root,
    GITHUB_WORKSPACE: cwd,
    PUSHWAY_IMAGE_STORE: join(root, 'images'),
    PUSHWAY_BUILD_CACHE: join(root, 'cache'),
    PUSHWAY_TOOLCHAIN_CACHE: join(root, 'tools'),
    PUSHWAY_REGISTRY: registry.host,
    PUSHWAY_REGISTRY_TOKEN: 'hello-token',
    PUSHWAY_REGISTRY_ALIASES: 'ghcr.io,registry.example',
    PUSHWAY_BUILDER: 'embedded',
    DOCKER_CONFIG: join(root, 'docker'),
    ...more,
  }
  return {
    cwd,
    env,
    async docker(line, stdin = '') {
      const collect = (into: string[]) => new Writable({ write: (chunk, _encoding, done) => done(void into.push(String(chunk)) as unknown as null) })
      const out: string[] = []
      const err: string[] = []
      const exit = await runDocker(line.split(' '), { env, cwd, stdin: Readable.from([Buffer.from(stdin)]), stdout: collect(out), stderr: collect(err) })
      return { exit, out: out.join(''), err: err.join('') }
    },
  }
}

function writeApp(job: Job, Dockerfile = 'FROM alpine\nWORKDIR /app\nCOPY . .\nRUN echo made > made.txt\nCMD ["node", "server.js"]\n'): void {
  writeFileSync(join(job.cwd, 'Dockerfile'), Dockerfile)
  writeFileSync(join(job.cwd, 'server.js'), 'console.log(1)')
}

describe('build, tag, push, pull', () => {
  test('what is built under an alias is in the embedded registry, by digest, with what it was built from', async () => {
    const job = makeJob()
    writeApp(job)
    const built = await job.docker('build -t ghcr.io/acme/hello:main -t ghcr.io/acme/hello:v1 --label a=b .')
    expect(built).toMatchObject({ exit: 0, err: '' })
    expect(built.out).toContain('Step 4/5 : RUN echo made > made.txt')
    const pushed = await job.docker('push ghcr.io/acme/hello:main')
    const digest = /^main: digest: (sha256:[0-9a-f]{64}) size: \d+$/m.exec(pushed.out)?.[1] ?? ''
    expect(pushed.out).toMatch(/^The push refers to repository \[ghcr\.io\/acme\/hello\]\n[0-9a-f]{12}: Pushed\n/)
    expect(registry.index.tag('acme/hello', 'main')).toBe(digest)
    expect(registry.pushes.at(-1)).toMatchObject({
      repository: 'acme/hello',
      tag: 'main',
      digest,
      source: { context: '.', dockerfile: 'Dockerfile', base: 'host' },
    })
    expect((await readImageConfig(registry.blobs, digest)).cmd).toEqual(['node', 'server.js'])

    const before = registry.requests.length
    expect((await job.docker('push registry.example/acme/hello:main')).exit).toBe(5)
    const again = await job.docker('push ghcr.io/acme/hello:v1')
    expect(again.out).toContain('Layer already exists')
    expect(registry.requests.slice(before).filter((line) => line.startsWith('POST'))).toEqual([])
    expect(registry.index.tag('acme/hello', 'v1')).toBe(digest)
  })

  test('another job pulls it, looks at it, and builds on it', async () => {
    const first = makeJob()
    writeApp(first)
    await first.docker('buildx build --push -t ghcr.io/acme/hello/base:1 .')
    const second = makeJob()
    expect((await second.docker('pull ghcr.io/acme/hello/base:1')).out).toContain('Digest: sha256:')
    expect((await second.docker('tag ghcr.io/acme/hello/base:1 mine')).exit).toBe(0)
    expect((await second.docker('images')).out).toMatch(/^mine +latest +[0-9a-f]{12}$/m)
    const { out: inspected } = await second.docker('image inspect mine')
    expect(JSON.parse(inspected)[0]).toMatchObject({ RepoTags: ['ghcr.io/acme/hello/base:1', 'mine:latest'], Config: { WorkingDir: '/app' } })
    expect((await second.docker('inspect --format={{.Config.WorkingDir}} mine')).out).toBe('/app\n')
    const third = makeJob()
    writeApp(third, 'FROM ghcr.io/acme/hello/base:1\nRUN cat made.txt > copy.txt\n')
    expect((await third.docker('build -q -t x .')).out).toMatch(/^sha256:[0-9a-f]{64}\n$/)
  })

  test('context, file, target and arguments are as docker has them', async () => {
    const job = makeJob()
    mkdirSync(join(job.cwd, 'api/docker'), { recursive: true })
    writeFileSync(join(job.cwd, 'api/docker/prod.Dockerfile'), 'FROM scratch AS one\nARG A\nENV A=$A\nFROM scratch\n')
    const built = await job.docker('build -f api/docker/prod.Dockerfile --target=one --build-arg A=5 -t ghcr.io/acme/hello:api api')
    expect(built.exit).toBe(0)
    await job.docker('push ghcr.io/acme/hello:api')
    expect(registry.pushes.at(-1)?.source).toEqual({ context: 'api', dockerfile: 'docker/prod.Dockerfile', target: 'one', base: 'host' })
    expect((await job.docker('inspect -f {{json.Config.Env}} ghcr.io/acme/hello:api')).exit).toBe(2)
    expect((await job.docker('image inspect ghcr.io/acme/hello:api')).out).toContain('"A=5"')
  })

  test('without a registry (a local run) a push keeps the image here and says so', async () => {
    const job = makeJob({ PUSHWAY_REGISTRY: '', PUSHWAY_REGISTRY_TOKEN: '' })
    writeApp(job)
    await job.docker('build -t ghcr.io/acme/hello:main .')
    const pushed = await job.docker('push ghcr.io/acme/hello:main')
    expect(pushed.exit).toBe(0)
    expect(pushed.out).toContain('stays in the local image store')
    expect(pushed.out).toMatch(/main: digest: sha256:/)
  })
})

describe('login', () => {
  test('checks the credential with the registry and keeps it where docker does', async () => {
    const job = makeJob({ PUSHWAY_REGISTRY_TOKEN: '' })
    expect(await job.docker('login ghcr.io -u someone --password-stdin', 'hello-token\n')).toMatchObject({ exit: 0, out: 'Login Succeeded\n' })
    const config = JSON.parse(readFileSync(join(job.env.DOCKER_CONFIG ?? '', 'config.json'), 'utf8'))
    expect(config.auths['ghcr.io'].auth).toBe(Buffer.from('someone:hello-token').toString('base64'))
    writeApp(job)
    await job.docker('build -t ghcr.io/acme/hello:login .')
    expect((await job.docker('push ghcr.io/acme/hello:login')).exit).toBe(0)
    expect((await job.docker('logout ghcr.io')).out).toContain('Removing login credentials')
    const refused = await job.docker('push ghcr.io/acme/hello:login')
    expect([refused.exit, refused.err]).toEqual([1, expect.stringContaining('Sign in')])
  })

  test('a wrong password is refused and not kept', async () => {
    const job = makeJob({ PUSHWAY_REGISTRY_TOKEN: '' })
    const refused = await job.docker('login ghcr.io -u x -p wrong')
    expect([refused.exit, refused.err]).toEqual([1, expect.stringContaining('registry-refused')])
    expect((await job.docker('logout ghcr.io')).out).toContain('Not logged in')
  })
})

test('a base of another registry is fetched with the credential that docker login kept for it, or as anybody', async () => {
  const other = await serveRegistry()
  try {
    const maker = makeJob({ PUSHWAY_REGISTRY: other.host, PUSHWAY_REGISTRY_ALIASES: other.host })
    writeApp(maker, 'FROM scratch\nCOPY server.js /base.js\nENV FROM_BASE=1\n')
    expect((await maker.docker(`build --push -t ${other.host}/acme/hello/base:1 .`)).err).toBe('')
    const job = makeJob()
    writeApp(
      job,
      `FROM scratch\nCOPY --from=${other.host}/acme/hello/base:1 /base.js /again.js\nFROM ${other.host}/acme/hello/base:1\nCOPY --from=0 /again.js /\n`,
    )
    expect((await job.docker('build .')).err).toMatch(/was asked: .*(?:sign in|unauthorized|not|may)/i)
    mkdirSync(join(job.env.DOCKER_CONFIG ?? ''), { recursive: true })
    const auth = Buffer.from('x:hello-token').toString('base64')
    writeFileSync(join(job.env.DOCKER_CONFIG ?? '', 'config.json'), JSON.stringify({ auths: { [other.host]: { auth } } }))
    const built = await job.docker('build -t got:1 .')
    expect([built.exit, built.err]).toEqual([0, ''])
    expect(built.out).toContain(`Pulled ${other.host}/acme/hello/base:1`)
    expect((await job.docker('image inspect --format {{.Config.Env}} got:1')).out).toContain('FROM_BASE=1')
  } finally {
    await other.close()
  }
})

describe('flags of build', () => {
  test('secrets, id and metadata files, quiet progress, what is said to have no meaning', async () => {
    const job = makeJob({ PUSHWAY_ISOLATION: '', FROM_ENV: 'in-the-environment' })
    const native = process.arch === 'x64' ? 'amd64' : process.arch
    writeApp(job, 'FROM alpine\nARG A=none\nLABEL a=$A\n')
    const built = await job.docker(
      `build --platform linux/${native} --build-arg A=given --label b=c --network none --progress plain --cache-from type=gha --provenance false --pull=true --no-cache=false --iidfile id --metadata-file facts.json -t x:1 .`,
    )
    expect(built).toMatchObject({ exit: 0, err: '' })
    for (const flag of ['cache-from', 'provenance', 'pull']) expect(built.out).toContain(`docker build --${flag} has no meaning`)
    const id = readFileSync(join(job.cwd, 'id'), 'utf8')
    expect(JSON.parse(readFileSync(join(job.cwd, 'facts.json'), 'utf8'))).toMatchObject({ 'containerimage.digest': id, 'image.name': 'docker.io/library/x:1' })
    expect((await job.docker('build --progress=quiet --build-arg A=given --label b=c .')).out).toBe(`${id}\n`)
  })

  test('a secret comes from a file or from the environment', async () => {
    const job = makeJob({ FROM_ENV: 'in-the-environment' })
    writeFileSync(join(job.cwd, 'token'), 'in-a-file')
    writeApp(job, 'FROM alpine\nRUN --mount=type=secret,id=a --mount=type=secret,id=b cat /run/secrets/a /run/secrets/b | tr a-z A-Z\n')
    const built = await job.docker('build --secret id=a,src=token --secret id=b,env=FROM_ENV .')
    if (built.err.includes('namespaces')) return
    expect(built.out).toContain('IN-A-FILEIN-THE-ENVIRONMENT')
  })
})

describe('what is refused', () => {
  test('another registry, by name, and nothing of ours is sent there', async () => {
    const seen: string[] = []
    const foreign = createServer((req, res) => {
      seen.push(`${req.method} ${req.url} ${req.headers.authorization}`)
      res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    })
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve))
    const host = `127.0.0.1:${(foreign.address() as AddressInfo).port}`
    const job = makeJob()
    writeApp(job)
    await job.docker(`build -t ${host}/acme/hello:main .`)
    for (const line of [
      `push ${host}/acme/hello:main`,
      `pull ${host}/acme/hello`,
      `login ${host} -u x -p y`,
      `logout ${host}`,
      `build --push -t ${host}/a/b .`,
      'push acme/hello',
    ]) {
      const result = await job.docker(line)
      expect([line, result.exit]).toEqual([line, 2])
      expect(result.err).toContain('is not an alias of the embedded registry')
    }
    writeApp(job, `FROM ${host}/acme/base\n`)
    expect((await job.docker('build .')).err).toContain('dockerfile-invalid')
    await new Promise((resolve) => foreign.close(resolve))
    // A base is asked for as anybody may; nothing of ours goes there.
    expect(seen.filter((line) => !line.startsWith('GET /v2/acme/base/manifests/latest'))).toEqual([])
    expect(seen.join()).not.toMatch(/Basic|Bearer/)
  })

  test("another project's repository, by the registry", async () => {
    const job = makeJob()
    writeApp(job)
    await job.docker('build -t ghcr.io/acme/other:main .')
    const refused = await job.docker('push ghcr.io/acme/other:main')
    expect(refused.exit).toBe(1)
    expect(refused.err).toMatch(/may not (push|pull) acme\/other/)
  })

  test.each([
    ['run alpine', 'docker run needs a Docker Engine'],
    ['compose up', 'docker compose needs a Docker Engine'],
    ['build --squash .', 'docker build --squash'],
    ['build --ssh default .', 'docker build --ssh'],
    ['build --build-context a=b .', 'docker build --build-context'],
    ['build --platform linux/s390x .', 'images are made for this machine'],
    ['build --progress rawjson .', '--progress rawjson'],
    ['build --network mine .', '--network mine'],
    ['build --output type=local,dest=x .', '--output type=local,dest=x'],
    ['build --secret src=x .', '--secret has no id'],
    ['build --secret id=x,src=nowhere .', 'no file nowhere'],
    ['build --secret id=x,env=NOT_SET .', 'NOT_SET is not set'],
    ['build -t Upper/Case .', 'lower-case'],
    ['build', 'takes 1 argument'],
    ['build https://example.com/x.git', 'needs a Docker Engine'],
    ['build nowhere', 'no Dockerfile'],
    ['push ghcr.io/acme/hello:absent', 'is not in the registry'],
    ['images --format x', '--format'],
    ['login ghcr.io', 'needs a user name and a password'],
  ])('docker %s', async (line, why) => {
    const result = await makeJob().docker(line)
    expect(result.exit).not.toBe(0)
    expect(result.err).toContain(why)
    expect(result.err).not.toContain('    at ')
  })
})

describe.skipIf(needs('skopeo').skip)('a foreign client (needs package skopeo)', () => {
  const creds = ['--creds', 'x:hello-token']

  test('skopeo inspects and copies what was pushed, and pushes it back unchanged', async () => {
    const job = makeJob()
    writeApp(job)
    await job.docker('build -t ghcr.io/acme/hello:skopeo .')
    await job.docker('push ghcr.io/acme/hello:skopeo')
    const source = `docker://${registry.host}/acme/hello:skopeo`
    const inspected = JSON.parse((await exec('skopeo', ['inspect', '--tls-verify=false', ...creds, source])).stdout)
    const digest = registry.index.tag('acme/hello', 'skopeo')
    expect(inspected).toMatchObject({ Digest: digest, Architecture: expect.any(String), Layers: expect.any(Array) })
    const dir = tempDir('copy')
    await exec('skopeo', ['copy', '--preserve-digests', '--src-tls-verify=false', '--src-creds', 'x:hello-token', source, `oci:${dir}:copied`])
    await exec('skopeo', [
      'copy',
      '--preserve-digests',
      '--dest-tls-verify=false',
      '--dest-creds',
      'x:hello-token',
      `oci:${dir}:copied`,
      `docker://${registry.host}/acme/hello/back:1`,
    ])
    expect(registry.index.tag('acme/hello/back', '1')).toBe(digest)
    await exec('skopeo', ['copy', `oci:${job.env.PUSHWAY_IMAGE_STORE}:ghcr.io/acme/hello:skopeo`, `dir:${tempDir('layout')}`])
    // Compressed on the way, as other registries have it: it unpacks all the same.
    await exec('skopeo', [
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      'x:hello-token',
      `oci:${job.env.PUSHWAY_IMAGE_STORE}:ghcr.io/acme/hello:skopeo`,
      `docker://${registry.host}/acme/hello/gzip:1`,
    ])
    const packed = registry.index.tag('acme/hello/gzip', '1') ?? ''
    await unpackImage(registry.blobs, packed, join(dir, 'unpacked'))
    expect(readFileSync(join(dir, 'unpacked/app/made.txt'), 'utf8')).toBe('made\n')
  }, 60_000)

  test('skopeo is refused with a wrong credential', async () => {
    await expect(exec('skopeo', ['inspect', '--tls-verify=false', '--creds', 'x:wrong', `docker://${registry.host}/acme/hello:skopeo`])).rejects.toThrow(
      /unauthorized|authentication|invalid/i,
    )
  })
})
