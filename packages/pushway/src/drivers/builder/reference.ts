// Image references, after Docker's rules: pure.

import { fail } from '@pushway/core/reason/errors.ts'

/** `registry/repository:tag@digest`, every part made explicit. */
export interface Reference {
  /** `docker.io` when the text names none. */
  readonly registry: string
  /** With `library/` for Docker Hub's short names. */
  readonly repository: string
  readonly tag?: string
  readonly digest?: string
}

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const pattern = new RegExp(`^(${part}(?:/${part})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$`)

/** Whether the first part of a reference is a registry: it has a dot or a port, or is `localhost`. */
function isRegistry(first: string): boolean {
  return /[.:]/.test(first) || first === 'localhost'
}

/**
 * Reads a reference. Without tag and digest the tag is `latest`.
 * @throws PushwayError `name-invalid`, with the rule that is broken
 */
export function parseReference(text: string): Reference {
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  const registry = isRegistry(first) ? first : 'docker.io'
  const rest = isRegistry(first) ? text.slice(slash + 1) : text
  const match = pattern.exec(rest)
  if (!match?.[1] || match[1].length > 255 || !/^[A-Za-z0-9.-]+(?::\d+)?$|^\[[0-9a-fA-F:]+\](?::\d+)?$/.test(registry)) {
    const rule = /[A-Z]/.test(rest.split(/[:@]/)[0] ?? '') ? 'Repository names are lower-case.' : 'Write it [registry/]repository[:tag][@sha256:digest].'
    throw fail('name-invalid', { what: 'image', name: text, rule })
  }
  const official = registry === 'docker.io' && !match[1].includes('/')
  const tag = match[2] ?? (match[3] === undefined ? 'latest' : undefined)
  return {
    registry,
    repository: official ? `library/${match[1]}` : match[1],
    ...(tag === undefined ? {} : { tag }),
    ...(match[3] === undefined ? {} : { digest: match[3] }),
  }
}

/** The reference in full, as the image layout names it. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** The reference as people write it: Docker Hub's parts left out. */
export function familiarName({ registry, repository }: Reference): string {
  return registry === 'docker.io' ? repository.replace(/^library\//, '') : `${registry}/${repository}`
}
