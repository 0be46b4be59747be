// Lists in pages: tags of a repository, and the repositories that the caller may pull from.

import { RegistryProblem, sendJson } from './answer.ts'
import type { Exchange } from './types.ts'

const mostAtOnce = 1000

/** `n` and `last` of a request: more than a thousand at once is never given. */
export function readPage(url: URL): { readonly limit: number; readonly after?: string } {
  const asked = url.searchParams.get('n')
  if (asked !== null && !/^\d+$/.test(asked)) throw new RegistryProblem(400, 'PAGINATION_NUMBER_INVALID', '`n` must be a number')
  const last = url.searchParams.get('last')
  return { limit: Math.min(asked === null ? mostAtOnce : Number(asked), mostAtOnce), ...(last === null ? {} : { after: last }) }
}

/** The header that says where the list goes on. */
export function nextLink(path: string, { limit, last, more }: { readonly limit: number; readonly last: string; readonly more?: string }) {
  return { link: `<${path}?n=${limit}&last=${encodeURIComponent(last)}${more ?? ''}>; rel="next"` }
}

/** Tags in lexical order. */
export function serveTags({ url, index, res }: Exchange, name: string): void {
  const { limit, after } = readPage(url)
  if (!index.hasRepository(name)) throw new RegistryProblem(404, 'NAME_UNKNOWN', `There is no repository ${name}`)
  const found = index.tags(name, { ...(after === undefined ? {} : { after }), limit: limit + 1 })
  const tags = found.slice(0, limit)
  const more = found.length > limit && limit > 0
  sendJson(res, { name, tags }, more ? nextLink(`/v2/${name}/tags/list`, { limit, last: tags.at(-1) ?? '' }) : {})
}

/** The repositories the caller may pull from, in lexical order. */
export function serveCatalog({ url, index, res, access, principal }: Exchange): void {
  const { limit, after } = readPage(url)
  const repositories: string[] = []
  for (let last = after; repositories.length <= limit; ) {
    const page = index.repositories({ ...(last === undefined ? {} : { after: last }), limit: mostAtOnce })
    repositories.push(...page.filter((name) => access.allowed(principal, name, 'pull')))
    if (page.length < mostAtOnce) break
    last = page.at(-1)
  }
  const shown = repositories.slice(0, limit)
  const more = repositories.length > limit && limit > 0
  sendJson(res, { repositories: shown }, more ? nextLink('/v2/_catalog', { limit, last: shown.at(-1) ?? '' }) : {})
}
