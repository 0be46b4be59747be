// What only containers have: networks, volumes, files, limits, checks by commands, names; and what goes wrong with them.

import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openFileBlobs } from '../../packages/pushway/src/drivers/blobs/files.ts'
import { createDockerRuntime } from '../../packages/pushway/src/drivers/runtime/docker/index.ts'
import { hostAnnotations, writeImage } from '../../packages/pushway/src/oci/image.ts'
import { writeTar } from '../../packages/pushway/src/oci/tar-write.ts'
import type { GroupSpec, GroupStatus } from '../../packages/pushway/src/ports/runtime.ts'
import { type DockerRuntimeBench, openDockerRuntime } from '../support/docker-runtime.ts'
import { ensureNodeImage, nodeImage } from '../support/engine-images.ts'
import { needs } from '../support/needs.ts'
import { tempDir } from '../support/temp.ts'
import { contractSpec, makeReady, until } from './runtime.contract.ts'

const never = new AbortController().signal
const docker = needs('docker')
const prefix = `pwt${process.pid}`

describe.skipIf(docker.skip)(`containers of a Docker Engine ${docker.reason}`, { timeout: 60_000 }, () => {
  let bench: DockerRuntimeBench
  let image: GroupSpec['image']

  beforeAll(async () => {
    bench = openDockerRuntime()
    await ensureNodeImage(bench.engine)
    const server =
      "require('node:http').createServer((q, r) => r.end(require('node:os').hostname())).listen(3000); process.on('SIGTERM', () => process.exit(0))"
    image = await bench.build({ 'server.js': server }, `FROM ${nodeImage}\nCOPY server.js /app/server.js\nCMD ["node", "/app/server.js"]\n`)
  }, 60_000)
  afterAll(() => bench.close())

  const specOf = (over: Partial<GroupSpec> = {}) => contractSpec({ image: () => image }, 'good', over)
  const remove = async (spec: GroupSpec) => {
    await bench.runtime.removeGroup(spec.id, never)
    await until(bench.runtime, spec, (group) => group === undefined)
  }

  /** What a command inside the first instance writes. */
  async function inside(group: GroupStatus, ...argv: readonly string[]): Promise<string> {
    const command = await bench.runtime.exec?.(group.instances[0]?.id ?? '', { argv }, never)
    if (!command) throw new Error('no exec')
    const chunks: Buffer[] = []
    for await (const { bytes } of command.output) chunks.push(Buffer.from(bytes))
    return `${Buffer.concat(chunks).toString('utf8').trim()} (${await command.exitCode()})`
  }

  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'no error',
      (error: { code?: string; message: string }) => `${error.code}: ${error.message}`,
    )

  test('networks: made with compose’s names, aliases and fixed addresses; gone with the last group', async () => {
    const network = { name: `${prefix}_back`, ipam: { config: [{ subnet: '10.213.7.0/24' }] }, labels: { team: 'a' } }
    const spec = specOf({
      project: prefix,
      networks: [{ network: { name: `${prefix}_front` } }, { network, aliases: ['store'], ipv4: '10.213.7.9', priority: 5 }],
    })
    const group = await makeReady(bench.runtime, spec, 1)
    expect(await inside(group, 'getent', 'hosts', 'store')).toMatch(/^10\.213\.7\.9\s+store \(0\)$/)
    expect(Object.values(group.instances[0]?.addresses ?? {})[0]).toBe('10.213.7.9:3000')
    const labels = JSON.parse(execFileSync('docker', ['network', 'inspect', network.name, '--format', '{{json .Labels}}'], { encoding: 'utf8' }))
    expect(labels).toMatchObject({ team: 'a', 'com.docker.compose.project': prefix, 'com.docker.compose.network': 'back' })
    await remove(spec)
    await until(bench.runtime, spec, () => !networkNames().some((name) => name === network.name || name === `${prefix}_front`))
  })

  test('containers of one network find each other by service, those of another do not', async () => {
    const environment = `acme/names${process.pid}/staging`
    const on = (service: string, ...names: readonly string[]) =>
      specOf({ environment, service, networks: names.map((name) => ({ network: { name: `${prefix}_${name}` } })) })
    const [web, api, db] = [on('web', 'one'), on('api', 'one', 'two'), on('db', 'two')]
    const [first] = await Promise.all([web, api, db].map((spec) => makeReady(bench.runtime, spec, 1)))
    expect(await inside(first as GroupStatus, 'getent', 'hosts', 'api')).toMatch(/api \(0\)$/)
    expect(await inside(first as GroupStatus, 'getent', 'hosts', 'db')).toMatch(/\([12]\)$/)
    for (const spec of [web, api, db]) await remove(spec)
  })

  test('a service with an address of its own is reached through it by name, from its networks only', async () => {
    const environment = `acme/address${process.pid}/staging`
    const address = await bench.runtime.serviceAddress?.(environment, 'api', never)
    // Only root has such addresses; `names through the engine` is shown above.
    if (process.getuid?.() !== 0) return expect(address).toBeUndefined()
    expect(address?.host).toMatch(/^198\.1[89]\./)
    const router = await listen(address?.host ?? '', 'through the router')
    try {
      const spec = specOf({ environment, service: 'web', services: { 'api:4000': `${address?.host}:4000`, 'web:3000': '127.0.0.1:5' } })
      const group = await makeReady(bench.runtime, spec, 1)
      const dial = "require('node:net').connect(4000, 'api').on('data', (d) => process.stdout.write(d)).on('error', (e) => console.log(e.code))"
      expect(await inside(group, 'node', '-e', dial)).toBe('through the router (0)')
      const from = (await bench.runtime.serviceAddress?.(environment, 'api', never))?.from
      expect(from).toHaveLength(1)
      expect(await bench.reopen().serviceAddress?.(environment, 'api', never)).toEqual({ ...address, from })
      await remove(spec)
    } finally {
      router.close()
    }
  })

  test('volumes: kept when everything else goes, and there again for the next', async () => {
    const volume = { name: `${prefix}_data`, labels: { kept: 'yes' } }
    const mounts: GroupSpec['mounts'] = [{ kind: 'volume', volume, target: '/data', readOnly: false }]
    const environment = `acme/volumes${process.pid}/staging`
    const first = specOf({ environment, mounts })
    await inside(await makeReady(bench.runtime, first, 1), 'sh', '-c', 'echo precious > /data/file')
    await remove(first)
    const second = specOf({ environment, mounts: [...mounts, { kind: 'tmpfs', target: '/scratch', sizeBytes: 1 << 20 }] })
    const group = await makeReady(bench.runtime, second, 1)
    expect(await inside(group, 'cat', '/data/file')).toBe('precious (0)')
    expect(await inside(group, 'sh', '-c', 'while read d t f r; do test $t != /scratch || echo $f; done < /proc/mounts')).toBe('tmpfs (0)')
    await remove(second)
    // Another environment of the same names would share the data: refused.
    const other = specOf({ environment: `acme/volumes${process.pid}/production`, mounts })
    expect(await codeOf(bench.runtime.ensureGroup(other, 1, never))).toBe(
      `resource-taken: The volume ${prefix}_data belongs to the environment ${environment}.`,
    )
    await remove(other)
  })

  test.each([false, true])('configs and secrets are files with owner and mode; read-only root: %s', async (readOnly) => {
    const secret = { kind: 'file', from: 'secret', name: 'key', target: '/run/secrets/key', uid: '1000', gid: '1000', mode: 0o400 } as const
    const spec = specOf({
      container: { readOnly },
      mounts: [
        { ...secret, contentBase64: Buffer.from('s3cret').toString('base64') },
        { kind: 'file', from: 'config', name: 'c', target: '/etc/my/app.conf', contentBase64: Buffer.from('on=1').toString('base64') },
      ],
    })
    const group = await makeReady(bench.runtime, spec, 1)
    expect(await inside(group, 'cat', '/run/secrets/key', '/etc/my/app.conf')).toBe('s3creton=1 (0)')
    expect(await inside(group, 'ls', '-ln', '/run/secrets/key')).toMatch(/^-r--------\s+1 1000\s+1000/)
    await remove(spec)
  })

  test('a file of this machine is bound; one that is not there is refused by name, and nothing is left', async () => {
    const dir = tempDir('bound')
    mkdirSync(join(dir, 'in'))
    writeFileSync(join(dir, 'in/file'), 'from outside')
    const spec = specOf({ mounts: [{ kind: 'bind', path: join(dir, 'in'), target: '/in', readOnly: true }] })
    const group = await makeReady(bench.runtime, spec, 1)
    expect(await inside(group, 'sh', '-c', 'cat /in/file; touch /in/x 2>/dev/null || echo " no"')).toBe('from outside no (0)')
    await remove(spec)
    const missing = specOf({ mounts: [{ kind: 'bind', path: join(dir, 'gone'), target: '/in', readOnly: true }] })
    expect(await codeOf(bench.runtime.ensureGroup(missing, 1, never))).toMatch(/^engine-refused: .*service web.*bind source path does not exist/)
    expect((await bench.runtime.observe(missing.environment, never))[0]).toMatchObject({ total: 0 })
    await remove(missing)
  })

  test('limits, user, capabilities and kernel settings are inside', async () => {
    const spec = specOf({
      resources: { memoryBytes: 128 << 20, cpus: 0.5, pids: 64 },
      container: {
        user: '1000:1000',
        hostname: 'box',
        capDrop: ['ALL'],
        ulimits: { nofile: { soft: 512, hard: 512 } },
        sysctls: { 'net.core.somaxconn': '77' },
        init: true,
      },
    })
    const group = await makeReady(bench.runtime, spec, 1)
    expect(await inside(group, 'sh', '-c', 'id -u; hostname; ulimit -n; cat /proc/sys/net/core/somaxconn')).toBe('1000\nbox\n512\n77 (0)')
    const asked = JSON.parse(execFileSync('docker', ['inspect', group.instances[0]?.id ?? '', '--format', '{{json .HostConfig}}'], { encoding: 'utf8' }))
    expect(asked).toMatchObject({ Memory: 128 << 20, NanoCpus: 5e8, PidsLimit: 64, CapDrop: ['ALL'], Init: true })
    const [stats] = (await bench.runtime.stats?.(spec.id, never)) ?? []
    expect(stats).toMatchObject({ id: group.instances[0]?.id, memoryLimitBytes: 128 << 20 })
    expect(stats?.memoryBytes).toBeGreaterThan(1 << 20)
    await remove(spec)
  })

  test('a health command: ready long before the engine’s first look, unready with its words', async () => {
    const check = { kind: 'shell', line: 'test ! -e /tmp/sick || { echo the database is down; exit 1; }' } as const
    const slow = specOf({ ready: { check, intervalMs: 60_000, timeoutMs: 2_000, retries: 2, startPeriodMs: 0 } })
    await makeReady(bench.runtime, slow, 1)
    await remove(slow)
    const quick = specOf({ ready: { check, intervalMs: 200, timeoutMs: 2_000, retries: 2, startPeriodMs: 0 } })
    const group = await makeReady(bench.runtime, quick, 1)
    await until(bench.runtime, quick, (now) => healthOf(now) === 'healthy')
    await inside(group, 'sh', '-c', 'echo > /tmp/sick')
    const sick = await until(bench.runtime, quick, (now) => now?.ready === 0)
    expect(sick).toMatchObject({ problem: 'the health command ended with 1: the database is down', instances: [{ state: 'unready' }] })
    await remove(quick)
  })

  test('a container that is not alive is restarted, and that counts as a crash', async () => {
    const live = {
      check: { kind: 'shell', line: 'test ! -e /tmp/dead || { echo stuck; exit 1; }' },
      intervalMs: 100,
      timeoutMs: 2_000,
      retries: 2,
      startPeriodMs: 0,
    } as const
    const spec = specOf({ live })
    const group = await makeReady(bench.runtime, spec, 1)
    await inside(group, 'sh', '-c', 'echo > /tmp/dead')
    // The file stays in the container, so it dies again and again.
    const after = await until(bench.runtime, spec, (now) => (now?.crashes ?? 0) > 0 && /is not alive/.test(now?.problem ?? ''))
    expect(after?.problem).toBe('is not alive: the health command ended with 1: stuck')
    expect(after?.instances[0]?.id).toBe(group.instances[0]?.id)
    await remove(spec)
  })

  test('hooks run after the start and before the stop', async () => {
    const volume = { name: `${prefix}_hooks` }
    const environment = `acme/hooks${process.pid}/staging`
    const mounts: GroupSpec['mounts'] = [{ kind: 'volume', volume, target: '/data', readOnly: false }]
    const hook = (text: string) => [{ command: ['sh', '-c', `echo ${text} >> /data/log`] }]
    const spec = specOf({ environment, mounts, container: { postStart: hook('begin'), preStop: hook('end') } })
    await makeReady(bench.runtime, spec, 1)
    await remove(spec)
    const after = specOf({ environment, mounts })
    expect(await inside(await makeReady(bench.runtime, after, 1), 'cat', '/data/log')).toBe('begin\nend (0)')
    await remove(after)
  })

  test('another driver over the same records goes on: adopts, scales, ends what was begun', async () => {
    const spec = specOf()
    const before = await makeReady(bench.runtime, spec, 1)
    const later = bench.reopen()
    expect((await later.observe(spec.environment, never))[0]?.instances[0]?.id).toBe(before.instances[0]?.id)
    await later.scaleGroup(spec.id, 2, never)
    await until(later, spec, (group) => group?.ready === 2)
    await later.removeGroup(spec.id, never)
    await until(bench.reopen(), spec, (group) => group === undefined)
  })

  test('what is wrong is said by name: networks and volumes that must be there, ports that are taken', async () => {
    const gone = specOf({ networks: [{ network: { name: `${prefix}-nowhere`, external: true } }] })
    expect(await codeOf(bench.runtime.ensureGroup(gone, 1, never))).toMatch(/^external-missing: Service web needs the external network pwt\d+-nowhere/)
    const data = specOf({ mounts: [{ kind: 'volume', volume: { name: `${prefix}-nodata`, external: true }, target: '/d', readOnly: false }] })
    expect(await codeOf(bench.runtime.ensureGroup(data, 1, never))).toMatch(/^external-missing: .*volume/)
    const busy = await listen('127.0.0.1', '')
    const port = (busy.address() as { port: number }).port
    const taken = specOf({ ports: [{ target: 3000, published: port, host: '127.0.0.1', mode: 'host', protocol: 'tcp' }] })
    expect(await codeOf(bench.runtime.ensureGroup(taken, 1, never))).toMatch(new RegExp(`^port-in-use: .*${port}`))
    busy.close()
    for (const spec of [gone, data, taken]) await remove(spec)
  })

  test('what others made is seen and named: before a deployment, and when it has a port', async () => {
    const name = `${prefix}-foreign-1`
    const labels = ['--label', `com.docker.compose.project=${prefix}`, '--label', 'com.docker.compose.service=web']
    execFileSync('docker', ['run', '-d', '--name', name, ...labels, '-p', '127.0.0.1::3000', nodeImage, 'sleep', '60'], { stdio: 'ignore' })
    try {
      const said = (await bench.runtime.describe?.('acme/x/staging', prefix, never)) ?? []
      expect(said[0]).toMatch(/^Docker Engine \d.* at unix:\/\/\S+, by .*; services reach each other/)
      expect(said[1]).toMatch(new RegExp(`^The container ${name} \\(running\\) of the same project was made by docker compose: it is left alone`))
      const port = execFileSync('docker', ['port', name, '3000'], { encoding: 'utf8' }).trim().split(':').at(-1)
      expect(await bench.runtime.portOwner?.(Number(port), never)).toBe(`the container ${name}, made by docker compose`)
      expect(await bench.runtime.portOwner?.(1, never)).toBeUndefined()
      expect(await bench.runtime.observe(undefined, never)).not.toContainEqual(expect.objectContaining({ service: 'foreign' }))
    } finally {
      execFileSync('docker', ['rm', '-f', name], { stdio: 'ignore' })
    }
  })

  test('images: of this server’s registry they are loaded, on the machine’s own userland refused, from nowhere named', async () => {
    const dataDir = tempDir('registry')
    const blobs = openFileBlobs(join(dataDir, 'blobs'))
    const pack = async (annotations: Record<string, string>) => {
      const exported = execFileSync('sh', ['-c', `id=$(docker create ${nodeImage} x); docker export $id; docker rm $id >/dev/null`], { maxBuffer: 1 << 30 })
      const layer = await blobs.put(exported)
      const server = Buffer.from("require('node:http').createServer((q, r) => r.end('hi')).listen(3000); process.on('SIGTERM', () => process.exit(0))")
      const chunks: Buffer[] = []
      for await (const chunk of writeTar([{ path: 'app/s.js', type: 'file', mode: 0o644, content: server }])) chunks.push(chunk)
      const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch }
      const layers = [layer, await blobs.put(Buffer.concat(chunks))]
      const config = { Cmd: ['node', '/app/s.js'], Env: ['PATH=/usr/local/bin:/bin'] }
      return (await writeImage(blobs, { layers, config, history: [], annotations, platform })).digest
    }
    const own = createDockerRuntime({ address: bench.engine.address, stateDir: join(bench.dataDir, 'docker'), blobs })
    const loaded = { repository: `acme/packed${process.pid}`, digest: await pack({}), origin: 'pushed' } as const
    const spec = specOf({ image: loaded })
    await makeReady(own, spec, 2)
    await remove(spec)
    const host = specOf({ image: { ...loaded, digest: await pack(hostAnnotations('20')) } })
    expect(await codeOf(own.ensureGroup(host, 1, never))).toMatch(/^image-not-runnable: .*base is host/)
    const nowhere = specOf({ image: { repository: '127.0.0.1:1/acme/none', digest: `sha256:${'1'.repeat(64)}`, origin: 'resolved' } })
    expect(await codeOf(own.ensureGroup(nowhere, 1, never))).toMatch(/^image-pull-failed: 127\.0\.0\.1:1\/acme\/none@sha256/)
    expect(await own.resolveImage?.(nodeImage, false, never)).toMatchObject({ repository: 'pushway.test/node', base: 'image' })
    expect(await own.resolveImage?.('pushway.test/nothing:1', false, never)).toBeUndefined()
    execFileSync('docker', ['rmi', '-f', `pushway.internal/${loaded.repository}:${loaded.digest.slice(7)}`], { stdio: 'ignore' })
  })
})

function networkNames(): readonly string[] {
  return execFileSync('docker', ['network', 'ls', '--format', '{{.Name}}'], { encoding: 'utf8' }).split('\n')
}

function healthOf(group: GroupStatus | undefined): string {
  return execFileSync('docker', ['inspect', group?.instances[0]?.id ?? '', '--format', '{{.State.Health.Status}}'], { encoding: 'utf8' }).trim()
}

/** A server that says `text` to everyone; on port 4000 of an address of its own, else on any. */
function listen(host: string, text: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(text))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: host.startsWith('198.') ? 4000 : 0 }, () => resolve(server))
  })
}
