'use strict'

const { createServer } = require('node:http')
const { createMetrics } = require('./metrics.js')
const { matchRoute } = require('./routes.js')

/** The HTTP service, not listening yet. `stop` answers what is in flight, then closes. */
function createService({ opening = 'Hello', log = () => {} } = {}) {
  const metrics = createMetrics()
  let stopping = false

  const server = createServer(async (request, response) => {
    const startedAt = process.hrtime.bigint()
    const path = (request.url ?? '/').split('?')[0]
    const found = matchRoute(request.method, path)
    response.once('finish', () => {
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9
      metrics.observe({ method: request.method, route: found.route, status: response.statusCode, seconds })
    })
    const answer = await answerOf(found, { request, opening, stopping, metrics, param: found.param }, log)
    if (stopping) response.setHeader('connection', 'close')
    send(response, answer)
  })
  // Longer than what a proxy in front keeps its connections, so that it is the proxy that closes them.
  server.keepAliveTimeout = 65_000

  function stop() {
    stopping = true
    return new Promise((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
    })
  }

  return { server, stop }
}

async function answerOf(found, context, log) {
  if (found.handler === undefined) return { status: found.status, body: { error: found.status === 405 ? 'method not allowed' : 'not found' } }
  try {
    return await found.handler(context)
  } catch (error) {
    log(`${context.request.method} ${found.route}: ${error.message}`)
    return { status: 500, body: { error: 'something went wrong' } }
  }
}

function send(response, { status, body, text }) {
  response.statusCode = status
  response.setHeader('content-type', text === undefined ? 'application/json' : 'text/plain; version=0.0.4')
  response.end(text ?? `${JSON.stringify(body)}\n`)
}

module.exports = { createService }
