// The short form of a port: `[HOST:][PUBLISHED:]TARGET[/PROTOCOL]`, each port also a range.
// Follows https://docs.docker.com/reference/compose-file/services/#ports

/** One port of the short form. `published` is text: it may be a range of its own. */
export interface PortText {
  readonly hostIp: string
  readonly target: number
  readonly published: string
  readonly protocol: string
}

interface Range {
  readonly first: number
  readonly last: number
}

/** The ports a text stands for, in the order that compose prints them; or what is wrong with it. */
export function parsePort(text: string): readonly PortText[] | { readonly problem: string } {
  const parts = text.split(':')
  const container = parts.at(-1) ?? ''
  const hostPort = parts.length > 1 ? (parts.at(-2) ?? '') : ''
  const address = parts.slice(0, -2).join(':')
  const slash = container.indexOf('/')
  const protocol = (slash < 0 ? '' : container.slice(slash + 1)).toLowerCase() || 'tcp'
  const target = parseRange(slash < 0 ? container : container.slice(0, slash))
  const published = hostPort === '' ? undefined : parseRange(hostPort)
  const hostIp = address.replace(/^\[(.*)\]$/, '$1')
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) return { problem: `the protocol is tcp, udp or sctp, not "${protocol}"` }
  if (hostIp !== '' && !isAddress(hostIp)) return { problem: `"${hostIp}" is no IP address` }
  if (!target || (hostPort !== '' && !published)) return { problem: 'ports are numbers from 0 to 65535, or ranges such as 8000-8010' }
  const count = target.last - target.first + 1
  if (published && published.last - published.first + 1 !== count && count !== 1) return { problem: 'the two ranges have different lengths' }
  const ports = Array.from(
    { length: count },
    (_, index): PortText => ({ hostIp, target: target.first + index, published: publishedAt(published, count, index), protocol }),
  )
  return ports.toSorted((a, b) => (`${a.target}/` < `${b.target}/` ? -1 : 1))
}

function publishedAt(published: Range | undefined, count: number, index: number): string {
  if (!published) return ''
  return count === 1 && published.first !== published.last ? `${published.first}-${published.last}` : String(published.first + index)
}

/** `8000` or `8000-8010`; undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  const [, from = '', to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const first = Number(from)
  const last = to === undefined ? first : Number(to)
  return from === '' || first > 65_535 || last > 65_535 || last < first ? undefined : { first, last }
}

/** An IPv4 or IPv6 address, without brackets. */
export function isAddress(text: string): boolean {
  const dotted = (value: string) =>
    /^(\d{1,3})(\.\d{1,3}){3}$/.test(value) && value.split('.').every((part) => Number(part) <= 255 && (part === '0' || !part.startsWith('0')))
  if (dotted(text)) return true
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':')) return false
  const tail = text.slice(text.lastIndexOf(':') + 1)
  const plain = tail.includes('.') ? (dotted(tail) ? `${text.slice(0, -tail.length)}0:0` : '') : text
  const halves = plain.split('::')
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  if (plain === '' || halves.length > 2 || groups.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return false
  return halves.length === 2 ? groups.length < 8 : groups.length === 8
}
