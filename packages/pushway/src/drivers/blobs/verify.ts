// Bytes that are checked against their name while they are read: the last of them are held back until all fit.

import { Transform } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { hashFor } from '../../oci/digest.ts'

/** A stream that ends in PushwayError `blob-damaged` when its bytes are not those of `digest`; `onGood` is called when they are. */
export function verifyStream(digest: Digest, onGood: () => void): Transform {
  const { hash, end } = hashFor(digest)
  let held: Buffer | undefined
  return new Transform({
    highWaterMark: 1024 * 1024,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      const before = held
      held = chunk
      done(null, before)
    },
    flush(done) {
      const got = end()
      if (got !== digest) return done(fail('blob-damaged', { digest, got }))
      onGood()
      done(null, held)
    },
  })
}
