// Answers a request whose body was not read to its end, so that the client really gets the answer.

import type { IncomingMessage, ServerResponse } from 'node:http'

/** How long the rest of the body is thrown away before the connection is closed. */
const LINGER_MS = 1000

/**
 * Sends the whole answer and closes the connection. While unread bytes are on their way, closing at once would reset the connection
 * and the client would lose the answer: so for a moment what still comes is thrown away.
 */
export function sendAnswer(
  req: IncomingMessage,
  res: ServerResponse,
  answer: { status: number; headers: Readonly<Record<string, string>>; body: string },
): void {
  const headers = { ...answer.headers, 'content-length': String(Buffer.byteLength(answer.body)) }
  if (req.complete) {
    res.writeHead(answer.status, headers)
    res.end(answer.body)
    return
  }
  res.writeHead(answer.status, { ...headers, connection: 'close' })
  res.write(answer.body)
  const timer = setTimeout(() => req.destroy(), LINGER_MS)
  res.on('close', () => clearTimeout(timer))
  req.on('error', () => {})
  req.on('end', () => res.end())
  req.resume()
}
