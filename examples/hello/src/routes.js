'use strict'

const { greet, readName } = require('./greeting.js')
const { quote } = require('./quotes.js')
const { version } = require('./version.js')

const largestBody = 64 * 1024

/** An answer: a status and what its body is made from. */
const json = (status, body) => ({ status, body })

/** Route → handler. A handler takes what it needs from the request and returns an answer; `:name` is one path segment. */
const routes = {
  'GET /': async ({ opening }) => json(200, { service: 'hello', version, greeting: await greet('world', opening) }),
  'GET /health': async () => json(200, { status: 'ok' }),
  'GET /ready': async ({ stopping }) => (stopping ? json(503, { status: 'stopping' }) : json(200, { status: 'ready' })),
  'GET /metrics': async ({ metrics }) => ({ status: 200, text: metrics.render() }),
  'GET /greet/:name': greetByName,
  'POST /quotes': quoteOrder,
}

async function greetByName({ param, opening }) {
  const name = readName(param)
  return name === undefined ? json(400, { error: 'that is not a name' }) : json(200, { greeting: await greet(name, opening) })
}

async function quoteOrder({ request }) {
  const text = await readBody(request)
  if (text === undefined) return json(413, { error: `the body is larger than ${largestBody} bytes` })
  try {
    return json(200, quote(JSON.parse(text)))
  } catch (error) {
    if (error instanceof RangeError) return json(422, { error: error.message })
    if (error instanceof SyntaxError) return json(400, { error: 'the body is not JSON' })
    throw error
  }
}

/** Finds what answers a request: the route's name, its handler and the decoded path segment; a status when there is none. */
function matchRoute(method, path) {
  const verb = method === 'HEAD' ? 'GET' : method
  const segments = path.split('/')
  const param = segments.length === 3 && segments[1] === 'greet' ? decode(segments[2]) : undefined
  const pattern = param === undefined ? path : '/greet/:name'
  const handler = Object.hasOwn(routes, `${verb} ${pattern}`) ? routes[`${verb} ${pattern}`] : undefined
  if (handler !== undefined) return { route: pattern, handler, param }
  const known = Object.keys(routes).some((route) => route.endsWith(` ${pattern}`))
  return { route: known ? pattern : 'other', status: known ? 405 : 404 }
}

function decode(segment) {
  try {
    return decodeURIComponent(segment)
  } catch {
    return ''
  }
}

/** The body as text; undefined when it is too large. */
async function readBody(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size <= largestBody) chunks.push(chunk)
  }
  return size > largestBody ? undefined : Buffer.concat(chunks).toString('utf8')
}

module.exports = { matchRoute }
