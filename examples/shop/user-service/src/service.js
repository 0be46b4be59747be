'use strict'

// What every service of the shop has: an HTTP server with structured logs, /health, /ready, /metrics, W3C trace context, and a graceful stop.
// Each service is built from its own folder, so each has its own copy of this file; `npm run lint` holds them equal.

const { randomBytes } = require('node:crypto')
const { AsyncLocalStorage } = require('node:async_hooks')
const fastify = require('fastify')
const prom = require('prom-client')

const requestContext = new AsyncLocalStorage()
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/**
 * A service, not listening yet.
 * `checks` are what it needs to be ready: name → a function that rejects when that is away.
 */
function createService({ name, version, checks = {}, logger = { level: process.env.LOG_LEVEL || 'info' } }) {
  const app = fastify({
    logger: logger && { ...logger, base: { service: name, version }, mixin: () => ({ trace: currentTrace()?.traceId }) },
    disableRequestLogging: true,
    // Longer than what a proxy in front keeps its connections, so that it is the proxy that closes them.
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    bodyLimit: 64 * 1024,
  })
  let stopping = false
  app.addHook('onRequest', (request, reply, done) => {
    const trace = continueTrace(request.headers.traceparent)
    reply.header('traceparent', formatTrace(trace))
    if (stopping) reply.header('connection', 'close')
    requestContext.run(trace, done)
  })
  const observe = addMetrics(app, name)
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions?.url ?? 'other'
    observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
    const entry = { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    if (!['/health', '/ready', '/metrics'].includes(route)) request.log.info(entry, 'answered')
  })
  app.setErrorHandler((error, request, reply) => {
    const status = error.statusCode ?? 500
    if (status >= 500) request.log.error({ err: error }, 'failed')
    // The text of an error that nobody wrote for outside stays inside.
    reply.status(status).send({ error: status >= 500 && !error.isRefusal ? 'something went wrong' : error.message })
  })
  app.setNotFoundHandler((request, reply) => reply.status(404).send({ error: 'not found' }))
  app.get('/health', async () => ({ status: 'ok', service: name, version }))
  app.get('/ready', async (request, reply) => {
    const problems = stopping ? { service: 'stopping' } : await problemsOf(checks)
    return reply.status(Object.keys(problems).length === 0 ? 200 : 503).send({ status: Object.keys(problems).length === 0 ? 'ready' : 'not ready', problems })
  })
  /** Answers what is in flight, then closes the server and what the service holds open. */
  async function stop(close = async () => {}) {
    stopping = true
    await app.close()
    await close()
  }
  return { app, stop }
}

async function problemsOf(checks) {
  const results = await Promise.all(Object.entries(checks).map(async ([part, check]) => [part, await problemOf(check)]))
  return Object.fromEntries(results.filter(([, problem]) => problem !== undefined))
}

async function problemOf(check) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer within 2 s')), 2000)
  })
  try {
    await Promise.race([check(), late])
    return undefined
  } catch (error) {
    return error.message || error.code || 'unreachable'
  } finally {
    clearTimeout(timer)
  }
}

function addMetrics(app, service) {
  const register = new prom.Registry()
  register.setDefaultLabels({ service })
  prom.collectDefaultMetrics({ register })
  const registers = [register]
  const requests = new prom.Counter({ name: 'http_requests_total', help: 'Requests answered.', labelNames: ['method', 'route', 'status'], registers })
  const durations = new prom.Histogram({ name: 'http_request_duration_seconds', help: 'Time to answer a request.', labelNames: ['route'], buckets, registers })
  app.decorate('metrics', register)
  app.get('/metrics', async (request, reply) => reply.type(register.contentType).send(await register.metrics()))
  return (labels, seconds) => {
    requests.inc(labels)
    durations.observe({ route: labels.route }, seconds)
  }
}

/** Starts to listen, and stops when asked to by the system. `close` ends what the service holds open. */
async function serve({ app, stop }, close) {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.once(signal, async () => {
      app.log.info({ signal }, 'answering what is in flight, then stopping')
      setTimeout(() => process.exit(1), 10_000).unref()
      await stop(close)
      process.exit(0)
    })
  }
  try {
    await app.listen({ host: '0.0.0.0', port: Number(process.env.PORT || 3000) })
  } catch (error) {
    app.log.fatal({ err: error }, 'cannot listen')
    process.exit(1)
  }
}

/** The trace of what is being answered now: `{ traceId, spanId }`, or undefined outside a request. */
function currentTrace() {
  return requestContext.getStore()
}

/** A new span of the trace that a `traceparent` (https://www.w3.org/TR/trace-context/) names, or of a new trace. */
function continueTrace(traceparent) {
  const [, traceId] = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent ?? '') ?? []
  return { traceId: traceId ?? randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') }
}

/** A trace as `traceparent`: of what is being answered now, unless told. */
function formatTrace(trace = currentTrace() ?? continueTrace()) {
  return `00-${trace.traceId}-${trace.spanId}-01`
}

/** Runs `work` as part of the trace that `traceparent` names, as when a message arrives. */
function inTrace(traceparent, work) {
  return requestContext.run(continueTrace(traceparent), work)
}

/** An error that is answered with `status` and its message. */
function refusal(status, message) {
  return Object.assign(new Error(message), { statusCode: status, isRefusal: true })
}

module.exports = { createService, serve, formatTrace, currentTrace, continueTrace, inTrace, refusal }
