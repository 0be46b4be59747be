// WebSockets and other upgrades: the handshake through node:http, then bytes both ways.

import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { systemClock } from '../util/clock.ts'
import { rawAnswer } from './answers.ts'
import { isRefusal } from './exchange.ts'
import { forwardedHeaders } from './headers.ts'
import { joinSockets } from './join.ts'
import type { LiveRoute, Target } from './route.ts'

/** Brings an upgrade request to a target of `route`; `head` is what came after its headers. */
export function forwardUpgrade(route: LiveRoute, req: IncomingMessage, client: { socket: Socket; head: Buffer }): void {
  const { socket } = client
  socket.on('error', () => socket.destroy())
  const stop = route.acquire((target) => {
    if (socket.destroyed) return
    if (target === undefined) return void socket.end(rawAnswer('no-target'))
    sendUpgrade(route, req, { ...client, target })
  })
  if (stop !== undefined) socket.once('close', stop)
}

function sendUpgrade(route: LiveRoute, req: IncomingMessage, to: { socket: Socket; head: Buffer; target: Target }): void {
  const { socket, head, target } = to
  const begun = performance.now()
  let counted = false
  const count = (failed: boolean) => {
    if (!counted) target.counts.add(systemClock.now(), performance.now() - begun, failed)
    counted = true
  }
  route.begin(target)
  const headers = [...forwardedHeaders(req.rawHeaders, socket.remoteAddress, req.headers.host), 'Connection', 'Upgrade', 'Upgrade', req.headers.upgrade ?? '']
  const out = request({ host: target.host, port: target.port, method: req.method, path: req.url, headers, agent: false, setHost: false })
  out.on('upgrade', (answer, upstream, first) => {
    count(false)
    upstream.setNoDelay(true)
    socket.write(rawHead(answer, true))
    if (first.length > 0) socket.write(first)
    if (head.length > 0) upstream.write(head)
    joinSockets(socket, upstream as Socket)
  })
  out.on('response', (answer) => {
    count((answer.statusCode ?? 500) >= 500)
    socket.write(rawHead(answer, false))
    answer.pipe(socket)
  })
  out.on('error', (error) => {
    if (isRefusal(error)) route.putAside(target)
    if (counted) return void socket.destroy()
    count(!socket.destroyed)
    socket.end(rawAnswer('target-failed'))
  })
  socket.once('close', () => {
    counted = true
    out.destroy()
    route.end(target)
  })
  out.end()
}

function rawHead(answer: IncomingMessage, upgraded: boolean): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ''}`]
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    const name = answer.rawHeaders[i] as string
    // Without an upgrade the body comes decoded and ends with the connection.
    if (!upgraded && /^(connection|keep-alive|transfer-encoding)$/i.test(name)) continue
    lines.push(`${name}: ${answer.rawHeaders[i + 1]}`)
  }
  if (!upgraded) lines.push('Connection: close')
  return `${lines.join('\r\n')}\r\n\r\n`
}
