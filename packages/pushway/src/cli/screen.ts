// What a text is shown on: colours or not, how times are written, how much fits.

import { styleText } from 'node:util'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import { formatAge, formatTime } from './format.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

export interface Screen {
  readonly now: EpochMs
  /** More columns. */
  readonly wide: boolean
  /** The text in that style, or as it is where there are no colours. */
  paint(style: Style | undefined, text: string): string
  /** A moment: its age, or the time itself where the text is compared with a later one. */
  when(at: EpochMs | undefined): string
}

interface Target {
  readonly isTTY?: boolean
}

/** Whether `stream` is a terminal that may be given colours (NO_COLOR is honoured). */
export function hasColors(stream: Target, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
}

/** The screen of standard output at this moment. */
export function makeScreen(options: { readonly wide?: boolean; readonly colors?: boolean; readonly ages?: boolean; readonly now?: EpochMs } = {}): Screen {
  const { wide = false, colors = hasColors(process.stdout), ages = true, now = Date.now() } = options
  return {
    now,
    wide,
    paint: (style, text) => (colors && style && text ? styleText(style, text, { validateStream: false }) : text),
    when: (at) => (at === undefined ? '' : ages ? formatAge(at, now) : formatTime(at)),
  }
}

const styles: Readonly<Record<string, Style>> = {
  success: 'green',
  ok: 'green',
  ready: 'green',
  done: 'green',
  good: 'green',
  given: 'green',
  failure: 'red',
  failed: 'red',
  timed_out: 'red',
  down: 'red',
  bad: 'red',
  rejected: 'red',
  degraded: 'yellow',
  waiting: 'yellow',
  'waiting-for-approval': 'yellow',
  paused: 'yellow',
  aborting: 'yellow',
  cancelled: 'yellow',
  queued: 'yellow',
  running: 'cyan',
  rolling: 'cyan',
  active: 'cyan',
  deploying: 'cyan',
  skipped: 'dim',
  pending: 'dim',
  info: 'dim',
  warning: 'yellow',
}

/** The style of a word that names a state. */
export function styleOf(state: string): Style | undefined {
  return styles[state]
}
