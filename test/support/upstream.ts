// A program behind a router, for tests: it names itself, streams, fails, echoes, as its path says.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

export interface Upstream {
  /** `127.0.0.1:PORT`. */
  readonly address: string
  /** `METHOD path` of each request, in order. */
  readonly requests: string[]
  /** Client connections that were aborted before the answer ended. */
  readonly aborted: () => number
  close(): Promise<void>
}

/**
 * Paths: `/status/N`, `/wait/MS`, `/upload` (answers the number of bytes), `/download/BYTES`, `/events` (one now, one after 300 ms),
 * `/cut` (resets in the middle of the body), `/headers` (the request's, as JSON), `/empty` (304); WebSockets echo; anything else answers `name`.
 */
export async function startUpstream(name: string, port = 0): Promise<Upstream> {
  const requests: string[] = []
  let aborted = 0
  const server = createServer((req, res) => {
    requests.push(`${req.method} ${req.url}`)
    res.on('close', () => {
      if (!res.writableFinished) aborted++
    })
    answer(name, req, res)
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    aborted: () => aborted,
    async close() {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(name: string, req: IncomingMessage, res: ServerResponse): void {
  const [, kind, value = ''] = (req.url ?? '').split('/')
  switch (kind) {
    case 'status':
      res.statusCode = Number(value)
      return void res.end(name)
    case 'wait':
      return void setTimeout(() => res.end(name), Number(value))
    case 'upload':
      countBody(req, res)
      return
    case 'download':
      res.setHeader('Content-Length', value)
      return void res.end(Buffer.alloc(Number(value), 'x'))
    case 'events':
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
      return void setTimeout(() => res.end('data: 2\n\n'), 300)
    case 'cut':
      res.writeHead(200, { 'Content-Length': '100' })
      res.write('half')
      return void setTimeout(() => res.socket?.resetAndDestroy(), 50)
    case 'headers':
      return void res.end(JSON.stringify(req.headers))
    case 'empty':
      res.statusCode = 304
      return void res.end()
    default:
      return void res.end(name)
  }
}

function countBody(req: IncomingMessage, res: ServerResponse): void {
  let size = 0
  req.on('data', (chunk: Buffer) => {
    size += chunk.length
  })
  req.on('end', () => res.end(String(size)))
}
