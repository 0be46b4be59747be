// The keyboard: `/` search, `?` shortcuts, j/k in lists, g and a letter for pages.

import { signal } from '@preact/signals'
import { navigate, place } from './navigate.ts'
import { matchPage, projectOf } from './router.ts'

/** The dialog that is open over the page. */
export const overlay = signal<'none' | 'search' | 'shortcuts'>('none')

const GO_MS = 1200

export interface Shortcut {
  readonly keys: string
  readonly does: string
}

export const shortcuts: readonly Shortcut[] = [
  { keys: '/', does: 'Search projects, environments, runs and pages' },
  { keys: '?', does: 'Show these shortcuts' },
  { keys: 'j  k', does: 'Next and previous row; Enter opens it' },
  { keys: 'g h', does: 'Go to home' },
  { keys: 'g t', does: 'Go to the timeline' },
  { keys: 'g p', does: 'Go to the project' },
  { keys: 'g r', does: 'Go to its runs' },
  { keys: 'g e', does: 'Go to its environments' },
  { keys: 'g i', does: 'Go to its images' },
  { keys: 'g s', does: 'Go to its settings' },
  { keys: 'n  N', does: 'In a log: next and previous match' },
  { keys: 'Esc', does: 'Close a dialog' },
]

/** The address that `g` and a letter means on this page; undefined: none. */
function goTarget(letter: string, project: string | undefined): string | undefined {
  if (letter === 'h') return '/'
  if (letter === 't') return project === undefined ? '/timeline' : `/${project}/timeline`
  if (project === undefined) return undefined
  const pages: Readonly<Record<string, string>> = { p: '', r: '/runs', e: '/environments', i: '/images', s: '/settings' }
  return Object.hasOwn(pages, letter) ? `/${project}${pages[letter]}` : undefined
}

/** Closes an overlay; a late word of one that another has replaced closes nothing. */
export function closeOverlay(which: 'search' | 'shortcuts'): void {
  if (overlay.value === which) overlay.value = 'none'
}

/** Listens for the shortcuts of every page. */
export function listenForKeys(): void {
  let goUntil = 0
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector('dialog[open]')) return
    const going = performance.now() < goUntil
    goUntil = 0
    if (going) {
      const target = goTarget(event.key, projectOf(matchPage(place.value.path)))
      if (target !== undefined) navigate(target)
      return
    }
    if (event.key === 'g') goUntil = performance.now() + GO_MS
    if (event.key === '/' || event.key === '?') {
      event.preventDefault()
      overlay.value = event.key === '/' ? 'search' : 'shortcuts'
    }
    if (event.key === 'j' || event.key === 'k') moveRow(event.key === 'j' ? 1 : -1)
  })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Focuses the next or previous thing of the page's list. */
function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))]
  const inside = next?.matches('a, button') ? next : next?.querySelector<HTMLElement>('a, button')
  inside?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}
