// Tables as kubectl and docker print them: capitals above, two spaces between, nothing drawn. Pure.

import { plainLine } from './format.ts'
import { type Screen, type Style, styleOf } from './screen.ts'

export interface Column<T> {
  readonly title: string
  readonly text: (row: T, screen: Screen) => string | undefined
  /** Only with `-o wide`. */
  readonly wide?: boolean
  /** Coloured by the word in it. */
  readonly state?: boolean
  readonly style?: Style
}

const gap = '   '

/** The table's lines; only the first line of each text is shown, without control characters. */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], screen: Screen): string {
  const shown = columns.filter((column) => screen.wide || column.wide !== true)
  const cells = rows.map((row) => shown.map((column) => plainLine(column.text(row, screen) ?? '') || '-'))
  const widths = shown.map((column, index) => Math.max(textWidth(column.title), ...cells.map((row) => textWidth(row[index] ?? ''))))
  const line = (texts: readonly string[], styleAt: (index: number) => Style | undefined) =>
    texts.map((text, index) => screen.paint(styleAt(index), text) + padding(text, index === texts.length - 1 ? 0 : (widths[index] ?? 0))).join(gap)
  const head = line(
    shown.map((column) => column.title),
    () => 'bold',
  )
  const body = cells.map((row) => line(row, (index) => (shown[index]?.state ? styleOf(row[index] ?? '') : shown[index]?.style)))
  return [head, ...body].map((text) => text.trimEnd()).join('\n')
}

/** `Name:   value` lines, values below each other; fields without a value are left out. */
export function renderFields(fields: readonly (readonly [name: string, value: string | undefined])[]): string {
  const present = fields.filter(([, value]) => value !== undefined && value !== '')
  const width = Math.max(0, ...present.map(([name]) => name.length)) + 1
  return present.map(([name, value]) => `${`${name}:`.padEnd(width)}${gap}${value}`).join('\n')
}

/** The text with each of its lines moved to the right. */
export function indent(text: string, by = 2): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n')
}

function padding(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** Columns of a terminal: East Asian wide characters and emoji take two, combining marks none. */
export function textWidth(text: string): number {
  let width = 0
  for (const char of text) {
    if (/\p{Mark}|\u200D|\uFE0F/u.test(char)) continue
    width += /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}|[\u{20000}-\u{3FFFD}]/u.test(
      char,
    )
      ? 2
      : 1
  }
  return width
}
