// The clients that people have, each signing in, pushing, pulling and carrying an index: docker, skopeo, podman and containerd's ctr.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs, needsRoot } from '../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../test/support/registry.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { digestOf } from '../oci/digest.ts'
import { mediaTypes } from '../oci/media-types.ts'

const run = promisify(execFile)

let registry: ServedRegistry
/** An OCI layout with an index for two platforms and an attestation, as buildx makes them. */
let layout: { readonly dir: string; readonly index: string; readonly amd64: string }
beforeAll(async () => {
  registry = await serveRegistry()
  layout = makeLayout()
})
afterAll(() => registry.close())

interface Said {
  readonly exit: number
  readonly text: string
}

async function exec(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> {
  return run(program, args, { env: { ...process.env, ...env }, timeout: 60_000 }).then(
    ({ stdout, stderr }) => ({ exit: 0, text: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ exit: error.code, text: error.stdout + error.stderr }),
  )
}

async function must(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { exit, text } = await exec(program, args, env)
  if (exit !== 0) throw new Error(`${program} ${args.join(' ')}: ${exit}\n${text}`)
  return text.trim()
}

/** A tar archive of one file. */
function tarOf(name: string, content: string): Buffer {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  )
  return Buffer.concat([header, Buffer.from(content.padEnd(512, '\0')), Buffer.alloc(1024)])
}

function makeLayout() {
  const dir = tempDir('layout')
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true })
  const put = (bytes: Buffer | string, mediaType: string) => {
    const digest = digestOf(bytes)
    writeFileSync(join(dir, 'blobs/sha256', digest.slice(7)), bytes)
    return { mediaType, digest, size: Buffer.byteLength(bytes) }
  }
  const image = (architecture: string) => {
    const tar = tarOf('hello', `hello from ${architecture}`)
    const diff = `sha256:${createHash('sha256').update(tar).digest('hex')}`
    const config = { architecture, os: 'linux', config: { Cmd: ['/hello'] }, rootfs: { type: 'layers', diff_ids: [diff] } }
    const manifest = {
      ...{ schemaVersion: 2, mediaType: mediaTypes.manifest },
      config: put(JSON.stringify(config), mediaTypes.config),
      layers: [put(gzipSync(tar), mediaTypes.layerGzip)],
    }
    return { ...put(JSON.stringify(manifest), mediaTypes.manifest), platform: { architecture, os: 'linux' } }
  }
  const [amd64, arm64] = [image('amd64'), image('arm64')]
  const attestation = {
    ...put(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: mediaTypes.manifest },
        config: put(JSON.stringify({ architecture: 'unknown', os: 'unknown', rootfs: { type: 'layers', diff_ids: [] } }), mediaTypes.config),
        layers: [put('{"_type":"https://in-toto.io/Statement/v0.1"}', 'application/vnd.in-toto+json')],
      }),
      mediaTypes.manifest,
    ),
    platform: { architecture: 'unknown', os: 'unknown' },
    annotations: { 'vnd.docker.reference.type': 'attestation-manifest', 'vnd.docker.reference.digest': amd64.digest },
  }
  const index = put(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [amd64, arm64, attestation] }), mediaTypes.index)
  writeFileSync(
    join(dir, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...index, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }] }),
  )
  writeFileSync(join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  return { dir, index: index.digest, amd64: amd64.digest }
}

async function tagMeans(repository: string, tag: string): Promise<string | null> {
  const headers = { authorization: 'Bearer hello-token' }
  return (await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, { method: 'HEAD', headers })).headers.get('docker-content-digest')
}

describe.skipIf(needs('skopeo').skip)('skopeo (needs package skopeo)', () => {
  test('signs in, copies a whole index, inspects, lists tags, copies it back, deletes', async () => {
    const auth = join(tempDir('skopeo'), 'auth.json')
    const image = `docker://${registry.host}/acme/hello/skopeo:v1`
    const login = (token: string) => exec('skopeo', ['login', '--authfile', auth, '--tls-verify=false', '-u', 'anyone', '-p', token, registry.host])
    expect((await login('wrong')).exit).not.toBe(0)
    expect((await login('hello-token')).exit).toBe(0)
    const copy = ['copy', '--all', '--authfile', auth, '--src-tls-verify=false', '--dest-tls-verify=false']
    await must('skopeo', [...copy, `oci:${layout.dir}:v1`, image])
    expect(await tagMeans('acme/hello/skopeo', 'v1')).toBe(layout.index)
    const raw = await must('skopeo', ['inspect', '--raw', '--authfile', auth, '--tls-verify=false', image])
    expect((JSON.parse(raw) as { manifests: unknown[] }).manifests).toHaveLength(3)
    expect(await must('skopeo', ['list-tags', '--authfile', auth, '--tls-verify=false', `docker://${registry.host}/acme/hello/skopeo`])).toContain('"v1"')
    const back = tempDir('skopeo-back')
    await must('skopeo', [...copy, image, `oci:${back}:v1`])
    expect(readFileSync(join(back, 'blobs/sha256', layout.index.slice(7)))).toEqual(readFileSync(join(layout.dir, 'blobs/sha256', layout.index.slice(7))))
    // Between repositories layers are mounted, not sent again; skopeo always sends the three configurations.
    const uploads = () => registry.requests.filter((one) => one.startsWith('PATCH')).length
    const before = uploads()
    await must('skopeo', [...copy, image, `docker://${registry.host}/acme/hello/copy:v1`])
    expect(uploads() - before).toBe(3)
    expect(registry.requests.filter((one) => one.includes('mount=')).length).toBeGreaterThanOrEqual(3)
    await must('skopeo', ['delete', '--authfile', auth, '--tls-verify=false', image])
    expect(await tagMeans('acme/hello/skopeo', 'v1')).toBeNull()
    const stranger = await exec('skopeo', [
      'copy',
      '--dest-tls-verify=false',
      '--dest-creds',
      'x:reader-token',
      `oci:${layout.dir}:v1`,
      image,
      '--multi-arch=all',
    ])
    expect([stranger.exit === 0, stranger.text]).toEqual([false, expect.stringMatching(/denied|may not push/)])
  }, 120_000)
})

describe.skipIf(needs('docker').skip)('docker (needs package docker.io)', () => {
  test('signs in, pushes, pulls its platform of an index, makes an index of its own', async () => {
    const env = { DOCKER_CONFIG: tempDir('docker-config'), DOCKER_CLI_EXPERIMENTAL: 'enabled' }
    const docker = (...args: readonly string[]) => must('docker', args, env)
    const name = `${registry.host}/acme/hello/docker`
    expect((await exec('docker', ['login', '-u', 'anyone', '-p', 'wrong', registry.host], env)).exit).not.toBe(0)
    expect((await exec('docker', ['push', `${name}:none`], env)).exit).not.toBe(0)
    await docker('login', '-u', 'anyone', '-p', 'hello-token', registry.host)
    const file = join(tempDir('docker'), 'root.tar')
    writeFileSync(file, tarOf('from-docker', 'hello'))
    try {
      await docker('import', '--change', 'CMD ["/from-docker"]', file, `${name}:v1`)
      expect(await docker('push', `${name}:v1`)).toMatch(/digest: sha256:/)
      const digest = await tagMeans('acme/hello/docker', 'v1')
      await docker('rmi', `${name}:v1`)
      expect(await docker('pull', `${name}:v1`)).toContain(digest)
      // The index that skopeo's and buildx' users push: docker takes its own platform.
      await must('skopeo', ['copy', '--all', '--dest-tls-verify=false', '--dest-creds', 'x:hello-token', `oci:${layout.dir}:v1`, `docker://${name}:multi`])
      expect(await docker('pull', `${name}:multi`)).toContain(layout.index)
      expect(await docker('image', 'inspect', '--format', '{{.Architecture}} {{.Config.Cmd}}', `${name}:multi`)).toBe('amd64 [/hello]')
      await docker('manifest', 'create', '--insecure', `${name}:list`, `${name}:v1`)
      await docker('manifest', 'push', '--insecure', `${name}:list`)
      const list = await fetch(`${registry.url}/v2/acme/hello/docker/manifests/list`, { headers: { authorization: 'Bearer hello-token' } })
      expect(list.headers.get('content-type')).toBe(mediaTypes.dockerList)
      await docker('logout', registry.host)
      expect((await exec('docker', ['pull', `${name}:v1`], env)).exit).not.toBe(0)
    } finally {
      await exec('docker', ['rmi', '-f', `${name}:v1`, `${name}:multi`], env)
    }
  }, 120_000)
})

describe.skipIf(needs('podman').skip || needsRoot().skip)('podman (needs package podman, root only)', () => {
  test('signs in, pushes, pulls, takes its platform of an index', async () => {
    const dir = tempDir('podman')
    const auth = ['--authfile', join(dir, 'auth.json'), '--tls-verify=false']
    const base = [
      '--root',
      join(dir, 'root'),
      '--runroot',
      join(dir, 'run'),
      '--storage-driver',
      'vfs',
      '--cgroup-manager',
      'cgroupfs',
      '--events-backend',
      'none',
    ]
    const podman = (...args: readonly string[]) => must('podman', [...base, ...args])
    const name = `${registry.host}/acme/hello/podman`
    const file = join(dir, 'root.tar')
    writeFileSync(file, tarOf('from-podman', 'hello'))
    await podman('import', file, `${name}:v1`)
    expect((await exec('podman', [...base, 'push', ...auth, `${name}:v1`])).exit).not.toBe(0)
    expect((await exec('podman', [...base, 'login', ...auth, '-u', 'anyone', '-p', 'wrong', registry.host])).exit).not.toBe(0)
    await podman('login', ...auth, '-u', 'anyone', '-p', 'hello-token', registry.host)
    await podman('push', ...auth, `${name}:v1`)
    expect(await tagMeans('acme/hello/podman', 'v1')).toMatch(/^sha256:/)
    await podman('rmi', `${name}:v1`)
    await podman('pull', ...auth, `${name}:v1`)
    await must('skopeo', ['copy', '--all', '--dest-tls-verify=false', '--dest-creds', 'x:hello-token', `oci:${layout.dir}:v1`, `docker://${name}:multi`])
    await podman('pull', ...auth, `${name}:multi`)
    expect(await podman('image', 'inspect', '--format', '{{.Architecture}}', `${name}:multi`)).toBe('amd64')
  }, 120_000)
})

// Docker's engine brings its own, unless the machine has one.
const containerd = ['/run/containerd/containerd.sock', '/run/docker/containerd/containerd.sock'].find((path) => existsSync(path)) ?? ''

describe.skipIf(needs('docker').skip || needs('ctr', 'containerd').skip || needsRoot().skip)(
  'containerd (needs packages docker.io and containerd, root only)',
  () => {
    test('pulls its platform or all of an index, and pushes the index', async () => {
      const namespace = `pushway-test-${process.pid}`
      const ctr = (...args: readonly string[]) => must('ctr', ['--address', containerd, '--namespace', namespace, ...args])
      const image = `${registry.host}/acme/hello/containerd:v1`
      const user = ['--plain-http', '--user', 'anyone:hello-token']
      await must('skopeo', ['copy', '--all', '--dest-tls-verify=false', '--dest-creds', 'x:hello-token', `oci:${layout.dir}:v1`, `docker://${image}`])
      try {
        expect(
          (await exec('ctr', ['--address', containerd, '--namespace', namespace, 'images', 'pull', '--plain-http', '--user', 'a:wrong', image])).exit,
        ).not.toBe(0)
        await ctr('content', 'fetch', ...user, '--all-platforms', image)
        expect(await ctr('images', 'ls')).toContain(layout.index)
        const pushed = `${registry.host}/acme/hello/containerd-pushed:v1`
        await ctr('images', 'push', ...user, pushed, image)
        expect(await tagMeans('acme/hello/containerd-pushed', 'v1')).toBe(layout.index)
        await ctr('images', 'pull', ...user, '--platform', 'linux/amd64', pushed)
      } finally {
        const images = await exec('ctr', ['--address', containerd, '--namespace', namespace, 'images', 'ls', '-q'])
        await exec('ctr', ['--address', containerd, '--namespace', namespace, 'images', 'rm', '--sync', ...images.text.trim().split('\n')])
        await exec('ctr', ['--address', containerd, 'namespaces', 'rm', namespace])
      }
    }, 120_000)
  },
)
