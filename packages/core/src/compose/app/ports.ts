// `ports` and `expose` of a service → where it listens, and what it is published as.

import { usualProtocol } from '../../app/protocol.ts'
import type { Port } from '../../app/types.ts'
import { parseRange } from '../port-text.ts'
import { type MakingService, placeAt } from './making.ts'
import type { PortModel, ServiceModel } from './model.ts'

/** Published ports first, then those that only other services reach. */
export function portsOf(service: ServiceModel, making: MakingService): readonly Port[] {
  const published = (service.ports ?? []).flatMap((port, index) => publishedPort(port, index, making) ?? [])
  const exposed = (service.expose ?? []).flatMap((text, index) => exposedPorts(text, index, making))
  return [
    ...published,
    ...exposed.filter((port) => !published.some((one) => one.target === port.target && (one.protocol === 'udp') === (port.protocol === 'udp'))),
  ]
}

function publishedPort(port: PortModel, index: number, making: MakingService): Port | undefined {
  const what = `services.${making.name}.ports[${index}]`
  const place = placeAt(making, ['services', making.name, 'ports', String(index)])
  const { target, published = '', host_ip: host = '' } = port
  if (target === undefined || target < 1 || target > 65_535)
    return making.report.error(place, 'compose-value', `${what} must have a target from 1 to 65535: the port that the service listens on.`)
  const range = published === '' ? undefined : parseRange(published)
  if (published !== '' && !range)
    return making.report.error(place, 'compose-value', `${what} must be published on a port from 1 to 65535, or on one of a range, not on "${published}".`)
  const protocol = protocolOf(port, target)
  if (protocol === undefined)
    return making.report.error(place, 'compose-not-yet', `${what} with the protocol ${port.protocol} is not supported yet: see docs/compatibility/compose.md.`)
  const fixed = range !== undefined && range.first > 0
  return {
    target,
    ...(fixed ? { published: range.first } : { ephemeral: true }),
    ...(fixed && range.last !== range.first ? { publishedTo: range.last } : {}),
    ...(host === '' || host === '0.0.0.0' || host === '::' ? {} : { host }),
    protocol,
    ...(port.mode === 'host' ? { mode: 'host' } : {}),
    ...(port.name === undefined ? {} : { name: port.name }),
  }
}

function protocolOf({ protocol, app_protocol: spoken }: PortModel, target: number): Port['protocol'] | undefined {
  if (protocol === 'udp') return 'udp'
  if (protocol !== undefined && protocol !== 'tcp') return undefined
  if (spoken !== undefined) return /^(http|http2|https|ws|kubernetes\.io\/h2c)$/i.test(spoken) ? 'http' : 'tcp'
  return usualProtocol(target)
}

function exposedPorts(text: string, index: number, making: MakingService): readonly Port[] {
  const [numbers = '', protocol = 'tcp'] = text.split('/')
  const range = parseRange(numbers)
  if (!range || range.first < 1 || !['tcp', 'udp'].includes(protocol)) {
    const place = placeAt(making, ['services', making.name, 'expose', String(index)])
    return (
      making.report.error(
        place,
        'compose-value',
        `services.${making.name}.expose[${index}] must be a port of the service such as 3000 or 53/udp, not "${text}".`,
      ) ?? []
    )
  }
  return Array.from({ length: range.last - range.first + 1 }, (_, offset) => {
    const target = range.first + offset
    return { target, protocol: protocol === 'udp' ? 'udp' : usualProtocol(target) }
  })
}
