// Where the folders of a job are inside its containers. Pure.

/** From a folder of this machine to its place in a container. */
export interface Place {
  readonly host: string
  readonly inside: string
  readonly readOnly?: boolean
}

/** What a text means inside: a path at or below one of the folders is moved, everything else stays. */
export function moveInside(text: string, places: readonly Place[]): string {
  // The longest first: folders are inside each other.
  const place = [...places].sort((a, b) => b.host.length - a.host.length).find(({ host }) => text === host || text.startsWith(`${host}/`))
  return place ? place.inside + text.slice(place.host.length) : text
}

export function bindsOf(places: readonly Place[]): readonly string[] {
  return places.map(({ host, inside, readOnly }) => `${host}:${inside}${readOnly ? ':ro' : ''}`)
}
