// Streams that answer log requests: pages of a job's log as they come, its whole text, lines of instances.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogPage } from '@pushway/core/views/types.ts'

const POLL_MS = 250

export interface LogFollow {
  readonly read: (cursor: number) => Promise<LogPage>
  readonly cursor: number
  readonly signal: AbortSignal
}

/** Pages until the log is done: as server-sent events where asked for, else one JSON object a line. */
export async function sendJobLog(req: IncomingMessage, res: ServerResponse, { read, cursor, signal }: LogFollow): Promise<void> {
  const events = /\btext\/event-stream\b/.test(req.headers.accept ?? '')
  const resumed = Number(req.headers['last-event-id'] ?? Number.NaN)
  let at = Number.isSafeInteger(resumed) && resumed >= 0 ? resumed : cursor
  // The first page before the head: a run or job that is not there is still an ordinary error.
  let page = await read(at)
  begin(res, events ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson')
  while (!signal.aborted) {
    const news = page.lines.length > 0 || page.done
    at = page.cursor
    if (news) await write(res, events ? `id: ${at}\ndata: ${JSON.stringify(page)}\n\n` : `${JSON.stringify(page)}\n`)
    if (page.done) break
    if (page.lines.length === 0) await sleep(POLL_MS, undefined, { signal }).catch(() => {})
    if (!signal.aborted) page = await read(at)
  }
  res.end()
}

/** What the log has now, as text with a time before each line. */
export async function sendLogText(
  res: ServerResponse,
  read: (cursor: number) => Promise<LogPage>,
  options: { readonly name: string; readonly signal: AbortSignal },
): Promise<void> {
  let page = await read(0)
  res.setHeader('content-disposition', `attachment; filename="${options.name.replace(/[^A-Za-z0-9._-]/g, '_')}"`)
  begin(res, 'text/plain; charset=utf-8')
  while (page.lines.length > 0 && !options.signal.aborted) {
    await write(res, page.lines.map((line) => `${new Date(line.at).toISOString()} ${line.text}\n`).join(''))
    page = await read(page.cursor)
  }
  res.end()
}

/** Each item as one JSON object a line, as it comes. */
export async function sendLines(res: ServerResponse, lines: AsyncIterable<unknown>): Promise<void> {
  const iterator = lines[Symbol.asyncIterator]()
  let begun = false
  const first = iterator.next()
  // Following something quiet must answer at once, but what fails at once is an ordinary error.
  await Promise.race([first, sleep(200)])
  begin(res, 'application/x-ndjson')
  for (let item = await first; !item.done; item = await iterator.next()) {
    begun = true
    await write(res, `${JSON.stringify(item.value)}\n`)
  }
  if (!begun) res.flushHeaders()
  res.end()
}

function begin(res: ServerResponse, type: string): void {
  res.writeHead(200, { 'content-type': type, 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  res.flushHeaders()
}

/** Waits while the reader is slower than the log. */
function write(res: ServerResponse, text: string): Promise<void> {
  if (res.destroyed || res.write(text)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
  })
}
