// What can be wrong between services: dependencies that are not there or go in circles, one published port twice.

import type { Diagnostic } from '../text/diagnostic.ts'
import { nearest } from '../text/nearest.ts'
import type { RawService } from './raw.ts'

/** Unknown dependencies and circles, each at the place that names them. */
export function checkDependencies(services: readonly RawService[]): readonly Diagnostic[] {
  const names = services.map((service) => service.name)
  const unknown = services.flatMap((service) =>
    Object.entries(service.dependsOn ?? {}).flatMap(([name, { at }]): Diagnostic[] => {
      if (names.includes(name)) return []
      const near = nearest(name, names)
      const hint = near === undefined ? '' : `; did you mean "${near}"?`
      return [
        { severity: 'error', code: 'compose-unknown-service', message: `${service.name} depends on "${name}", which is not a service here${hint || '.'}`, at },
      ]
    }),
  )
  return [...unknown, ...findCircles(services)]
}

function findCircles(services: readonly RawService[]): readonly Diagnostic[] {
  const byName = new Map(services.map((service) => [service.name, service]))
  const finished = new Set<string>()
  const found: Diagnostic[] = []
  function visit(service: RawService, way: readonly string[]): void {
    if (finished.has(service.name)) return
    for (const [name, { at }] of Object.entries(service.dependsOn ?? {})) {
      const next = byName.get(name)
      const start = [...way, service.name].indexOf(name)
      if (start >= 0) {
        const circle = [...way, service.name].slice(start).concat(name).join(' → ')
        found.push({ severity: 'error', code: 'compose-circle', message: `Services depend on each other in a circle: ${circle}.`, at })
      } else if (next) visit(next, [...way, service.name])
    }
    finished.add(service.name)
  }
  for (const service of services) visit(service, [])
  return found
}

/** One address and port can lead to one service only. A port on every address takes it on each of them. */
export function checkPublishedPorts(services: readonly RawService[]): readonly Diagnostic[] {
  const seen: { readonly service: string; readonly host: string | undefined; readonly published: number }[] = []
  const found: Diagnostic[] = []
  for (const service of services) {
    for (const { value, at } of service.ports ?? []) {
      const { published, host } = value
      if (published === undefined) continue
      const other = seen.find((one) => one.published === published && (one.host === host || one.host === undefined || host === undefined))
      const message = `Port ${published} is published twice: by ${other?.service} and by ${service.name}.`
      if (other) found.push({ severity: 'error', code: 'compose-port-twice', message, at })
      seen.push({ service: service.name, host, published })
    }
  }
  return found
}
