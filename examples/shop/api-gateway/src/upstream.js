'use strict'

const { formatTrace, refusal } = require('./service.js')

/** A service behind the gateway. `url` is its address; an answer is given within `patience` ms or not at all. */
function createUpstream(name, url, { patience = 5000 } = {}) {
  /** Sends a request on with the present trace; gives `{ status, body }`. @throws a refusal 502 or 504 when it does not answer */
  async function send(method, path, body) {
    const headers = { traceparent: formatTrace(), accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
    try {
      const response = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(patience) })
      return { status: response.status, body: await response.json(), cache: response.headers.get('x-cache') ?? undefined }
    } catch (error) {
      throw error.name === 'TimeoutError' ? refusal(504, `${name} did not answer in time`) : refusal(502, `${name} cannot be reached`)
    }
  }

  async function check() {
    const { status, body } = await send('GET', '/ready')
    const problems = Object.entries(body.problems ?? {}).map(([part, problem]) => `${part}: ${problem}`)
    if (status !== 200) throw new Error(problems.join(', ') || `answers ${status}`)
  }

  return { send, check }
}

module.exports = { createUpstream }
