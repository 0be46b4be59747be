// Git's packet lines (gitprotocol-common): four hexadecimal digits of length, then the payload; `0000` is a flush.

/** The longest payload of one side-band-64k packet. */
const MAX_BAND = 65_515

/** A text as one packet line. */
export function packetLine(text: string | Buffer): Buffer {
  const payload = Buffer.isBuffer(text) ? text : Buffer.from(text)
  return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, '0')), payload])
}

export const flushPacket: Buffer = Buffer.from('0000')

/** Progress for the pusher (`remote: …`), as side-band packets. */
export function progressPackets(text: string): Buffer {
  const bytes = Buffer.from(text)
  const packets: Buffer[] = []
  for (let i = 0; i < bytes.length; i += MAX_BAND) packets.push(packetLine(Buffer.concat([Buffer.from([2]), bytes.subarray(i, i + MAX_BAND)])))
  return Buffer.concat(packets)
}

export type Packet = { readonly kind: 'flush' } | { readonly kind: 'line'; readonly bytes: Buffer }

/** Cuts a stream into packets. `push` gives those that are whole now, one by one; a malformed length throws when it is reached. */
export class PacketReader {
  #rest: Buffer = Buffer.alloc(0)

  #next(): Packet | undefined {
    if (this.#rest.length < 4) return undefined
    const digits = this.#rest.subarray(0, 4).toString('latin1')
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Error('not a packet line')
    const length = Number.parseInt(digits, 16)
    if (length < 4) {
      this.#rest = this.#rest.subarray(4)
      return { kind: 'flush' }
    }
    if (this.#rest.length < length) return undefined
    const bytes = this.#rest.subarray(4, length)
    this.#rest = this.#rest.subarray(length)
    return { kind: 'line', bytes }
  }

  *push(chunk: Buffer): Generator<Packet> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (let packet = this.#next(); packet; packet = this.#next()) yield packet
  }
}
