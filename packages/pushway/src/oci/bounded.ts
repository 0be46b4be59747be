// Decompression that ends: so much and no more comes out of so little.

import { type Readable, Transform } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fail } from '@pushway/core/reason/errors.ts'

/** Bytes that one archive may unpack to. */
const maxBytes = 32 * 1024 ** 3
/** Up to here every ratio is taken: small files of zeros are no attack. */
const freeBytes = 256 * 1024 ** 2
/** The best that gzip does is about 1000; what people ship is below 20. */
const maxRatio = 200

export interface BoundedOptions {
  /** What it is called in the error. */
  readonly name: string
  /** For tests. */
  readonly limits?: { readonly maxBytes: number; readonly freeBytes: number; readonly maxRatio: number }
}

/**
 * Two transforms around a decompressor: they fail with `image-invalid` when more comes out than is sensible for what went in.
 */
export function boundedBy(options: BoundedOptions): { readonly before: Transform; readonly after: Transform } {
  const limits = options.limits ?? { maxBytes, freeBytes, maxRatio }
  let taken = 0
  let given = 0
  const before = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      taken += chunk.length
      done(null, chunk)
    },
  })
  const after = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      given += chunk.length
      const problem = bombProblem({ taken, given }, limits)
      if (problem === undefined) done(null, chunk)
      else done(fail('image-invalid', { image: options.name, problem }))
    },
  })
  return { before, after }
}

/** Why so much out of so little is refused; undefined when it is not. Pure. */
function bombProblem(seen: { taken: number; given: number }, limits: NonNullable<BoundedOptions['limits']>): string | undefined {
  if (seen.given > limits.maxBytes) return `it unpacks to more than ${limits.maxBytes} bytes`
  if (seen.given <= limits.freeBytes || seen.given <= seen.taken * limits.maxRatio) return undefined
  return `it unpacks to more than ${limits.maxRatio} times its size: a decompression bomb`
}

/** The bytes of a gzip stream, bounded. An error of any part ends the result with it. */
export function gunzipBounded(source: Readable, options: BoundedOptions): Readable {
  const { before, after } = boundedBy(options)
  const gunzip = createGunzip()
  const parts = [source, before, gunzip]
  for (const part of parts) part.once('error', (error) => after.destroy(error))
  after.once('close', () => source.destroy())
  return source.pipe(before).pipe(gunzip).pipe(after)
}
