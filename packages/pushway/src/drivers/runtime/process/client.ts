// Calls to the agent, with its refusals as our errors.

import { fail } from '@pushway/core/reason/errors.ts'
import type { EnvironmentId, GroupId } from '@pushway/core/text/ids.ts'
import { type AgentGroup, type AgentGroupStatus, type AgentHello, agentProtocol, protocolHeader } from '../../../ports/agent.ts'
import { callJson } from '../../../util/json-socket.ts'

const timeoutMs = 15_000

export interface AgentClient {
  hello(): Promise<AgentHello>
  observe(environment: EnvironmentId | undefined, signal: AbortSignal): Promise<readonly AgentGroupStatus[]>
  ensure(group: AgentGroup, signal: AbortSignal): Promise<void>
  scale(id: GroupId, replicas: number, signal: AbortSignal): Promise<void>
  remove(id: GroupId, signal: AbortSignal): Promise<void>
  /** Ends the agent; with `instances`, everything it runs first. */
  shutdown(instances: boolean): Promise<void>
}

/** A client of the agent behind `socket`. Every method throws `agent-unreachable` when it does not answer. */
export function createAgentClient(socket: string): AgentClient {
  async function call(method: string, path: string, options: { readonly body?: unknown; readonly signal?: AbortSignal } = {}): Promise<unknown> {
    const headers = { [protocolHeader]: String(agentProtocol) }
    const answer = await callJson({ socket, method, path, headers, timeoutMs, ...options }).catch((error: Error) => {
      if (options.signal?.aborted) throw error
      throw fail('agent-unreachable', { problem: error.message })
    })
    if (answer.status === 200) return answer.body
    const problem = (answer.body as { readonly error?: string } | null)?.error ?? `status ${answer.status}`
    if (answer.status === 404 && path === '/v1/scale') throw fail('not-found', { what: 'group', name: (options.body as { id: string }).id })
    throw fail('agent-unreachable', { problem })
  }
  return {
    hello: async () => (await call('GET', '/v1/hello')) as AgentHello,
    observe: async (environment, signal) => {
      const query = environment === undefined ? '' : `?environment=${encodeURIComponent(environment)}`
      return (await call('GET', `/v1/groups${query}`, { signal })) as readonly AgentGroupStatus[]
    },
    ensure: async (group, signal) => void (await call('PUT', '/v1/groups', { body: group, signal })),
    scale: async (id, replicas, signal) => void (await call('POST', '/v1/scale', { body: { id, replicas }, signal })),
    remove: async (id, signal) => void (await call('POST', '/v1/remove', { body: { id }, signal })),
    shutdown: async (instances) => void (await call('POST', '/v1/shutdown', { body: { instances } })),
  }
}
