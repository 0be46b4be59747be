// A list of rows of one height of which only those in sight exist: 100,000 lines scroll smoothly.

import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'

const rowHeight = 20
const OVERSCAN = 24

interface Props {
  readonly count: number
  readonly row: (index: number) => ComponentChildren
  /** Stays at the end while rows come. */
  readonly follow: boolean
  /** The reader scrolled away from the end, or back to it. */
  readonly onFollow: (follow: boolean) => void
  /** Brings this row into sight when `at` changes. */
  readonly goTo: { readonly index: number; readonly at: number } | undefined
  readonly label: string
}

export function VirtualList({ count, row, follow, onFollow, goTo, label }: Props) {
  const box = useRef<HTMLElement>(null)
  const [view, setView] = useState({ first: 0, height: 600 })
  const last = useRef(0)

  const look = () => {
    const node = box.current
    if (!node) return
    const first = Math.max(0, Math.floor(node.scrollTop / rowHeight) - OVERSCAN)
    setView((before) => (before.first === first && before.height === node.clientHeight ? before : { first, height: node.clientHeight }))
  }
  const onScroll = () => {
    const node = box.current
    if (!node) return
    const up = node.scrollTop < last.current - 2
    last.current = node.scrollTop
    const atEnd = node.scrollTop + node.clientHeight >= node.scrollHeight - rowHeight
    if (up && !atEnd && follow) onFollow(false)
    if (atEnd && !follow && !up) onFollow(true)
    look()
  }

  useLayoutEffect(() => {
    const node = box.current
    if (follow && node) {
      node.scrollTop = node.scrollHeight
      last.current = node.scrollTop
    }
    look()
  }, [count, follow])
  useLayoutEffect(() => {
    const node = box.current
    if (!node || !goTo || goTo.index < 0) return
    node.scrollTop = Math.max(0, goTo.index * rowHeight - node.clientHeight / 3)
    last.current = node.scrollTop
    look()
  }, [goTo?.at])
  useEffect(() => {
    const node = box.current
    if (!node) return
    const observer = new ResizeObserver(look)
    observer.observe(node)
    return () => observer.disconnect()
  }, [])

  const end = Math.min(count, view.first + Math.ceil(view.height / rowHeight) + 2 * OVERSCAN)
  const shown = Array.from({ length: Math.max(0, end - view.first) }, (_, i) => view.first + i)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
    <section ref={box} class="log-scroll" tabIndex={0} aria-label={label} onScroll={onScroll}>
      <div class="log-space" style={{ height: `${count * rowHeight}px` }}>
        <div class="log-rows" style={{ transform: `translateY(${view.first * rowHeight}px)` }}>
          {shown.map((index) => row(index))}
        </div>
      </div>
    </section>
  )
}
