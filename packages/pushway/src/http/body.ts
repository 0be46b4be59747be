// Reads JSON bodies: bounded in size and time.

import type { IncomingMessage } from 'node:http'
import { fail } from '@pushway/core/reason/errors.ts'

const MAX_JSON = 1024 * 1024
const MAX_MS = 30_000

/** The body as JSON; an empty one is `{}`. `anyType`: whatever the client calls it. @throws PushwayError `body-invalid`, `body-too-large` */
export async function readJson(req: IncomingMessage, { anyType = false } = {}): Promise<unknown> {
  const type = anyType ? undefined : req.headers['content-type']
  // A form of another site can send text/plain without asking first, but never this.
  if (type !== undefined && !/^application\/json\b/i.test(type))
    throw fail('body-invalid', { problem: `its type is ${type.slice(0, 100)}, not application/json` })
  const text = (await readText(req)).toString('utf8')
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    throw fail('body-invalid', { problem: 'it is not JSON' })
  }
}

function readText(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_JSON) return Promise.reject(fail('body-too-large', { limit: MAX_JSON }))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const end = (finish: () => void): void => {
      clearTimeout(timer)
      req.removeAllListeners('data')
      finish()
    }
    const timer = setTimeout(() => end(() => reject(fail('body-invalid', { problem: 'it did not come in time' }))), MAX_MS)
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_JSON) {
        req.pause()
        end(() => reject(fail('body-too-large', { limit: MAX_JSON })))
      } else chunks.push(chunk)
    })
    req.on('end', () => end(() => resolve(Buffer.concat(chunks))))
    req.on('error', (error) => end(() => reject(error)))
  })
}
