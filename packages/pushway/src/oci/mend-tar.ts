// Archives as Docker's daemon writes them, for a reader that is stricter: a file's header may name a link target that means nothing.

import { Transform } from 'node:stream'

const block = 512
/** Types that have a link target: hard and symbolic links. */
const links = ['1', '2']

/**
 * Clears the link target of entries that are no links (overlay whiteouts have one), and passes everything else on as it is.
 * The reader would leave such an entry out, and a file that an upper layer took away would be back.
 */
export function mendTar(): Transform {
  let rest = Buffer.alloc(0)
  /** Bytes of content (with padding) until the next header. */
  let content = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      while (bytes.length > 0) {
        if (content > 0) {
          const part = bytes.subarray(0, content)
          this.push(part)
          content -= part.length
          bytes = bytes.subarray(part.length)
        } else if (bytes.length < block) break
        else {
          const header = mendHeader(bytes.subarray(0, block))
          content = Math.ceil(contentSize(header) / block) * block
          this.push(header)
          bytes = bytes.subarray(block)
        }
      }
      rest = Buffer.from(bytes)
      done()
    },
    flush(done) {
      if (rest.length > 0) this.push(rest)
      done()
    },
  })
}

function mendHeader(header: Buffer): Buffer {
  const type = String.fromCharCode(header[156] ?? 0)
  const named = header[157] !== 0
  const isUstar = header.subarray(257, 262).toString('latin1') === 'ustar'
  if (!named || !isUstar || links.includes(type) || !/[\0-7]/.test(type)) return header
  const mended = Buffer.from(header)
  mended.fill(0, 157, 257)
  mended.fill(0x20, 148, 156)
  const sum = mended.reduce((total, byte) => total + byte, 0)
  mended.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return mended
}

/** Octal, or (first bit set) binary: as GNU tar and Go write large sizes. What can't be read is left to the reader that comes after. */
function contentSize(header: Buffer): number {
  const field = header.subarray(124, 136)
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  const size = Number.parseInt(
    field
      .toString('latin1')
      .replace(/[\0 ]+$/, '')
      .trim(),
    8,
  )
  return Number.isNaN(size) ? 0 : size
}
