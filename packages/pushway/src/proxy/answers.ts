// What the proxy answers by itself: one short sentence and a code, as JSON or text.

import type { IncomingMessage, ServerResponse } from 'node:http'

export type ProxyAnswer = 'bad-request' | 'target-failed' | 'no-target' | 'target-slow'

const answers: Readonly<Record<ProxyAnswer, { readonly status: number; readonly say: string }>> = {
  'bad-request': { status: 400, say: 'This request has no valid address.' },
  'target-failed': { status: 502, say: 'The service closed the connection before it answered.' },
  'no-target': { status: 503, say: 'No instance of this service is ready.' },
  'target-slow': { status: 504, say: 'The service did not answer in time.' },
}

/** Ends `res` with the answer, unless an answer has begun. */
export function answerItself(req: IncomingMessage, res: ServerResponse, code: ProxyAnswer): void {
  if (res.headersSent || res.destroyed) return
  const { status, say } = answers[code]
  const json = (req.headers.accept ?? '').includes('json')
  const body = json ? JSON.stringify({ error: { code, message: say } }) : `${say} (${code})\n`
  res.writeHead(status, {
    'Content-Type': json ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...(status === 503 ? { 'Retry-After': '1' } : {}),
  })
  res.end(req.method === 'HEAD' ? undefined : body)
}

/** The status line and body for a raw connection. */
export function rawAnswer(code: ProxyAnswer): string {
  const { status, say } = answers[code]
  const body = `${say} (${code})\n`
  return `HTTP/1.1 ${status} ${code}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}
