// Reads a stream of log pages, one JSON object a line.

import type { LogPage } from '@pushway/core/views/types.ts'

/** The pages of an answer as they come. */
export async function* parsePages(res: Response): AsyncGenerator<LogPage> {
  const reader = res.body?.getReader()
  if (!reader) return
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') yield JSON.parse(part) as LogPage
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as LogPage
}
