// Listens for one route. Connections are accepted here, not by http.Server, so that accepting can end without touching them.

import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { fail } from '@pushway/core/reason/errors.ts'
import { isAllowed } from './allowed.ts'
import { answerItself } from './answers.ts'
import { forwardRequest } from './exchange.ts'
import { findPortOwner } from './port-owner.ts'
import type { LiveRoute } from './route.ts'
import { forwardConnection } from './tcp.ts'
import { forwardUpgrade } from './upgrade.ts'

/** Whether this process is leaving: then answers end their connections. */
export interface Phase {
  leaving: boolean
}

/** Something that accepts connections for one route. */
export class Listener {
  readonly sockets = new Set<Socket>()
  readonly #server: Server
  readonly #http: HttpServer | undefined
  #bound = { host: '', port: 0 }

  constructor(route: LiveRoute, phase: Phase, server?: Server) {
    this.#http = route.route.protocol === 'http' ? createRouteServer(route, phase) : undefined
    this.#server = server ?? createServer({ allowHalfOpen: true, noDelay: true })
    this.#server.on('connection', (socket) => {
      if (!isAllowed(route.route, socket.remoteAddress)) return void socket.destroy()
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
      if (this.#http === undefined) forwardConnection(route, socket)
      else this.#http.emit('connection', socket)
    })
  }

  /** The server to hand to a successor. */
  get server(): Server {
    return this.#server
  }

  /** Where it listens, or listened. */
  get bound(): { host: string; port: number } {
    const address = this.#server.address() as AddressInfo | null
    if (address !== null) this.#bound = { host: address.address, port: address.port }
    return this.#bound
  }

  /** @throws PushwayError `port-in-use` */
  async listen(address: { host: string; port: number }): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#server.once('error', reject)
        this.#server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
          this.#server.off('error', reject)
          resolve()
        })
      })
    } catch (error) {
      throw await listenProblem(error as NodeJS.ErrnoException, address.port)
    }
  }

  /** Accepts no more; open connections go on, to be closed by their answers or when they were idle for long enough. */
  stopAccepting(): void {
    this.#bound = this.bound
    this.#server.close()
  }
}

async function listenProblem(error: NodeJS.ErrnoException, port: number): Promise<Error> {
  if (error.code === 'EADDRINUSE') {
    const owner = await findPortOwner(port)
    return fail('port-in-use', owner === undefined ? { port } : { port, owner })
  }
  if (error.code === 'EACCES') return fail('port-in-use', { port, owner: 'the system: a port below 1024 needs a right that this user does not have' })
  return fail('proxy-unreachable', { problem: `it can't listen on port ${port} (${error.code ?? error.message})` })
}

function createRouteServer(route: LiveRoute, phase: Phase): HttpServer {
  class Answer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
    get leaving(): boolean {
      return phase.leaving
    }
  }
  const server = createHttpServer(
    {
      ServerResponse: Answer,
      keepAliveTimeout: 30_000,
      headersTimeout: 20_000,
      // Long uploads are welcome; this only ends those that never do.
      requestTimeout: 3_600_000,
      connectionsCheckingInterval: 5000,
      maxHeaderSize: 65_536,
      insecureHTTPParser: false,
    },
    (req, res) => {
      // Two hosts in one request are how one server is made to see what another does not.
      if (duplicated(req.rawHeaders, 'host')) return answerItself(req, res, 'bad-request')
      forwardRequest(route, req, res as Answer)
    },
  )
  server.maxRequestsPerSocket = 0
  server.on('upgrade', (req: IncomingMessage, socket: Socket, head: Buffer) => forwardUpgrade(route, req, { socket, head }))
  // It never listens itself; this starts its watch over slow clients.
  server.emit('listening')
  return server
}

function duplicated(raw: readonly string[], name: string): boolean {
  let seen = 0
  for (let i = 0; i < raw.length; i += 2) if ((raw[i] as string).length === name.length && (raw[i] as string).toLowerCase() === name) seen++
  return seen > 1
}
