// Which services see each other by name: those that share a network. Pure.

import type { Release, ReleasedService } from '@pushway/core/release/types.ts'

/** The entries of `addresses` (`service:port` → where) whose services share a network with `service`, and its own. */
export function namesWithin(release: Release, service: ReleasedService, addresses: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const own = networksOf(service)
  const visible = new Set(
    release.services.filter((other) => other.name === service.name || networksOf(other).some((name) => own.includes(name))).map(({ name }) => name),
  )
  const known = new Set(release.services.map(({ name }) => name))
  // A service that only an older release has answers until it is gone.
  return Object.fromEntries(Object.entries(addresses).filter(([key]) => visible.has(nameOf(key)) || !known.has(nameOf(key))))
}

/** The names (aliases too) by which `service` finds each address: of the services that share a network with it. */
export function namesOfHosts(release: Release, service: ReleasedService, addresses: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const visible = namesWithin(release, service, Object.fromEntries(Object.entries(addresses).map(([name, host]) => [`${name}:0`, host])))
  const own = networksOf(service)
  return Object.fromEntries(
    Object.entries(visible).flatMap(([key, host]) => {
      const name = nameOf(key)
      const attached = release.services.find((one) => one.name === name)?.networks ?? []
      const aliases = attached.filter(({ network }) => own.includes(network)).flatMap((one) => one.aliases ?? [])
      return [name, ...aliases].map((one) => [one, host])
    }),
  )
}

function nameOf(key: string): string {
  return key.slice(0, key.lastIndexOf(':'))
}

/** Without a word about networks a service is in the app's default one. */
function networksOf(service: ReleasedService): readonly string[] {
  return service.networks?.map(({ network }) => network) ?? ['default']
}
