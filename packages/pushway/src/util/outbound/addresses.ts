// Which network addresses belong to the open Internet: pure.

import { BlockList, isIP } from 'node:net'

const inner = new BlockList()
// IANA's special-purpose address registries: this host, private and carrier networks, link-local, documentation, multicast, reserved.
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inner.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inner.addSubnet(net, bits, 'ipv6')

/** Whether an IP address is one of the open Internet. IPv4 inside IPv6 (mapped, NAT64) is judged by the IPv4 address. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  if (family === 4) return !inner.check(address, 'ipv4')
  const embedded = embeddedV4(address)
  return embedded === undefined ? !inner.check(address, 'ipv6') : isPublicAddress(embedded)
}

function embeddedV4(address: string): string | undefined {
  // The URL parser writes every IPv6 address in one way.
  const text = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1)
  const [, high = '', low = ''] = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(text) ?? []
  if (high === '') return undefined
  const number = Number.parseInt(high, 16) * 65_536 + Number.parseInt(low, 16)
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}
