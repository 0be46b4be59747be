// One row of a log: a step, a group or a line.

import { formatLogPlace, safeHref } from '../lib/router.ts'
import { clockTime } from '../lib/time.ts'
import { Length } from '../parts/basics.tsx'
import { StateIcon, stepState } from '../parts/state.tsx'
import { ansiPieces, type Piece } from './ansi.ts'
import { jobStep, type Row } from './fold.ts'
import { readLine } from './line.ts'

interface RowProps {
  readonly row: Row
  readonly job: string
  readonly times: boolean
  readonly query: string
  /** The row of the present match, or of the address. */
  readonly marked: boolean
  readonly onToggle: (key: string, open: boolean) => void
}

export function LogRow({ row, job, times, query, marked, onToggle }: RowProps) {
  switch (row.kind) {
    case 'step':
      return <StepRow row={row} onToggle={onToggle} />
    case 'group':
      return (
        <div class={`log-row log-group${marked ? ' marked' : ''}`}>
          <LineNumber job={job} step={row.step} number={row.number} />
          <button type="button" class="fold" aria-expanded={row.open} onClick={() => onToggle(`${row.step}:${row.number}`, !row.open)}>
            <span style={{ paddingLeft: `${row.depth * 16}px` }}>
              <Caret open={row.open} />
              <Highlighted text={row.title} query={query} />
            </span>
          </button>
        </div>
      )
    case 'line': {
      const { kind, text } = readLine(row.line.text)
      return (
        <div class={`log-row log-line log-${kind}${marked ? ' marked' : ''}`}>
          <LineNumber job={job} step={row.step} number={row.number} />
          {times && <span class="log-time">{clockTime(row.line.at)}</span>}
          <span class="log-text" style={{ paddingLeft: `${row.depth * 16}px` }}>
            {(kind === 'error' || kind === 'warning' || kind === 'notice') && <strong>{kind}: </strong>}
            <Pieces text={text} query={query} />
          </span>
        </div>
      )
    }
  }
}

function StepRow({ row, onToggle }: { readonly row: Extract<Row, { kind: 'step' }>; readonly onToggle: RowProps['onToggle'] }) {
  const { step, open, lines } = row
  const { tone, word } = stepState(step)
  return (
    <button type="button" class={`log-row log-step state-${tone}`} aria-expanded={open} data-row onClick={() => onToggle(String(step.index), !open)}>
      <Caret open={open} />
      {step.index !== jobStep && <StateIcon tone={tone} size={14} />}
      <span class="step-name">{step.name}</span>
      <span class="step-facts">
        {step.index !== jobStep && tone !== 'done' && <span>{word}</span>}
        <span class="dim num">{lines > 0 ? lines.toLocaleString('en') : ''}</span>
        <span class="step-time">
          <Length ms={step.durationMs} from={step.status === 'running' ? step.startedAt : undefined} />
        </span>
      </span>
    </button>
  )
}

function Caret({ open }: { readonly open: boolean }) {
  return (
    <svg class={`caret${open ? ' open' : ''}`} width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
      <path d="m4 2.5 4 3.5-4 3.5" fill="none" stroke="currentColor" stroke-width="1.6" />
    </svg>
  )
}

function LineNumber({ job, step, number }: { readonly job: string; readonly step: number; readonly number: number }) {
  return (
    <a class="log-number num" href={formatLogPlace({ job, step, line: number })} aria-label={`Line ${number}`}>
      {number}
    </a>
  )
}

/** A line's text with its colours; links only to http(s). */
function Pieces({ text, query }: { readonly text: string; readonly query: string }) {
  const pieces: readonly Piece[] = text.includes('\u001b') ? ansiPieces(text) : [{ text, classes: '' }]
  return (
    <>
      {pieces.map((piece, index) => {
        const shown = <Highlighted text={piece.text} query={query} />
        const href = safeHref(piece.href)
        if (href !== undefined) {
          return (
            <a key={index} href={href} rel="noreferrer noopener" target="_blank">
              {shown}
            </a>
          )
        }
        if (piece.classes === '' && piece.color === undefined && piece.background === undefined) return shown
        const style = { ...(piece.color ? { color: piece.color } : {}), ...(piece.background ? { backgroundColor: piece.background } : {}) }
        return (
          <span key={index} class={piece.classes} style={style}>
            {shown}
          </span>
        )
      })}
    </>
  )
}

/** The text with what is searched for marked. */
function Highlighted({ text, query }: { readonly text: string; readonly query: string }) {
  if (query === '') return <>{text}</>
  const parts = splitAt(text, query)
  return <>{parts.map((part, index) => (index % 2 === 1 ? <mark key={index}>{part}</mark> : part))}</>
}

/** The text cut so that every second part is a match. */
function splitAt(text: string, query: string): readonly string[] {
  const low = text.toLowerCase()
  const wanted = query.toLowerCase()
  const parts: string[] = []
  let from = 0
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), text.slice(at, at + wanted.length))
    from = at + wanted.length
  }
  return [...parts, text.slice(from)]
}
