// The Router port over the embedded proxy.

import type { Router } from '../../../ports/router.ts'
import { callProxy } from './client.ts'
import { type ProxyMetrics, readCounts, readMetrics, readStatus, readStatuses } from './schema.ts'

export { askProxy, type EnsuredProxy, ensureProxy, stopProxy } from './ensure-proxy.ts'

/** The Router of the proxy that answers on `socket`, as `ensureProxy` gives it. */
export function createEmbeddedRouter(options: { readonly socket: string }): Router {
  const { socket } = options
  return {
    capabilities: { weights: true, hold: true, counts: true },
    async setRoute(route, signal) {
      return readStatus(await callProxy(socket, { method: 'PUT', path: `/v1/routes/${encodeURIComponent(route.id)}`, body: route, signal }))
    },
    async removeRoute(id, signal) {
      await callProxy(socket, { method: 'DELETE', path: `/v1/routes/${encodeURIComponent(id)}`, signal })
    },
    async read(environment, signal) {
      const query = environment === undefined ? '' : `?environment=${encodeURIComponent(environment)}`
      return readStatuses(await callProxy(socket, { method: 'GET', path: `/v1/routes${query}`, signal }))
    },
    async counts(environment, since, signal) {
      return readCounts(await callProxy(socket, { method: 'GET', path: `/v1/counts?environment=${encodeURIComponent(environment)}&since=${since}`, signal }))
    },
  }
}

/** Totals per group since the proxy began. */
export async function readProxyMetrics(socket: string, signal?: AbortSignal): Promise<ProxyMetrics> {
  return readMetrics(await callProxy(socket, { method: 'GET', path: '/v1/metrics', signal }))
}
