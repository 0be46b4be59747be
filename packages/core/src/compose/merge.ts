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
    ...both(base, overlay, { key: 'build', merge: (a, b) => ({ ...a, ...b }) }),
    ...both(base, overlay, { key: 'environment', merge: (a, b) => ({ ...a, ...b }) }),
    ...both(base, overlay, { key: 'healthcheck', merge: (a, b) => ({ ...a, ...b }) }),
    ...both(base, overlay, { key: 'dependsOn', merge: (a, b) => ({ ...a, ...b }) }),
    ...both(base, overlay, { key: 'ports', merge: mergePorts }),
    ...both(base, overlay, { key: 'expose', merge: (a, b) => [...a, ...b.filter((port) => !a.some((one) => one.target === port.target))] }),
  }
}

function both<K extends keyof RawService>(base: RawService, overlay: RawService, { key, merge }: Merge<K>): Partial<RawService> {
  const a = base[key]
  const b = overlay[key]
  return a === undefined || b === undefined ? {} : { [key]: merge(a, b) }
}

interface Merge<K extends keyof RawService> {
  readonly key: K
  readonly merge: (a: NonNullable<RawService[K]>, b: NonNullable<RawService[K]>) => RawService[K]
}

/** A port is one thing by (host, published, target): said again it is replaced, otherwise added. */
function mergePorts(base: readonly Located<Port>[], overlay: readonly Located<Port>[]): readonly Located<Port>[] {
  const key = ({ value }: Located<Port>) => `${value.host ?? ''}|${value.published ?? ''}|${value.target}`
  return [...new Map([...base, ...overlay].map((port) => [key(port), port])).values()]
}
