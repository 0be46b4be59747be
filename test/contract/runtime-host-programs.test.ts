// Backing services as programs of this machine, through the real agent: postgres, redis, rabbitmq, nginx, prometheus; and the programs that are not here.

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GroupSpec, GroupStatus } from '../../packages/pushway/src/ports/runtime.ts'
import { execProgram } from '../../packages/pushway/src/util/exec.ts'
import { needs, needsLinux } from '../support/needs.ts'
import { openProcessRuntime, type ProcessRuntimeBench } from '../support/process-runtime.ts'
import { tempDir } from '../support/temp.ts'

const signal = AbortSignal.timeout(600_000)
let bench: ProcessRuntimeBench

beforeAll(async () => {
  bench = await openProcessRuntime()
})
afterAll(() => bench.close())

async function specOf(service: string, image: string, over: Partial<GroupSpec> = {}): Promise<GroupSpec> {
  const found = await bench.runtime.resolveImage?.(image, true, signal)
  if (!found) throw new Error(`${image} has no recipe`)
  return {
    id: `acme/shop/test~${service}~r1`,
    environment: 'acme/shop/test',
    service,
    release: 'r1',
    image: { repository: found.repository, digest: found.digest, origin: 'resolved' },
    env: {},
    ports: [],
    stopGraceMs: 10_000,
    services: {},
    ...over,
  }
}

const statusOf = async (id: string) => (await bench.runtime.observe(undefined, signal)).find((group) => group.id === id)

async function ready(spec: GroupSpec): Promise<GroupStatus> {
  await bench.runtime.ensureGroup(spec, 1, signal)
  for (let tries = 0; ; tries++) {
    const status = await statusOf(spec.id)
    if (status?.ready === 1) return status
    if (tries === 300) throw new Error(`not ready: ${status?.instances[0]?.problem ?? status?.problem}\n${await logOf(spec)}`)
    await sleep(100)
  }
}

async function logOf(spec: GroupSpec): Promise<string> {
  const lines = []
  for await (const line of bench.runtime.logs(spec.id, { tail: 50, follow: false }, signal)) lines.push(line.text)
  return lines.join('\n')
}

async function gone(spec: GroupSpec): Promise<void> {
  await bench.runtime.removeGroup(spec.id, signal)
  for (let tries = 0; tries < 300 && (await statusOf(spec.id)) !== undefined; tries++) await sleep(100)
  expect(await statusOf(spec.id)).toBeUndefined()
}

const addressIn = (status: GroupStatus, port: number) => status.instances[0]?.addresses[port] ?? ''
const volume = (name: string, target: string) => ({ kind: 'volume', volume: { name }, target, readOnly: false }) as const

const has = (program: string, pkg: string) => {
  const need = needs(program, pkg)
  return { ...need, title: need.reason === '' ? '' : ` (${need.reason})` }
}
const linux = needsLinux()

const postgres = has('pg_lsclusters', 'postgresql')
describe.skipIf(linux.skip || postgres.skip)(`postgres${postgres.title} (Linux only)`, () => {
  const env = { POSTGRES_DB: 'users', POSTGRES_USER: 'user', POSTGRES_PASSWORD: 'pass word' }
  const psql = (address: string, sql: string, database = 'users') => {
    const [host = '', port = ''] = address.split(':')
    return execProgram(['psql', '-h', host, '-p', port, '-U', 'user', '-d', database, '-tAc', sql], { env: { ...process.env, PGPASSWORD: 'pass word' } })
  }

  test('makes the database of the documented variables on its own address; its volume outlives it; scripts are run once', { timeout: 180_000 }, async () => {
    const scripts = tempDir('sql')
    writeFileSync(join(scripts, 'b.sql'), "INSERT INTO seen VALUES ('b');\n")
    writeFileSync(join(scripts, 'a.sql'), 'CREATE TABLE seen (name text);\n')
    const mounts = [
      volume('user-data', '/var/lib/postgresql/data'),
      { kind: 'bind', path: scripts, target: '/docker-entrypoint-initdb.d', readOnly: true } as const,
    ]
    const check = {
      check: { kind: 'shell', line: 'pg_isready -U user -d users' },
      intervalMs: 500,
      timeoutMs: 5_000,
      retries: 3,
      startPeriodMs: 60_000,
    } as const
    const spec = await specOf('user-db', 'postgres:13', { env, mounts, ready: check })
    const status = await ready(spec)
    expect(addressIn(status, 5432)).toMatch(/^127\.\d+\.\d+\.\d+:5432$/)
    expect((await psql(addressIn(status, 5432), 'SELECT name FROM seen')).stdout.trim()).toBe('b')
    expect(
      (
        await execProgram(['psql', '-h', addressIn(status, 5432).split(':')[0] ?? '', '-U', 'user', '-d', 'users', '-c', 'SELECT 1'], {
          env: { ...process.env, PGPASSWORD: 'wrong' },
        })
      ).stderr,
    ).toContain('password authentication failed')
    expect(await logOf(spec)).toMatch(/the image asks for postgres 13, this machine has \d+/)
    await gone(spec)
    const again = await ready({ ...spec, id: 'acme/shop/test~user-db~r2', release: 'r2' })
    expect(addressIn(again, 5432)).toBe(addressIn(status, 5432))
    expect((await psql(addressIn(again, 5432), 'SELECT count(*) FROM seen')).stdout.trim()).toBe('1')
    await gone({ ...spec, id: 'acme/shop/test~user-db~r2' })
  })

  test('never runs as root, and its data is nobody else’s (root only)', { timeout: 120_000 }, async () => {
    if (process.getuid?.() !== 0) return
    const spec = await specOf('order-db', 'postgres', { env, mounts: [volume('order-data', '/var/lib/postgresql/data')] })
    await ready(spec)
    const { uid, mode } = statSync(join(bench.dataDir, 'volumes/acme/shop/test/order-data'))
    expect([uid >= 210_000, (mode & 0o777).toString(8)]).toEqual([true, '700'])
    await gone(spec)
  })

  test('a volume of another major is refused with both versions', async () => {
    const data = join(bench.dataDir, 'volumes/acme/shop/test/old-data')
    mkdirSync(data, { recursive: true })
    writeFileSync(join(data, 'PG_VERSION'), '9\n')
    const spec = await specOf('old-db', 'postgres:9', { env, mounts: [volume('old-data', '/var/lib/postgresql/data')] })
    await expect(bench.runtime.ensureGroup(spec, 1, signal)).rejects.toMatchObject({
      code: 'host-program-volume',
      message: expect.stringMatching(/^The volume of old-db was written by postgres 9, and this machine has \d+/),
    })
  })

  test('what it does not honour is refused by name', async () => {
    const spec = await specOf('bad-db', 'postgres', { env: { POSTGRES_NEW: '1' } })
    await expect(bench.runtime.ensureGroup(spec, 1, signal)).rejects.toMatchObject({
      code: 'host-program-refused',
      message: expect.stringMatching(/bad-db needs POSTGRES_PASSWORD: .*; bad-db sets POSTGRES_NEW/),
    })
  })
})

const redis = has('redis-server', 'redis-server')
describe.skipIf(linux.skip || redis.skip)(`redis${redis.title} (Linux only)`, () => {
  test("answers on its own address, with the service's own settings; the team's check finds it", { timeout: 60_000 }, async () => {
    const ping = { check: { kind: 'command', argv: ['redis-cli', 'ping'] }, intervalMs: 500, timeoutMs: 5_000, retries: 3, startPeriodMs: 10_000 } as const
    const spec = await specOf('redis', 'redis:7-alpine', { command: ['redis-server', '--appendonly', 'yes'], ready: ping })
    const status = await ready(spec)
    const [host = '', port = ''] = addressIn(status, 6379).split(':')
    expect((await execProgram(['redis-cli', '-h', host, '-p', port, 'config', 'get', 'appendonly'])).stdout.trim()).toBe('appendonly\nyes')
    await gone(spec)
  })
})

const rabbit = has('rabbitmqctl', 'rabbitmq-server')
describe.skipIf(linux.skip || rabbit.skip)(`rabbitmq${rabbit.title} (Linux only)`, () => {
  test('two of them run side by side, each with its user and its page, and leave nothing behind', { timeout: 180_000 }, async () => {
    const before = await epmds()
    const ping = {
      check: { kind: 'command', argv: ['rabbitmq-diagnostics', '-q', 'ping'] },
      intervalMs: 2_000,
      timeoutMs: 20_000,
      retries: 3,
      startPeriodMs: 120_000,
    } as const
    const spec = await specOf('rabbitmq', 'rabbitmq:3-management', { env: { RABBITMQ_DEFAULT_USER: 'shop', RABBITMQ_DEFAULT_PASS: 'secret' }, ready: ping })
    const other = await specOf('other', 'rabbitmq:3', {})
    const [status] = await Promise.all([ready(spec), ready(other)])
    const overview = (user: string) =>
      fetch(`http://${addressIn(status, 15672)}/api/overview`, { headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}` } })
    // The page comes up a moment after the broker.
    for (let tries = 0; tries < 200 && (await overview('shop:secret').catch(() => undefined))?.status !== 200; tries++) await sleep(100)
    expect([(await overview('shop:secret')).status, (await overview('guest:guest')).status]).toEqual([200, 401])
    await Promise.all([gone(spec), gone(other)])
    for (let tries = 0; tries < 50 && (await epmds()) > before; tries++) await sleep(100)
    expect(await epmds()).toBe(before)
  })

  async function epmds(): Promise<number> {
    return (await execProgram(['pgrep', '-c', '-x', 'epmd'])).stdout.trim() === '' ? 0 : Number((await execProgram(['pgrep', '-c', '-x', 'epmd'])).stdout)
  }
})

const nginx = has('nginx', 'nginx-light')
describe.skipIf(linux.skip || nginx.skip)(`nginx${nginx.title} (Linux only)`, () => {
  test('serves by a mounted configuration, reaches services by their names, and two of them share nothing', { timeout: 60_000 }, async () => {
    const conf = join(tempDir('nginx'), 'nginx.conf')
    writeFileSync(
      conf,
      'events {}\nhttp { server { listen 80; location / { return 200 "it is $hostname here\\n"; } location /up { proxy_pass http://backend:3000/; } } }\n',
    )
    const { createServer } = await import('node:http')
    const backend = createServer((_, res) => res.end('from behind'))
    await new Promise<void>((resolve) => backend.listen(3000, '127.99.1.7', resolve))
    const spec = await specOf('lb', 'nginx:alpine', {
      mounts: [{ kind: 'bind', path: conf, target: '/etc/nginx/nginx.conf', readOnly: true }],
      hosts: { backend: '127.99.1.7' },
    })
    await bench.runtime.ensureGroup(spec, 2, signal)
    const both = await twoReady(spec)
    for (const { addresses } of both.instances) {
      expect(await (await fetch(`http://${addresses[80]}/`)).text()).toContain('it is')
      expect(await (await fetch(`http://${addresses[80]}/up`)).text()).toBe('from behind')
    }
    expect(new Set(both.instances.map(({ addresses }) => addresses[80])).size).toBe(2)
    await gone(spec)
    backend.close()
  })

  async function twoReady(spec: GroupSpec): Promise<GroupStatus> {
    for (let tries = 0; ; tries++) {
      const status = await statusOf(spec.id)
      if (status?.ready === 2) return status
      if (tries === 200) throw new Error(`not ready: ${status?.instances[0]?.problem}\n${await logOf(spec)}`)
      await sleep(100)
    }
  }
})

const prometheus = has('prometheus', 'prometheus')
describe.skipIf(linux.skip || prometheus.skip)(`prometheus${prometheus.title} (Linux only)`, () => {
  test('scrapes by a mounted configuration', { timeout: 60_000 }, async () => {
    const conf = join(tempDir('prometheus'), 'prometheus.yml')
    writeFileSync(conf, 'global: { scrape_interval: 1s }\nscrape_configs: [{ job_name: self, static_configs: [{ targets: ["nowhere:1"] }] }]\n')
    const spec = await specOf('prometheus', 'prom/prometheus', {
      mounts: [{ kind: 'bind', path: conf, target: '/etc/prometheus/prometheus.yml', readOnly: false }],
      command: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus', '--web.console.libraries=/etc/prometheus/console_libraries'],
    })
    const status = await ready(spec)
    const answer = await fetch(`http://${addressIn(status, 9090)}/api/v1/status/config`)
    expect(await answer.text()).toContain('nowhere:1')
    await gone(spec)
  })
})

describe('a program that is not on this machine', () => {
  test.each([
    ['grafana/grafana:latest', 'grafana-server', 'Grafana from https://grafana.com/grafana/download'],
    ['elasticsearch:7.17.0', 'elasticsearch', 'Elasticsearch from https://www.elastic.co/downloads/elasticsearch'],
    ['logstash:7.17.0', 'logstash', 'Logstash from https://www.elastic.co/downloads/logstash'],
    ['kibana:7.17.0', 'kibana', 'Kibana from https://www.elastic.co/downloads/kibana'],
    ['jaegertracing/all-in-one:latest', 'jaeger-all-in-one', 'Jaeger from https://www.jaegertracing.io/download'],
  ])('%s: the sentence says what to install', async (image, program, install) => {
    const refused = bench.runtime.resolveImage?.(image, true, signal)
    await expect(refused).rejects.toMatchObject({
      code: 'host-program-missing',
      message: `${image} runs as a program of this machine, and ${program} is not installed.`,
      next: `Install ${install} (it is not among Debian's packages), or run the environment on an engine: runtime: docker in pushway.yml.`,
    })
  })

  test('an image without a recipe is not resolved here', async () => {
    expect(await bench.runtime.resolveImage?.('acme/thing:1', true, signal)).toBeUndefined()
  })
})

test('the recipes say where they are from', () => {
  expect(readFileSync(new URL('../../packages/pushway/assets/host-programs/postgres.yml', import.meta.url), 'utf8')).toContain(
    'https://hub.docker.com/_/postgres',
  )
})
