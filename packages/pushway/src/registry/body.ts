// The bodies of uploads: not longer than allowed, not shorter than announced, and not silent for ever.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import type { Milliseconds } from '@pushway/core/text/ids.ts'
import { RegistryProblem } from './answer.ts'

/** How long a client may be silent in the middle of a body, or not take what it asked for. */
export const usualStallMs: Milliseconds = 120_000
/** The largest blob where nothing else is said: 100 GB. */
export const usualBlobLimit = 100_000_000_000

/**
 * Ends the connection of a client that stops sending: what has arrived is kept, and the upload is free for another try.
 * While the server works on a body that is complete, nothing is expected of the client.
 */
export function endWhenSilent({ req, res }: { readonly req: IncomingMessage; readonly res: ServerResponse }, stallMs: Milliseconds): void {
  const { socket } = req
  socket.setTimeout(stallMs)
  const calm = () => {
    // After the answer the connection has a time limit of its own: how long it may wait for another request.
    if (!res.writableFinished) socket.setTimeout(0)
  }
  req.once('close', calm)
  req.once('end', calm)
}

/** What a request says about the length of its body; NaN when it says nothing. */
export function announcedLength(req: IncomingMessage): number {
  return Number(req.headers['content-length'] ?? Number.NaN)
}

/** A body of which no more than `limit` bytes pass. A body that announces its length has been judged before: it needs no counting. */
export function limitBody(req: IncomingMessage, limit: number): IncomingMessage | Transform {
  const announced = announcedLength(req)
  if (announced <= limit) return req
  if (announced > limit) throw tooLarge(limit)
  let size = 0
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length
      if (size > limit) done(tooLarge(limit))
      else done(null, chunk)
    },
  })
  req.once('error', (error) => counted.destroy(error))
  req.once('aborted', () => counted.destroy(new Error('the client went away')))
  return req.pipe(counted)
}

function tooLarge(limit: number): RegistryProblem {
  return new RegistryProblem(413, 'SIZE_INVALID', `The blob would have more than the ${limit} bytes that are allowed here`)
}
