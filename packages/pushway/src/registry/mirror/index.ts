// Pull-through: what the installation does not have is looked for in the registries that its administrator has named, and kept.

import { RegistryProblem } from '../answer.ts'
import type { RegistryRoute } from '../route.ts'
import type { Exchange } from '../types.ts'
import { serveMirroredBlob } from './blobs.ts'
import { createMirrorDesk, type MirrorDesk, type MirrorOptions } from './desk.ts'
import { serveMirroredReferrers, serveMirroredTags } from './lists.ts'
import { serveMirroredManifest } from './manifests.ts'
import { type MirrorPlace, namedPlace, possiblePlaces } from './places.ts'

export type { MirrorOptions } from './desk.ts'

type NamedRoute = Extract<RegistryRoute, { readonly name: string }>

/** `served`; `refused`: the caller may not have it from there; `unknown`: it is not there, or no mirror is meant. */
export type MirrorAnswer = 'served' | 'refused' | 'unknown'

export interface MirrorService {
  /**
   * Answers a request for a name of another registry.
   * @throws RegistryProblem when the name is one of a mirror and there is nothing to give, and for every change: these images are not ours
   */
  serve(exchange: Exchange, route: NamedRoute): Promise<MirrorAnswer>
}

/** The service over what is configured. */
export function createMirrorService(options: MirrorOptions): MirrorService {
  const desk = createMirrorDesk(options)
  return {
    async serve(exchange, route) {
      const named = namedPlace(desk.mirrors, route.name)
      const reads = exchange.req.method === 'GET' || exchange.req.method === 'HEAD'
      if (named) return serveNamed(desk, exchange, { route, place: named, reads })
      if (!reads || route.kind === 'upload' || route.kind === 'uploads' || desk.isLocal(route.name)) return 'unknown'
      for (const place of possiblePlaces(desk.mirrors, route.name, exchange.url.searchParams.get('ns'))) {
        if (!exchange.access.allowed(exchange.principal, place.repository, 'pull')) return 'refused'
        if (await serveAt(desk, exchange, { route, place })) return 'served'
      }
      return 'unknown'
    },
  }
}

interface Asked {
  readonly route: NamedRoute
  readonly place: MirrorPlace
}

async function serveNamed(desk: MirrorDesk, exchange: Exchange, asked: Asked & { readonly reads: boolean }): Promise<MirrorAnswer> {
  const { route, place, reads } = asked
  if (!exchange.access.allowed(exchange.principal, place.repository, 'pull')) return 'refused'
  if (!reads) throw new RegistryProblem(403, 'DENIED', `${place.repository} is kept of ${place.mirror.host}: push to a project's own name`)
  if (await serveAt(desk, exchange, asked)) return 'served'
  const code = route.kind === 'blob' ? 'BLOB_UNKNOWN' : route.kind === 'manifest' ? 'MANIFEST_UNKNOWN' : 'NAME_UNKNOWN'
  throw new RegistryProblem(404, code, `${place.mirror.host} does not have it: ${place.name}`)
}

async function serveAt(desk: MirrorDesk, exchange: Exchange, { route, place }: Asked): Promise<boolean> {
  switch (route.kind) {
    case 'manifest':
      return serveMirroredManifest(desk, exchange, { place, reference: route.reference })
    case 'blob':
      return serveMirroredBlob(desk, exchange, { place, digest: route.digest })
    case 'tags':
      return serveMirroredTags(desk, exchange, place)
    case 'referrers':
      return serveMirroredReferrers(desk, exchange, { place, digest: route.digest })
    default:
      return false
  }
}
