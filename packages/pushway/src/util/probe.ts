// Asks a port whether its program is well: by HTTP, or by connecting.

import { request } from 'node:http'
import { connect } from 'node:net'

/** `refused`: nobody listens there, which deserves a closer look. */
export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly problem: string; readonly refused?: number }

export interface ProbeTarget {
  /** The address on this machine; the loopback one when absent. */
  readonly host?: string
  readonly hostPort: number
  /** What people call the port. */
  readonly port: number
  readonly timeoutMs: number
}

/** GET; well is an answer of 200 to 399. Never rejects, and answers at the latest after the timeout. */
export function probeHttp(target: ProbeTarget & { readonly path: string }): Promise<ProbeResult> {
  const { host = '127.0.0.1', hostPort, port, path, timeoutMs } = target
  return new Promise((resolve) => {
    const req = request({ host, port: hostPort, path, agent: false, headers: { 'user-agent': 'pushway-probe' } }, (res) => {
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

/**
 * Connects; never rejects. With `staysMs` the connection must also stay open that long: a forwarder before the program accepts
 * connections that nobody takes, and closes them.
 */
export function probeTcp(target: ProbeTarget & { readonly staysMs?: number }): Promise<ProbeResult> {
  const { host = '127.0.0.1', hostPort, port, timeoutMs, staysMs = 0 } = target
  return new Promise((resolve) => {
    const socket = connect({ host, port: hostPort })
    const done = (result: ProbeResult) => {
      socket.destroy()
      resolve(result)
    }
    socket.setTimeout(timeoutMs, () => done({ ok: false, problem: `port ${port} did not answer within ${timeoutMs} ms` }))
    socket.once('connect', () => {
      if (staysMs === 0) return done({ ok: true })
      socket.once('close', () => done(refused(port)))
      socket.resume()
      setTimeout(() => done({ ok: true }), staysMs)
    })
    socket.once('error', (error: NodeJS.ErrnoException) =>
      done(error.code === 'ECONNREFUSED' ? refused(port) : { ok: false, problem: `port ${port}: ${error.code ?? error.message}` }),
    )
  })
}

function refused(port: number): ProbeResult {
  return { ok: false, problem: `nothing listens on ${port}`, refused: port }
}
