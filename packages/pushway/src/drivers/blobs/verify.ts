// Bytes that are checked against their name while they are read: the last of them are held back until all fit.

import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'

/** A stream that ends in PushwayError `blob-damaged` when its bytes are not those of `digest`; `onGood` is called when they are. */
export function verifyStream(digest: Digest, onGood: () => void): Transform {
  const hash = createHash('sha256')
  let held: Buffer | undefined
  return new Transform({
    highWaterMark: 256 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      const before = held
      held = chunk
      done(null, before)
    },
    flush(done) {
      const got = `sha256:${hash.digest('hex')}`
      if (got !== digest) return done(fail('blob-damaged', { digest, got }))
      onGood()
      done(null, held)
    },
  })
}
