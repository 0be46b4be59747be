// Small parts of every page: times, texts to copy, errors, skeletons.

import { useComputed } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ApiError } from '../lib/api.ts'
import { now } from '../lib/clock.ts'
import { shortHash } from '../lib/format.ts'
import { safeHref } from '../lib/router.ts'
import { absoluteTime, formatLength, relativeTime } from '../lib/time.ts'
import { StateIcon } from './state.tsx'

/** A moment, relative; absolute on hover. */
export function Time({ at }: { readonly at: number }) {
  return <TimeText key={at} at={at} />
}

function TimeText({ at }: { readonly at: number }) {
  const text = useComputed(() => relativeTime(at, now.value))
  return (
    <time class="nowrap" dateTime={new Date(at).toISOString()} title={absoluteTime(at)}>
      {text}
    </time>
  )
}

/** How long something has taken, counting on while it lasts. */
export function Length({ from, to, ms }: { readonly from?: number | undefined; readonly to?: number | undefined; readonly ms?: number | undefined }) {
  if (ms !== undefined) return <span class="num">{formatLength(ms)}</span>
  if (from === undefined) return null
  if (to !== undefined) return <span class="num">{formatLength(to - from)}</span>
  return <Counting key={from} from={from} />
}

function Counting({ from }: { readonly from: number }) {
  const text = useComputed(() => formatLength(Math.max(0, Math.floor((now.value - from) / 1000) * 1000)) || '0 s')
  return <span class="num">{text}</span>
}

/** A digest or commit in its short form; a click copies the whole. */
export function Copy({ text, shown, label }: { readonly text: string; readonly shown?: string; readonly label?: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard?.writeText(text).catch(() => undefined)
    setCopied(true)
    window.setTimeout(() => setCopied(false), 1500)
  }
  return (
    <button type="button" class="copy mono" title={`${text} – click to copy`} aria-label={`Copy ${label ?? text}`} onClick={copy}>
      {shown ?? text}
      <span class="copied" role="status">
        {copied ? 'copied' : ''}
      </span>
    </button>
  )
}

export function DigestText({ digest }: { readonly digest: string }) {
  return <Copy text={digest} shown={shortHash(digest)} label={`digest ${digest}`} />
}

/** A command to copy. */
export function Command({ text }: { readonly text: string }) {
  return (
    <div class="command">
      <code>{text}</code>
      <Copy text={text} shown="Copy" label={`command ${text}`} />
    </div>
  )
}

/** What went wrong, where it did, with its code and the next step. It stays until it is dismissed. */
export function ErrorBox({ error, onDismiss }: { readonly error: ApiError | undefined; readonly onDismiss?: () => void }) {
  if (!error) return null
  return (
    <div class="error-box" role="alert">
      <StateIcon tone="failed" />
      <div class="error-text">
        <p>
          <strong>{error.message}</strong> <code class="code">{error.code}</code>
        </p>
        {error.findings.length > 0 && (
          <ul class="findings mono">
            {error.findings.map((finding) => (
              <li key={finding}>{finding}</li>
            ))}
          </ul>
        )}
        {error.next !== '' && <p class="dim">{error.next}</p>}
      </div>
      {onDismiss && (
        <button type="button" class="plain" onClick={onDismiss} aria-label="Dismiss this message">
          Dismiss
        </button>
      )}
    </div>
  )
}

/** Reserved space that shows itself when waiting takes longer than 300 ms. */
export function Skeleton({ lines = 4, tall = false }: { readonly lines?: number; readonly tall?: boolean }) {
  const [shown, setShown] = useState(false)
  useEffect(() => {
    const timer = window.setTimeout(() => setShown(true), 300)
    return () => window.clearTimeout(timer)
  }, [])
  return (
    <div class={`skeleton${tall ? ' tall' : ''}${shown ? ' shown' : ''}`} role="status" aria-label={shown ? 'Loading' : ''}>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} />
      ))}
    </div>
  )
}

/** A link, when the address is one that may be followed; else the text. */
export function SafeLink({ href, children, ...rest }: { readonly href: string | undefined; readonly children: ComponentChildren; readonly class?: string }) {
  const safe = safeHref(href)
  if (safe === undefined) return <span {...rest}>{children}</span>
  const outside = !safe.startsWith('/')
  return (
    <a href={safe} {...rest} {...(outside ? { rel: 'noreferrer noopener', target: '_blank' } : {})}>
      {children}
    </a>
  )
}

export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

/** A part of a page with its heading. */
export function Section({ title, aside, children }: { readonly title: string; readonly aside?: ComponentChildren; readonly children: ComponentChildren }) {
  return (
    <section class="section">
      <header class="section-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  )
}
