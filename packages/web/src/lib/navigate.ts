// The browser's side of addresses: the present one as a signal, links without page loads.

import { signal } from '@preact/signals'

export interface Place {
  readonly path: string
  readonly search: string
  readonly hash: string
}

function readPlace(): Place {
  const { pathname, search, hash } = window.location
  return { path: pathname, search, hash }
}

export const place = signal<Place>(readPlace())

/** Goes to an address of this site; the page starts at its top. */
export function navigate(href: string, options: { readonly replace?: boolean } = {}): void {
  const from = window.location.pathname
  if (options.replace) window.history.replaceState(null, '', href)
  else window.history.pushState(null, '', href)
  place.value = readPlace()
  if (window.location.pathname !== from) window.scrollTo(0, 0)
}

/** Changes what is behind `#` without a new entry in the history. */
export function replaceHash(hash: string): void {
  navigate(`${window.location.pathname}${window.location.search}${hash}`, { replace: true })
}

/** Changes one value behind `?`; empty takes it away. */
export function setQuery(name: string, value: string): void {
  const query = new URLSearchParams(window.location.search)
  if (value === '') query.delete(name)
  else query.set(name, value)
  const text = query.toString()
  navigate(`${window.location.pathname}${text === '' ? '' : `?${text}`}${window.location.hash}`, { replace: true })
}

/** Follows clicks on links of this site, and the browser's own back and forward. */
export function listenForLinks(): void {
  window.addEventListener('popstate', () => {
    place.value = readPlace()
  })
  window.addEventListener('hashchange', () => {
    place.value = readPlace()
  })
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null
    if (!link || !isOwnLink(event, link)) return
    event.preventDefault()
    navigate(`${link.pathname}${link.search}${link.hash}`)
  })
}

function isOwnLink(event: MouseEvent, link: HTMLAnchorElement): boolean {
  const plain = event.button === 0 && !event.defaultPrevented && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
  if (!plain || link.target !== '' || link.hasAttribute('download') || !link.hasAttribute('href')) return false
  return link.origin === window.location.origin && !/^\/(api|v2|hooks)\//.test(link.pathname)
}
