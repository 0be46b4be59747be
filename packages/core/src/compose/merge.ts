// Merges what several files say about a service, later files over earlier ones.
// Follows https://docs.docker.com/reference/compose-file/merge/

import type { Port } from '../app/types.ts'
import type { Located } from '../text/diagnostic.ts'
import type { RawService } from './raw.ts'

/** Plain values and command, entrypoint and the check's test replace; mappings merge by key; ports and expose add up, each once. */
export function mergeService(base: RawService, overlay: RawService): RawService {
  return {
    ...base,
    ...overlay,
    at: base.at,
    ...both(base.build, overlay.build, 'build', (a, b) => ({ ...a, ...b })),
    ...both(base.environment, overlay.environment, 'environment', (a, b) => ({ ...a, ...b })),
    ...both(base.healthcheck, overlay.healthcheck, 'healthcheck', (a, b) => ({ ...a, ...b })),
    ...both(base.dependsOn, overlay.dependsOn, 'dependsOn', (a, b) => ({ ...a, ...b })),
    ...both(base.ports, overlay.ports, 'ports', mergePorts),
    ...both(base.expose, overlay.expose, 'expose', (a, b) => [...a, ...b.filter((port) => !a.some((one) => one.target === port.target))]),
  }
}

function both<K extends string, T>(a: T | undefined, b: T | undefined, key: K, merge: (a: T, b: T) => T): Partial<Record<K, T>> {
  if (a === undefined || b === undefined) return {}
  return { [key]: merge(a, b) } as Partial<Record<K, T>>
}

/** A port is one thing by (host, published, target): said again it is replaced, otherwise added. */
function mergePorts(base: readonly Located<Port>[], overlay: readonly Located<Port>[]): readonly Located<Port>[] {
  const key = ({ value }: Located<Port>) => `${value.host ?? ''}|${value.published ?? ''}|${value.target}`
  return [...new Map([...base, ...overlay].map((port) => [key(port), port])).values()]
}
