// What the process runtime does with programs that misbehave, one named test for each.

import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GroupSpec } from '../../packages/pushway/src/ports/runtime.ts'
import { freePort } from '../support/free-port.ts'
import { openProcessRuntime, type ProcessRuntimeBench } from '../support/process-runtime.ts'
import { collect, contractSpec, groupNow, makeReady, until } from './runtime.contract.ts'

const never = new AbortController().signal
const listen = (port: number | string) => `require('node:http').createServer((q, s) => s.end('hi')).listen(${port}, () => console.log('started'))`
/** A program that is neither told where to listen nor asks: the preload and PORT do not reach it. */
const deaf = ['sh', '-c', 'unset PORT NODE_OPTIONS; exec node server.js']

describe('process runtime: programs that misbehave', () => {
  let bench: ProcessRuntimeBench

  beforeAll(async () => {
    bench = await openProcessRuntime()
  })
  afterAll(() => bench.close())

  async function specOf(program: string, over: Partial<GroupSpec> = {}, config: Record<string, unknown> = {}): Promise<GroupSpec> {
    const image = await bench.pack('app', { files: { 'app/server.js': program }, config: { Cmd: ['node', 'server.js'], WorkingDir: '/app', ...config } })
    return contractSpec({ image: () => image }, 'good', { ready: undefined, ...over })
  }

  test('several instances of a Node.js app that insists on port 3000 run side by side', async () => {
    const spec = await specOf(listen(3000))
    const group = await makeReady(bench.runtime, spec, 3)
    for (const instance of group.instances) expect(await (await fetch(`http://${instance.addresses[3000]}/`)).text()).toBe('hi')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('one instance of a program that does not read PORT gets its own port', async () => {
    const port = await freePort()
    const spec = await specOf(listen(port), { command: deaf, ports: [{ target: port, protocol: 'http' }] })
    const group = await makeReady(bench.runtime, spec, 1)
    expect(group.instances[0]?.addresses[port]).toBe(`127.0.0.1:${port}`)
    await bench.runtime.removeGroup(spec.id, never)
    await until(bench.runtime, spec, (g) => g === undefined)
  })

  test('several instances of such a program: the problem says that it insists on the port', async () => {
    const port = await freePort()
    const spec = await specOf(listen(port), { command: deaf, ports: [{ target: port, protocol: 'http' }] })
    await bench.runtime.ensureGroup(spec, 2, never)
    const group = await until(bench.runtime, spec, (g) => g?.instances.filter((i) => /insists on port/.test(i.problem ?? '')).length === 2)
    expect(group?.problem).toBe(`app insists on port ${port}: it does not read PORT, so only one instance of it can run on this machine`)
    await bench.runtime.removeGroup(spec.id, never)
    await until(bench.runtime, spec, (g) => g === undefined)
  })

  test('port in use: such a program says which port, and gets ready when it is free', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = (other.address() as { port: number }).port
    const spec = await specOf(`${listen(port)}.on('error', (e) => { console.error(String(e)); process.exit(1) })`, {
      command: deaf,
      ports: [{ target: port, protocol: 'http' }],
    })
    await bench.runtime.ensureGroup(spec, 1, never)
    const group = await until(bench.runtime, spec, (g) => (g?.crashes ?? 0) > 0 && g?.problem !== undefined)
    expect(group?.problem).toMatch(new RegExp(`EADDRINUSE.*${port}`))
    await new Promise((resolve) => other.close(resolve))
    await until(bench.runtime, spec, (g) => g?.ready === 1)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('listens on the wrong port: the problem names both', async () => {
    const port = await freePort()
    const spec = await specOf(listen(port))
    await bench.runtime.ensureGroup(spec, 1, never)
    const wanted = process.platform === 'linux' ? `listens on ${port}, not on 3000` : 'nothing listens on 3000'
    await until(bench.runtime, spec, (g) => g?.problem === wanted && g.ready === 0)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('listens on nothing: the problem says so', async () => {
    const spec = await specOf('setInterval(() => {}, 1000)')
    await bench.runtime.ensureGroup(spec, 1, never)
    await until(bench.runtime, spec, (g) => g?.problem === 'nothing listens on 3000')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('exits at once: the problem has the code and the line that says most', async () => {
    const spec = await specOf("throw new TypeError('config is missing')")
    await bench.runtime.ensureGroup(spec, 1, never)
    const group = await until(bench.runtime, spec, (g) => (g?.crashes ?? 0) > 0 && g?.problem !== undefined)
    expect(group?.problem).toBe('exited with code 1: TypeError: config is missing')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('a command that does not exist', async () => {
    const spec = await specOf('', { command: ['no-such-program'] })
    await bench.runtime.ensureGroup(spec, 1, never)
    const group = await until(bench.runtime, spec, (g) => (g?.crashes ?? 0) > 0 && g?.problem !== undefined)
    expect(group?.problem).toMatch(/no-such-program/)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('crashes: the pauses between starts grow', async () => {
    const spec = await specOf('console.log(Date.now()); process.exit(1)')
    await bench.runtime.ensureGroup(spec, 1, never)
    await until(bench.runtime, spec, (g) => (g?.crashes ?? 0) >= 5)
    const starts = (await collect(bench.runtime.logs(spec.id, { tail: 100, follow: false }, never))).map((line) => Number(line.text))
    const pauses = starts.slice(1).map((at, i) => at - (starts[i] as number))
    expect(pauses[0]).toBeGreaterThanOrEqual(100)
    expect(pauses[3]).toBeGreaterThanOrEqual(800)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('ignores SIGTERM: killed after its grace, and its log says so', async () => {
    const spec = await specOf(`process.on('SIGTERM', () => console.log('no')); ${listen(3000)}`, { stopGraceMs: 400 })
    await makeReady(bench.runtime, spec, 1)
    const before = Date.now()
    await bench.runtime.scaleGroup(spec.id, 0, never)
    await until(bench.runtime, spec, (g) => g?.total === 0)
    expect(Date.now() - before).toBeGreaterThanOrEqual(390)
    const lines = (await collect(bench.runtime.logs(spec.id, { tail: 10, follow: false }, never))).map((line) => line.text)
    expect(lines).toContain('no')
    expect(lines).toContain('pushway: did not stop within 0.4 s of SIGTERM and was killed')
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('asked to stop, it has its grace, and gets the signal of its image', async () => {
    const spec = await specOf(`process.on('SIGQUIT', () => { console.log('bye'); process.exit(0) }); ${listen(3000)}`, {}, { StopSignal: 'SIGQUIT' })
    await makeReady(bench.runtime, spec, 1)
    await bench.runtime.scaleGroup(spec.id, 0, never)
    await until(bench.runtime, spec, (g) => g?.total === 0)
    expect((await collect(bench.runtime.logs(spec.id, { tail: 5, follow: false }, never))).map((line) => line.text)).toEqual(['started', 'bye'])
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('what it started dies with it', async () => {
    const port = await freePort()
    const child = `require('node:child_process').spawn('node', ['-e', ${JSON.stringify(listen(port))}], { stdio: 'ignore' })`
    const spec = await specOf(`${child}; ${listen(3000)}`)
    await makeReady(bench.runtime, spec, 1)
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      )
    for (let i = 0; i < 100 && !(await answers()); i++) await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await answers()).toBe(true)
    await bench.runtime.removeGroup(spec.id, never)
    await until(bench.runtime, spec, (g) => g === undefined)
    expect(await answers()).toBe(false)
  })

  test('no longer well: unready after its retries, ready again when it is', async () => {
    const program = `let bad = false; require('node:http').createServer((q, s) => { if (q.url === '/toggle') bad = !bad; s.statusCode = bad && q.url === '/ready' ? 500 : 200; s.end() }).listen(3000)`
    const probe = { check: { kind: 'http', port: 3000, path: '/ready' }, intervalMs: 50, timeoutMs: 1000, retries: 3, startPeriodMs: 0 } as const
    const spec = await specOf(program, { ready: probe })
    const group = await makeReady(bench.runtime, spec, 1)
    await fetch(`http://${group.instances[0]?.addresses[3000]}/toggle`)
    const bad = await until(bench.runtime, spec, (g) => g?.instances[0]?.state === 'unready')
    expect(bad?.problem).toBe('GET /ready answered 500')
    await fetch(`http://${group.instances[0]?.addresses[3000]}/toggle`)
    expect(await until(bench.runtime, spec, (g) => g?.ready === 1)).toMatchObject({ crashes: 0 })
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('not alive: restarted, and counted as a crash', async () => {
    const program = `let n = 0; require('node:http').createServer((q, s) => { s.statusCode = q.url === '/live' && n++ > 1 ? 500 : 200; s.end() }).listen(3000)`
    const live = { check: { kind: 'http', port: 3000, path: '/live' }, intervalMs: 50, timeoutMs: 1000, retries: 2, startPeriodMs: 0 } as const
    const spec = await specOf(program, { live })
    await bench.runtime.ensureGroup(spec, 1, never)
    const group = await until(bench.runtime, spec, (g) => (g?.crashes ?? 0) >= 1 && (g?.instances[0]?.restarts ?? 0) >= 1)
    expect(group?.instances).toHaveLength(1)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test("a health command runs in the instance's environment and finds its port", async () => {
    const check = `test "$GREETING" = hello && node -e "fetch('http://localhost:3000/').then(() => process.exit(0), () => process.exit(1))"`
    const health = { Healthcheck: { Test: ['CMD-SHELL', check], Interval: 1e9, Timeout: 10e9, Retries: 2 } }
    const spec = await specOf(listen(3000), { env: { GREETING: 'hello' } }, health)
    await makeReady(bench.runtime, spec, 1)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('a health command that fails says what it said', async () => {
    const check = { kind: 'command', argv: ['sh', '-c', 'echo database is down >&2; exit 1'] } as const
    const spec = await specOf(listen(3000), { ready: { check, intervalMs: 100, timeoutMs: 1000, retries: 2, startPeriodMs: 0 } })
    await bench.runtime.ensureGroup(spec, 1, never)
    await until(bench.runtime, spec, (g) => g?.problem === 'the health command ended with 1: database is down' && g.ready === 0)
    await bench.runtime.removeGroup(spec.id, never)
  })

  test('an image that is not of the host base is refused', async () => {
    const image = await bench.pack('foreign', { files: { 'bin/thing': 'x' }, config: { Cmd: ['/bin/thing'] }, base: 'image' })
    const spec = contractSpec({ image: () => image }, 'good')
    await expect(bench.runtime.ensureGroup(spec, 1, never)).rejects.toMatchObject({ code: 'image-not-runnable' })
    expect(await groupNow(bench.runtime, spec)).toBeUndefined()
  })

  test('an image without a command is refused', async () => {
    const image = await bench.pack('empty', { files: { 'app/x': 'x' }, config: { WorkingDir: '/app' } })
    await expect(bench.runtime.ensureGroup(contractSpec({ image: () => image }, 'good'), 1, never)).rejects.toMatchObject({ code: 'image-not-runnable' })
  })
})
