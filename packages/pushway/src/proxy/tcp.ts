// Plain TCP through the proxy: a connection goes to one target as a whole.

import { connect, type Socket } from 'node:net'
import { systemClock } from '../util/clock.ts'
import { joinSockets } from './join.ts'
import type { LiveRoute, Target } from './route.ts'

const mostTries = 3
const connectMs = 5000

/** Joins a client's connection with a target of `route`; a target that refuses is passed over. */
export function forwardConnection(route: LiveRoute, client: Socket): void {
  client.pause()
  client.on('error', () => client.destroy())
  const tried = new Set<Target>()
  const to = (target: Target | undefined): void => {
    if (client.destroyed) return
    if (target === undefined) return void client.resetAndDestroy()
    tried.add(target)
    joinTarget(route, client, {
      target,
      refused: () => to(tried.size < mostTries ? route.choose(tried) : undefined),
    })
  }
  const stop = route.acquire(to)
  if (stop !== undefined) client.once('close', stop)
}

function joinTarget(route: LiveRoute, client: Socket, to: { target: Target; refused: () => void }): void {
  const { target } = to
  const begun = performance.now()
  const upstream = connect({ host: target.host, port: target.port, allowHalfOpen: true, noDelay: true })
  let connected = false
  route.begin(target)
  upstream.setTimeout(connectMs, () => upstream.destroy(new Error('no answer')))
  upstream.once('connect', () => {
    connected = true
    upstream.setTimeout(0)
    target.counts.add(systemClock.now(), performance.now() - begun, false)
    joinSockets(client, upstream)
    client.resume()
  })
  upstream.on('error', () => undefined)
  upstream.once('close', () => {
    route.end(target)
    client.off('close', abandon)
    if (connected || client.destroyed) return
    route.putAside(target)
    target.counts.add(systemClock.now(), performance.now() - begun, true)
    to.refused()
  })
  const abandon = () => {
    if (!connected) upstream.destroy()
  }
  client.once('close', abandon)
}
