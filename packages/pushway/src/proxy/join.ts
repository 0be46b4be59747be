// Two connections as one: bytes both ways, each end passed on by itself.

import type { Socket } from 'node:net'

/** Copies both ways with back-pressure; one side's end is passed on as an end, its loss as a reset. */
export function joinSockets(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.setKeepAlive(true, 60_000)
    from.pipe(to)
    from.on('error', () => to.resetAndDestroy())
    from.on('close', () => {
      // Closed without an end of its own: whatever was written has been passed on.
      if (!to.destroyed && !from.readableEnded) to.resetAndDestroy()
      else if (!to.destroyed) to.end()
    })
  }
}
