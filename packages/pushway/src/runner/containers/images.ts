// Names of images as the engine gets them: names of the embedded registry's aliases lead to it, with the job's token.

import type { JobServer } from '@pushway/core/run/types.ts'
import type { ContainerSpec } from './spec.ts'

export interface EngineImage {
  readonly name: string
  /** `X-Registry-Auth`. */
  readonly auth?: string
  /** It may have changed since it was fetched. */
  readonly fresh: boolean
}

/** @param server the server whose registry `ghcr.io` and other aliases mean; none in a local run */
export function engineImage({ image, credentials }: Pick<ContainerSpec, 'image' | 'credentials'>, server: JobServer | undefined): EngineImage {
  const host = hostOf(image)
  const alias = server?.registryAliases.find((name) => name === host)
  if (server && alias !== undefined) {
    const own = new URL(server.url).host
    return { name: `${own}${image.slice(alias.length)}`, auth: authFor(own, { username: 'pushway', password: server.token }), fresh: true }
  }
  return { name: image, fresh: false, ...(credentials ? { auth: authFor(host, credentials) } : {}) }
}

/** The first part of a name is a host when it looks like one, as the docker command reads names. */
function hostOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : 'docker.io'
}

function authFor(serveraddress: string, { username, password }: { readonly username: string; readonly password: string }): string {
  return Buffer.from(JSON.stringify({ username, password, serveraddress })).toString('base64url')
}
