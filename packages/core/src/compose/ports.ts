// Ports of a compose file, short and long form.

import type { Port } from '../app/types.ts'
import type { Located } from '../text/diagnostic.ts'
import type { Mutable } from '../text/mutable.ts'
import type { YamlNode } from '../text/yaml.ts'
import { badValue, type ComposeSource, notYet, readText } from './raw.ts'
import { readKeys } from './read-keys.ts'

/** Ports whose programs do not speak HTTP: databases, queues, caches, mail, shells. Everything else is taken for HTTP. */
const rawPorts = new Set([
  22, 25, 53, 110, 143, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 3306, 4222, 5432, 5671, 5672, 6379, 8883, 9042, 9092, 11211, 27017,
])

/** The protocol that the router speaks to a port when the file does not say `app_protocol`. */
function protocolOf(target: number): Port['protocol'] {
  return rawPorts.has(target) ? 'tcp' : 'http'
}

/** `services.X.ports`. */
export function readPorts(source: ComposeSource, node: YamlNode, where: string): readonly Located<Port>[] {
  return (source.reader.items(node, where) ?? []).flatMap((item, index) => {
    const what = `${where}[${index}]`
    const port = source.reader.kind(item) === 'map' ? readLong(source, item, what) : readShort(source, item, what)
    return port ? [{ value: port, at: source.reader.at(item) }] : []
  })
}

/** `services.X.expose`: ports that only other services reach. */
export function readExpose(source: ComposeSource, node: YamlNode, where: string): readonly Port[] {
  return (source.reader.items(node, where) ?? []).flatMap((item, index) => {
    const text = readText(source, item, `${where}[${index}]`)
    const port = text === undefined ? undefined : readShortText(source, item, { text, what: `${where}[${index}]` })
    if (port?.published !== undefined) return badValue(source, item, `${where}[${index}] must be a port of the service alone; to publish it, use ports.`) ?? []
    return port ? [port] : []
  })
}

function readShort(source: ComposeSource, node: YamlNode, what: string): Port | undefined {
  const text = readText(source, node, what)
  return text === undefined ? undefined : readShortText(source, node, { text, what })
}

/** `[HOST:][PUBLISHED:]TARGET[/PROTOCOL]`. */
function readShortText(source: ComposeSource, node: YamlNode, { text, what }: { readonly text: string; readonly what: string }): Port | undefined {
  const match = /^(?:(?:(\[[^\]]*\]|[^:]*):)?([^:]*):)?([^:/]+)(?:\/(\w+))?$/.exec(text.trim())
  if (!match) return badValue(source, node, `${what} must be a port such as "8080:3000", not "${text}".`)
  const [, host = '', published = '', target = '', protocol] = match
  if (/^\d+-\d+$/.test(target) || /^\d+-\d+$/.test(published)) return notYet(source, node, `A range of ports ("${text}")`)
  if (protocol === 'udp') return notYet(source, node, `UDP ("${text}")`)
  if (protocol !== undefined && protocol !== 'tcp') return badValue(source, node, `${what} has the unknown protocol "${protocol}".`)
  if (!isPort(target) || (published !== '' && published !== '0' && !isPort(published))) {
    return badValue(source, node, `${what} must have ports from 1 to 65535, not "${text}".`)
  }
  const address = host.replace(/^\[|\]$/g, '')
  return {
    target: Number(target),
    ...(isPort(published) ? { published: Number(published) } : {}),
    ...(address === '' || address === '0.0.0.0' || address === '::' ? {} : { host: address }),
    protocol: protocolOf(Number(target)),
  }
}

function readLong(source: ComposeSource, node: YamlNode, where: string): Port | undefined {
  const port: { -readonly [K in keyof Port]?: Port[K] } = {}
  function number(key: string, set: (value: number) => void): (value: YamlNode) => void {
    return (value) => {
      const text = readText(source, value, `${where}.${key}`)
      if (text === undefined) return
      if (/^\d+-\d+$/.test(text)) notYet(source, value, `A range of ports ("${text}")`)
      else if (isPort(text)) set(Number(text))
      else badValue(source, value, `${where}.${key} must be a port from 1 to 65535, not "${text}".`)
    }
  }
  const before = source.reader.diagnostics.length
  readKeys(source, node, {
    where,
    known: {
      target: number('target', (value) => {
        port.target = value
      }),
      published: number('published', (value) => {
        port.published = value
      }),
      host_ip: (value) => readHost(source, value, { where, port }),
      protocol: (value) => {
        const protocol = readText(source, value, `${where}.protocol`)
        if (protocol === 'udp') notYet(source, value, 'UDP')
        else if (protocol !== undefined && protocol !== 'tcp') badValue(source, value, `${where}.protocol must be tcp, not "${protocol}".`)
      },
      app_protocol: (value) => {
        const protocol = readText(source, value, `${where}.app_protocol`)
        if (protocol !== undefined) port.protocol = /^(http|http2|https|ws|kubernetes\.io\/h2c)$/.test(protocol) ? 'http' : 'tcp'
      },
    },
    later: ['mode', 'name'],
  })
  if (port.target !== undefined) return { protocol: protocolOf(port.target), ...port, target: port.target }
  if (source.reader.diagnostics.length === before) badValue(source, node, `${where} has no target: the port that the service listens on.`)
  return undefined
}

function readHost(source: ComposeSource, node: YamlNode, { where, port }: { readonly where: string; readonly port: Partial<Mutable<Port>> }): void {
  const host = readText(source, node, `${where}.host_ip`)
  if (host !== undefined && host !== '0.0.0.0' && host !== '::') port.host = host
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535
}
