// What an ADD of a URL gets.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fail } from '@pushway/core/reason/errors.ts'
import { createOutbound } from '../../../util/outbound/index.ts'
import type { FetchedFile } from '../embedded/types.ts'

/**
 * Fetches into the new file `to`. An address of the user's own network that the Dockerfile names is taken, as in a RUN; redirects to others are not.
 * @throws PushwayError `server-unreachable`, `address-refused`, `usage` for an answer that is not 200
 */
export async function fetchUrl(text: string, to: string): Promise<FetchedFile> {
  const url = new URL(text)
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const outbound = createOutbound({ allowPrivate: [`${url.hostname}:${port}`] })
  const answer = await outbound({ url, headers: { 'user-agent': 'pushway' } })
  if (answer.status !== 200) {
    answer.body.resume()
    throw fail('usage', { problem: `${text} answered ${answer.status}.`, hint: 'Correct the URL in the Dockerfile.' })
  }
  const hash = createHash('sha256')
  const through = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  await pipeline(answer.body, through, createWriteStream(to, { flags: 'wx', mode: 0o600 }))
  const name = /filename="?([^";/\\]+)"?/i.exec(String(answer.headers['content-disposition'] ?? ''))?.[1]
  return { sha256: hash.digest('hex'), ...(name ? { name } : {}) }
}
