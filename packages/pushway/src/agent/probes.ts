// Runs one probe once against one instance.

import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Probe } from '@pushway/core/app/types.ts'
import type { Program, Word } from '../ports/agent.ts'
import { type InstancePlace, type Launch, launchOf } from './launch.ts'

/** `refused`: nobody listens there, which deserves a closer look. */
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly problem: string; readonly refused?: number }

/** Runs `probe` once; never rejects, and answers at the latest after its own timeout. */
export function runProbe(probe: Probe, program: Program, place: InstancePlace): Promise<ProbeResult> {
  const { check } = probe
  switch (check.kind) {
    case 'http':
      return probeHttp({ port: check.port, hostPort: place.ports[check.port] ?? check.port, path: check.path, timeoutMs: probe.timeoutMs })
    case 'tcp':
      return probeTcp(check.port, place.ports[check.port] ?? check.port, probe.timeoutMs)
    case 'command':
      return probeCommand(program, place, { words: check.argv.map((word) => movePorts(word, place.ports)), timeoutMs: probe.timeoutMs })
    case 'shell':
      return probeCommand(program, place, { words: ['/bin/sh', '-c', movePorts(check.line, place.ports)], timeoutMs: probe.timeoutMs })
  }
}

/** `localhost:3000` in a probe's command is the instance's own port, wherever it really is. */
export function movePorts(text: string, ports: Readonly<Record<number, number>>): string {
  const moved = text.replace(/(?<![\w.-])(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d{1,5})(?!\d)/g, (whole, _host, port: string) => {
    const host = ports[Number(port)]
    return host === undefined ? whole : `127.0.0.1:${host}`
  })
  const plain = ports[80]
  return plain === undefined ? moved : moved.replace(/(http:\/\/)(localhost|127\.0\.0\.1)(?![\w.:-])/g, `$1127.0.0.1:${plain}`)
}

function probeHttp(options: { readonly port: number; readonly hostPort: number; readonly path: string; readonly timeoutMs: number }): Promise<ProbeResult> {
  const { port, path, timeoutMs } = options
  return new Promise((resolve) => {
    const req = request({ host: '127.0.0.1', port: options.hostPort, path, agent: false, headers: { 'user-agent': 'pushway-probe' } }, (res) => {
      res.resume()
      const status = res.statusCode ?? 0
      clearTimeout(timer)
      resolve(status >= 200 && status < 400 ? { ok: true } : { ok: false, problem: `GET ${path} answered ${status}` })
    })
    const timer = setTimeout(() => {
      resolve({ ok: false, problem: `GET ${path} did not answer within ${timeoutMs} ms` })
      req.destroy()
    }, timeoutMs)
    req.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      resolve(error.code === 'ECONNREFUSED' ? refused(port) : { ok: false, problem: `GET ${path} failed: ${error.code ?? error.message}` })
    })
    req.end()
  })
}

function probeTcp(port: number, hostPort: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: hostPort })
    const done = (result: ProbeResult) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(timeoutMs, () => done({ ok: false, problem: `port ${port} did not answer within ${timeoutMs} ms` }))
    socket.once('connect', () => done({ ok: true }))
    socket.once('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' ? refused(port) : { ok: false, problem: `port ${port}: ${error.code ?? error.message}` }),
    )
  })
}

function refused(port: number): ProbeResult {
  return { ok: false, problem: `nothing listens on ${port}`, refused: port }
}

function probeCommand(program: Program, place: InstancePlace, what: { readonly words: readonly Word[]; readonly timeoutMs: number }): Promise<ProbeResult> {
  let launch: Launch
  try {
    launch = launchOf(program, place, what.words)
  } catch (error) {
    return Promise.resolve({ ok: false, problem: String(error) })
  }
  const [file = '', ...args] = launch.argv
  const options = { cwd: launch.cwd, env: launch.env, uid: launch.uid, gid: launch.gid, timeout: what.timeoutMs, killSignal: 'SIGKILL' as const }
  return new Promise((resolve) => {
    execFile(file, args, { ...options, maxBuffer: 64 * 1024 }, (error, stdout, stderr) => {
      if (error === null) return resolve({ ok: true })
      const said = `${stderr}\n${stdout}`.split('\n').find((line) => line.trim() !== '') ?? ''
      const how = error.killed ? `did not end within ${what.timeoutMs} ms` : `ended with ${error.code ?? error.signal}`
      resolve({ ok: false, problem: `the health command ${how}${said === '' ? '' : `: ${said.trim().slice(0, 200)}`}` })
    })
  })
}
