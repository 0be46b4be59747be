// Calls to the proxy's control socket.

import { setTimeout as sleep } from 'node:timers/promises'
import { fail, PushwayError } from '@pushway/core/reason/errors.ts'
import { proxyProtocol } from '../../../util/control-socket.ts'
import { callJson, type JsonAnswer } from '../../../util/json-socket.ts'
import { readFailure } from './schema.ts'

const mostTries = 3

export interface ProxyCall {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/**
 * The answer's body.
 * @throws PushwayError `port-in-use`, or `proxy-unreachable` with the cause; the signal's reason when aborted
 */
export async function callProxy(socket: string, call: ProxyCall): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    const asked = await attempt(socket, call).catch((error: unknown) => {
      // Its successor may be taking over at this moment; what is repeated changes nothing.
      if (call.method === 'POST' || tries >= mostTries || call.signal?.aborted) throw error
      return undefined
    })
    if (asked?.status === 200) return asked.body
    if (asked !== undefined && (readFailure(asked.body).code !== 'replaced' || tries >= mostTries)) throw refusal(asked)
    await sleep(50)
  }
}

function refusal(answer: JsonAnswer): PushwayError {
  const { code, message } = readFailure(answer.body)
  // The proxy's own sentence: it knows who has the port.
  if (code === 'port-in-use')
    return new PushwayError('port-in-use', message, { next: 'Stop it, or publish another port: environments.NAME.publish in pushway.yml.' })
  return fail('proxy-unreachable', { problem: message })
}

async function attempt(socket: string, call: ProxyCall): Promise<JsonAnswer> {
  try {
    const headers = { 'pushway-protocol': String(proxyProtocol) }
    return await callJson({ socket, headers, timeoutMs: call.timeoutMs ?? 10_000, method: call.method, path: call.path, body: call.body, signal: call.signal })
  } catch (error) {
    call.signal?.throwIfAborted()
    throw fail('proxy-unreachable', { problem: error instanceof Error ? error.message : String(error) })
  }
}
