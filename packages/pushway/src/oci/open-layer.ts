// A layer's archive, not compressed any more: bounded, and checked against its digest.

import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { BlobStore } from '../ports/blobs.ts'
import { gunzipBounded } from './bounded.ts'
import { layerPacking } from './media-types.ts'
import type { Descriptor } from './schema.ts'

/**
 * The bytes of a layer's tar archive. The stream fails with `digest-mismatch` at its end when they are not what the digest says,
 * and with `image-invalid` when they are too many.
 * @throws PushwayError `image-missing`, `image-invalid` for a packing that is not read here
 */
export async function openLayer(blobs: BlobStore, layer: Descriptor): Promise<Readable> {
  const packing = layerPacking(layer.mediaType)
  if (packing === undefined) throw fail('image-invalid', { image: layer.digest, problem: `its layers are ${layer.mediaType}` })
  if (!(await blobs.has(layer.digest))) throw fail('image-missing', { image: layer.digest })
  const source = await blobs.read(layer.digest)
  const hash = createHash('sha256')
  const verify = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
    flush(done) {
      const got = `sha256:${hash.digest('hex')}`
      done(got === layer.digest ? null : fail('digest-mismatch', { wanted: layer.digest, got }))
    },
  })
  source.once('error', (error) => verify.destroy(error))
  verify.once('close', () => source.destroy())
  const checked = source.pipe(verify)
  return packing === 'gzip' ? gunzipBounded(checked, { name: layer.digest }) : checked
}
