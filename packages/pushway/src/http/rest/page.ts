// Pages of lists, as GitHub cuts them: `per_page`, `page` and the Link header.

import { RestAnswer, type RestCall } from './route.ts'

export interface PageWish {
  readonly page: number
  readonly size: number
  /** How many are left out before it. */
  readonly skip: number
}

/** Which page is asked for: 30 a page unless told, 100 at most. */
export function pageOf({ query }: Pick<RestCall, 'query'>): PageWish {
  const number = (name: string, fallback: number) => {
    const value = Number(query.get(name) ?? fallback)
    return Number.isInteger(value) && value > 0 ? value : fallback
  }
  const size = Math.min(100, number('per_page', 30))
  const page = number('page', 1)
  return { page, size, skip: (page - 1) * size }
}

/** `wrap`: what stands around the items (`{ total_count, jobs }`); `show`: how each is shown. */
export interface PageForm<T> {
  readonly wrap?: (page: readonly unknown[], total: number) => unknown
  readonly show?: (item: T) => unknown
}

/** The asked page of a whole list. */
export function paged<T>(call: RestCall, items: readonly T[], { wrap, show }: PageForm<T> = {}): RestAnswer {
  const { skip, size } = pageOf(call)
  const page = items.slice(skip, skip + size).map((item) => (show ? show(item) : item))
  return new RestAnswer(200, wrap ? wrap(page, items.length) : page, linkHeader(call, skip + size < items.length))
}

/** Links to the pages beside this one. */
export function linkHeader(call: RestCall, more: boolean): Readonly<Record<string, string>> {
  const { page } = pageOf(call)
  const url = new URL(call.req.url ?? '/', `${call.place.server}/`)
  const to = (number: number, rel: string) => {
    url.searchParams.set('page', String(number))
    return `<${url.href}>; rel="${rel}"`
  }
  const links = [...(page > 1 ? [to(page - 1, 'prev'), to(1, 'first')] : []), ...(more ? [to(page + 1, 'next')] : [])]
  return links.length === 0 ? {} : { link: links.join(', ') }
}
