// Which mirrors a repository's name can mean.

import type { Mirror, Mirrors } from '../../ports/mirrors.ts'

/** An image name at a mirror. */
export interface MirrorPlace {
  readonly mirror: Mirror
  /** Where its images are kept here: `HOST/NAME`. */
  readonly repository: string
  /** What the mirror calls it. */
  readonly name: string
}

/** Docker Hub's short names are in `library`. */
function placeAt(mirror: Mirror, name: string): MirrorPlace {
  const full = mirror.host === 'docker.io' && !name.includes('/') ? `library/${name}` : name
  return { mirror, repository: `${mirror.host}/${full}`, name: full }
}

/** The place that a name says itself: its first part is the host of a mirror. */
export function namedPlace(mirrors: Pick<Mirrors, 'find'>, name: string): MirrorPlace | undefined {
  const slash = name.indexOf('/')
  const mirror = slash < 0 ? undefined : mirrors.find(name.slice(0, slash))
  return mirror && placeAt(mirror, name.slice(slash + 1))
}

/**
 * The places where a name that is not ours can be looked for, in order.
 * @param namespace the registry that the client means (`?ns=` of containerd); absent: any
 */
export function possiblePlaces(mirrors: Pick<Mirrors, 'list'>, name: string, namespace: string | null): readonly MirrorPlace[] {
  return mirrors
    .list()
    .filter(({ host }) => namespace === null || namespace === host)
    .map((mirror) => placeAt(mirror, name))
}
