// The agent's own promises: instances outlive it, get what their image and their group say, and see nothing of ours.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureAgent, stopAgent } from '../../packages/pushway/src/drivers/runtime/process/index.ts'
import type { GroupSpec, GroupStatus } from '../../packages/pushway/src/ports/runtime.ts'
import { detectIsolation } from '../../packages/pushway/src/util/isolation/index.ts'
import { callJson } from '../../packages/pushway/src/util/json-socket.ts'
import { agentLaunch, openProcessRuntime, type ProcessRuntimeBench } from '../support/process-runtime.ts'
import { tempDir } from '../support/temp.ts'
import { collect, contractSpec, groupNow, makeReady, until } from './runtime.contract.ts'

const never = new AbortController().signal
/** Answers /CODE-NAME with what the expression of that name gives. */
const asking = (expressions: Readonly<Record<string, string>>) => `
const answers = { ${Object.entries(expressions)
  .map(([name, text]) => `${JSON.stringify(`/${name}`)}: async () => (${text})`)
  .join(', ')} }
require('node:http').createServer(async (q, s) => {
  try { s.end(JSON.stringify(await (answers[q.url] || (() => 'ok'))())) } catch (e) { s.end(JSON.stringify('failed: ' + (e.code || e.message))) }
}).listen(3000)`

async function ask(group: GroupStatus | undefined, name: string, index = 0): Promise<unknown> {
  return (await fetch(`http://${group?.instances[index]?.addresses[3000]}/${name}`)).json()
}

describe('process runtime: the agent', () => {
  let bench: ProcessRuntimeBench

  beforeAll(async () => {
    bench = await openProcessRuntime()
  })
  afterAll(() => bench.close())

  async function specOf(
    program: string,
    over: Partial<GroupSpec> = {},
    more: { files?: Record<string, string>; config?: Record<string, unknown> } = {},
  ): Promise<GroupSpec> {
    const files = { 'app/server.js': program, ...more.files }
    const image = await bench.pack('app', { files, config: { Cmd: ['node', 'server.js'], WorkingDir: '/app', ...more.config } })
    return contractSpec({ image: () => image }, 'good', { ready: undefined, ...over })
  }

  test('kill -9 of the agent, then start: instances are adopted, not restarted, and are still supervised', async () => {
    const spec = await specOf(asking({ pid: 'process.pid' }))
    const before = await makeReady(bench.runtime, spec, 2)
    const pids = [await ask(before, 'pid', 0), await ask(before, 'pid', 1)]
    await bench.killAgent()
    expect(await ask(before, 'pid', 0)).toBe(pids[0])
    await expect(bench.runtime.observe(undefined, never)).rejects.toMatchObject({ code: 'agent-unreachable' })
    expect((await bench.startAgent()).adopted).toBe(false)
    const after = await groupNow(bench.runtime, spec)
    expect(after).toMatchObject({ ready: 2, total: 2, crashes: 0 })
    expect(after?.instances).toEqual(before.instances)
    expect([await ask(after, 'pid', 0), await ask(after, 'pid', 1)]).toEqual(pids)
    // It can be scaled, and one that ends is noticed although it is not the agent's child.
    await bench.runtime.scaleGroup(spec.id, 1, never)
    await until(bench.runtime, spec, (g) => g?.total === 1)
    process.kill(-(await leaderOf(bench, spec)), 'SIGKILL')
    await until(bench.runtime, spec, (g) => g?.crashes === 1)
    await until(bench.runtime, spec, (g) => g?.ready === 1)
    await bench.runtime.removeGroup(spec.id, never)
    await until(bench.runtime, spec, (g) => g === undefined)
  })

  test('what ended while no agent ran is started again', async () => {
    const spec = await specOf(asking({ pid: 'process.pid' }))
    await makeReady(bench.runtime, spec, 1)
    const leader = await leaderOf(bench, spec)
    await bench.killAgent()
    process.kill(-leader, 'SIGKILL')
    await bench.startAgent()
    expect(await until(bench.runtime, spec, (g) => g?.ready === 1)).toMatchObject({ crashes: 1 })
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('after a reboot everything is started from the desired-state file', async () => {
    const spec = await specOf(asking({}))
    const before = await makeReady(bench.runtime, spec, 1)
    const leader = await leaderOf(bench, spec)
    await bench.killAgent()
    process.kill(-leader, 'SIGKILL')
    // Another boot of the machine, as far as the file knows.
    const file = join(bench.stateDir, 'desired.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"boot":"[^"]*"/g, '"boot":"an earlier one"'))
    await bench.startAgent()
    const after = await until(bench.runtime, spec, (g) => g?.ready === 1)
    expect(after).toMatchObject({ crashes: 0 })
    expect(after?.instances[0]?.id).toBe(before.instances[0]?.id)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('asked to end, the agent leaves its instances running', async () => {
    const spec = await specOf(asking({ pid: 'process.pid' }))
    const group = await makeReady(bench.runtime, spec, 1)
    const pid = await ask(group, 'pid')
    const { pid: agent } = await bench.startAgent()
    process.kill(agent, 'SIGTERM')
    while (spawnSync('kill', ['-0', String(agent)]).status === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await ask(group, 'pid')).toBe(pid)
    await bench.startAgent()
    expect(await ask(await groupNow(bench.runtime, spec), 'pid')).toBe(pid)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test.skipIf(process.platform !== 'linux')('killed between a start and its note of it, the agent finds the instance by its mark', async () => {
    const spec = await specOf(asking({ pid: 'process.pid' }))
    const pid = await ask(await makeReady(bench.runtime, spec, 1), 'pid')
    await bench.killAgent()
    const file = join(bench.stateDir, 'desired.json')
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"process":{', '"forgotten":{'))
    await bench.startAgent()
    const group = await until(bench.runtime, spec, (g) => g?.ready === 1)
    expect(group).toMatchObject({ crashes: 0, total: 1 })
    expect(await ask(group, 'pid')).toBe(pid)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('a desired-state file that can not be read is left alone, and said', async () => {
    const stateDir = tempDir('broken')
    writeFileSync(join(stateDir, 'desired.json'), '{ "groups": ')
    const [program = '', ...args] = agentLaunch(stateDir)
    const run = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
    expect(run.status).toBe(1)
    expect(run.stderr).toContain('desired.json')
    expect(readFileSync(join(stateDir, 'desired.json'), 'utf8')).toBe('{ "groups": ')
  })

  test('a program may open its output again by name', async () => {
    const spec = await specOf(`require('fs').appendFileSync('/dev/stderr', 'by name\\n'); ${asking({})}`)
    await makeReady(bench.runtime, spec, 1)
    expect((await collect(bench.runtime.logs(spec.id, { tail: 5, follow: false }, never))).map((line) => line.text)).toContain('by name')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('a running agent is adopted; a second one for the same folder refuses to run', async () => {
    const first = await bench.startAgent()
    expect(first.adopted).toBe(true)
    const [program = '', ...args] = agentLaunch(bench.stateDir)
    const second = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
    expect(second.status).not.toBe(0)
    expect(second.stderr).toContain(`another agent serves ${bench.stateDir}`)
    expect((await bench.startAgent()).pid).toBe(first.pid)
  })

  test('an agent of another build is replaced, and its instances go on', async () => {
    const spec = await specOf(asking({ pid: 'process.pid' }))
    const before = await makeReady(bench.runtime, spec, 1)
    const pid = await ask(before, 'pid')
    const first = await bench.startAgent()
    // Another build is another program file.
    const launch = agentLaunch(bench.stateDir)
    const other = join(tempDir('build'), 'agent.mjs')
    writeFileSync(other, `await import(${JSON.stringify(launch[3])})`)
    const { hello, adopted, replaced } = await ensureAgent({ stateDir: bench.stateDir, launch: [...launch.slice(0, 3), other, bench.stateDir] })
    expect([adopted, replaced]).toEqual([true, true])
    expect(hello.pid).not.toBe(first.pid)
    const after = await groupNow(bench.runtime, spec)
    expect(after?.instances).toEqual(before.instances)
    expect(await ask(after, 'pid')).toBe(pid)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('it speaks protocol N and N−1 and says so to others', async () => {
    const call = (protocol: string) =>
      callJson({ socket: bench.socket, method: 'GET', path: '/v1/groups', headers: { 'pushway-protocol': protocol }, timeoutMs: 5000 })
    expect((await call('1')).status).toBe(200)
    expect((await call('0')).status).toBe(200)
    expect(await call('2')).toEqual({ status: 426, body: { error: 'this agent speaks protocol 1, not 2' } })
    expect(statSync(bench.socket).mode & 0o777).toBe(0o600)
  })

  test('a state folder with a long path gets a short socket', async () => {
    const stateDir = join(tempDir('long'), 'a'.repeat(120))
    const { socket, hello } = await ensureAgent({ stateDir, launch: agentLaunch(stateDir) })
    expect(socket.length).toBeLessThan(100)
    expect((await ensureAgent({ stateDir, launch: agentLaunch(stateDir) })).hello.pid).toBe(hello.pid)
    await stopAgent(socket, false)
    for (const until = Date.now() + 5000; existsSync(`/proc/${hello.pid}`) && Date.now() < until; ) await new Promise((resolve) => setTimeout(resolve, 20))
  })

  test('environment: the image, then the group, then PORT; nothing of the server', async () => {
    process.env.PUSHWAY_TEST_SECRET = 'of the server'
    const spec = await specOf(
      asking({ env: 'process.env' }),
      { env: { B: 'group', SECRET: 'a b"c' } },
      { config: { Env: ['A=image', 'B=image', 'NODE_OPTIONS=--no-warnings'] } },
    )
    const group = await makeReady(bench.runtime, spec, 1)
    const env = (await ask(group, 'env')) as Record<string, string>
    delete process.env.PUSHWAY_TEST_SECRET
    expect(env).toMatchObject({ A: 'image', B: 'group', SECRET: 'a b"c', PORT: group.instances[0]?.addresses[3000]?.split(':')[1] })
    expect(env.NODE_OPTIONS).toMatch(/^--no-warnings --require=/)
    expect(env).not.toHaveProperty('PUSHWAY_TEST_SECRET')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('working tree: each instance writes to a copy of its own, and starts in its working directory', async () => {
    const program = asking({ cwd: 'process.cwd()', write: "(require('fs').appendFileSync('data.txt', 'x'), require('fs').readFileSync('data.txt', 'utf8'))" })
    const spec = await specOf(program, {}, { files: { 'app/data.txt': 'start ' } })
    const group = await makeReady(bench.runtime, spec, 2)
    expect(await ask(group, 'write', 0)).toBe('start x')
    expect(await ask(group, 'write', 0)).toBe('start xx')
    expect(await ask(group, 'write', 1)).toBe('start x')
    expect(await ask(group, 'cwd', 0)).toMatch(/\/tree\/app$/)
    await bench.runtime.removeGroup(spec.id, never)
    await until(bench.runtime, spec, (g) => g === undefined)
    expect(existsSync(join(bench.stateDir, 'instances', group.instances[0]?.id ?? ''))).toBe(false)
  })

  test('absolute paths of the image in its command are found in the tree', async () => {
    const spec = await specOf(asking({}), { entrypoint: ['node', '/app/server.js'] })
    await makeReady(bench.runtime, spec, 1)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('service names reach another group: http, fetch, net, and names that are resolved first', async () => {
    const db = await specOf(asking({}), { service: 'user-db' })
    const target = await makeReady(bench.runtime, db, 1)
    const program = asking({
      http: "new Promise((done, no) => require('http').get('http://user-db:5432/', (r) => done(r.statusCode)).on('error', no))",
      fetch: "(await fetch('http://user-db:5432/')).status",
      net: "new Promise((done, no) => { const c = require('net').connect(5432, 'user-db', () => { c.end(); done('connected') }).on('error', no) })",
      lookup: "(await fetch('http://' + (await require('dns').promises.lookup('user-db')).address + ':5432/')).status",
      esm: "(await import('./client.mjs')).default()",
      self: "(await fetch('http://localhost:3000/')).status",
      unknown: "(await fetch('http://no-such-service.invalid:1/')).status",
    })
    const client =
      "import { get } from 'node:http'\nexport default () => new Promise((done, no) => get('http://user-db:5432/', (r) => done(r.statusCode)).on('error', no))"
    const services = { 'user-db:5432': target.instances[0]?.addresses[3000] as string }
    const spec = await specOf(program, { services }, { files: { 'app/client.mjs': client } })
    const group = await makeReady(bench.runtime, spec, 1)
    for (const way of ['http', 'fetch', 'lookup', 'esm', 'self']) expect(await ask(group, way), way).toBe(200)
    expect(await ask(group, 'net')).toBe('connected')
    expect(await ask(group, 'unknown')).toMatch(/failed/)
    for (const one of [db, spec]) await bench.runtime.removeGroup(one.id, never)
  })

  test.each([
    ['a port', 'listen(3000)'],
    ['a port as text and a host', "listen('3000', '0.0.0.0')"],
    ['a port, a backlog and a callback', 'listen(3000, 511, () => {})'],
    ['options', "listen({ port: 3000, host: '::' })"],
    ['PORT', 'listen(process.env.PORT)'],
  ])('a listener given as %s is moved to the loopback address', async (_how, call) => {
    const spec = await specOf(`require('node:http').createServer(function (q, s) { s.end(JSON.stringify(this.address())) }).${call}`)
    const group = await makeReady(bench.runtime, spec, 1)
    expect(await ask(group, '')).toMatchObject({ address: '127.0.0.1', port: Number(group.instances[0]?.addresses[3000]?.split(':')[1]) })
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('ES modules and cluster workers listen where they are told, too', async () => {
    const program = `
import cluster from 'node:cluster'
import { createServer } from 'node:http'
if (cluster.isPrimary) { cluster.fork(); cluster.fork() } else createServer((q, s) => s.end('"worker"')).listen(3000)`
    const spec = await specOf('', { command: ['node', 'server.mjs'] }, { files: { 'app/server.mjs': program } })
    const group = await makeReady(bench.runtime, spec, 2)
    expect(await ask(group, '', 0)).toBe('worker')
    expect(await ask(group, '', 1)).toBe('worker')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('an instance can not read the data directory, the sockets, or the processes of the server', async () => {
    const isolation = await detectIsolation(undefined)
    if (!isolation.mounts) return expect(isolation.why).not.toBe('')
    writeFileSync(join(bench.dataDir, 'key'), 'secret', { mode: 0o644 })
    const read = (path: string) => `require('fs').readFileSync(${JSON.stringify(path)}, 'utf8')`
    const program = asking({
      key: read(join(bench.dataDir, 'key')),
      state: read(join(bench.stateDir, 'desired.json')),
      socket: `require('fs').statSync(${JSON.stringify(bench.socket)}).mode`,
      list: `require('fs').readdirSync(${JSON.stringify(bench.stateDir)})`,
      proc: read(`/proc/${process.pid}/environ`),
      uid: 'process.getuid()',
    })
    const spec = await specOf(program)
    const group = await makeReady(bench.runtime, spec, 1)
    for (const name of ['key', 'state', 'socket', 'proc']) expect(await ask(group, name), name).toMatch(/failed: (ENOENT|EACCES)/)
    expect(await ask(group, 'list')).toEqual(['instances'])
    if (isolation.kind === 'uid') expect(await ask(group, 'uid')).toBeGreaterThanOrEqual(210_000)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test.skipIf(process.platform !== 'linux')('a pid that belongs to another program by now is not taken for an instance', async () => {
    const spec = await specOf(asking({}))
    await makeReady(bench.runtime, spec, 1)
    const leader = await leaderOf(bench, spec)
    await bench.killAgent()
    process.kill(-leader, 'SIGKILL')
    const file = join(bench.stateDir, 'desired.json')
    // As if this very test's process had got the pid.
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(`"pid":${leader}`, `"pid":${process.pid}`))
    await bench.startAgent()
    expect(await until(bench.runtime, spec, (g) => g?.ready === 1)).toMatchObject({ crashes: 1 })
    expect(await leaderOf(bench, spec)).not.toBe(process.pid)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test.skipIf(process.platform !== 'linux')('it is idle when nothing happens', async () => {
    const spec = await specOf(asking({}))
    await makeReady(bench.runtime, spec, 2)
    const { pid } = await bench.startAgent()
    const ticks = () => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
      return Number(fields[11]) + Number(fields[12])
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
    const before = ticks()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const perSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
    expect((ticks() - before) / perSecond / 3).toBeLessThan(0.05)
    await bench.runtime.removeGroup(spec.id, never)
  })
})

describe('process runtime: other isolations', () => {
  test.each([
    { kind: 'none', mounts: false, pids: false, why: '' },
    { kind: 'uid', mounts: false, pids: false, why: '' },
    { kind: 'uid', mounts: true, pids: false, why: '' },
  ] as const)('%o', async (isolation) => {
    if (isolation.kind === 'uid' && process.getuid?.() !== 0) return expect(isolation.kind).toBe('uid')
    const bench = await openProcessRuntime({ isolation })
    try {
      const image = await bench.pack('app', { files: { 'server.js': asking({ uid: 'process.getuid()' }) }, config: { Cmd: ['node', '/server.js'] } })
      const spec = contractSpec({ image: () => image }, 'good', { ready: undefined })
      const group = await makeReady(bench.runtime, spec, 1)
      const uid = Number(await ask(group, 'uid'))
      if (isolation.kind === 'none') expect(uid).toBe(process.getuid?.())
      else expect(uid).toBeGreaterThanOrEqual(210_000)
    } finally {
      await bench.close()
    }
  })
})

/** The process that leads the group of the spec's only instance. */
async function leaderOf(bench: ProcessRuntimeBench, spec: GroupSpec): Promise<number> {
  const path = `/v1/groups?environment=${encodeURIComponent(spec.environment)}`
  const { body } = await callJson({ socket: bench.socket, method: 'GET', path, headers: { 'pushway-protocol': '1' }, timeoutMs: 5000 })
  return (body as { instances: { pid: number }[] }[])[0]?.instances[0]?.pid as number
}
