// Who may connect to a route that is not for everyone.

import { BlockList } from 'node:net'
import type { Route } from '../ports/router.ts'

const lists = new WeakMap<readonly string[], BlockList>()

/** Whether a connection from `remote` is wanted. This machine itself may always connect. */
export function isAllowed({ from, listen }: Pick<Route, 'from' | 'listen'>, remote: string | undefined): boolean {
  if (from === undefined) return true
  const address = remote?.replace(/^::ffff:/, '') ?? ''
  if (address === listen.host || address.startsWith('127.') || address === '::1') return true
  let list = lists.get(from)
  if (list === undefined) {
    list = toList(from)
    lists.set(from, list)
  }
  return address !== '' && list.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
}

function toList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [net = '', bits] = range.split('/')
    list.addSubnet(net, Number(bits), net.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}

/** Whether a text is a range that can be checked. */
export function isRange(text: unknown): text is string {
  return typeof text === 'string' && /^([\d.]+\/([12]?\d|3[0-2])|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\/(\d{1,2}|1[01]\d|12[0-8]))$/.test(text)
}
