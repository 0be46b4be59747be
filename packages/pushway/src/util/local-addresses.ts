// Addresses of this machine out of a range kept for services: which one a name gets, and whether the machine has them.

import { createHash } from 'node:crypto'
import { createServer } from 'node:net'

/** IPv4 addresses one after another: the first as a number, and how many. */
export interface AddressRange {
  readonly first: number
  readonly count: number
}

/** An address chosen by `key`'s digest, so that two data folders on one machine rarely meet; the next one when it is taken. Never one that ends in 0 or 255. Pure; throws when every address is taken. */
export function chooseAddress(range: AddressRange, key: string, taken: ReadonlySet<string>): string {
  const start = createHash('sha256').update(key).digest().readUInt32BE(0) % range.count
  for (let step = 0; step < range.count; step++) {
    const value = range.first + ((start + step) % range.count)
    const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
    if (!/\.(0|255)$/.test(address) && !taken.has(address)) return address
  }
  throw new Error('every service address is taken')
}

/** Whether a program on this machine can listen on `host`. */
export function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host, port: 0 }, () => server.close(() => resolve(true)))
  })
}
