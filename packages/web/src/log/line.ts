// What a line of a log is: its level, or the begin or end of a group. Pure.

export type LineKind = 'plain' | 'error' | 'warning' | 'notice' | 'debug' | 'command' | 'group' | 'endgroup'

export interface LineText {
  readonly kind: LineKind
  /** The line without its mark. */
  readonly text: string
}

const marks = /^(?:##\[(group|endgroup|error|warning|notice|debug|command|section)\]|::(group|endgroup|error|warning|notice|debug)(?: [^:]*)?::)/

/** Reads `##[error]…` and `::error::…` marks. */
export function readLine(line: string): LineText {
  // Nearly every line has no mark.
  const first = line.charCodeAt(0)
  if (first !== 35 && first !== 58) return { kind: 'plain', text: line }
  const match = marks.exec(line)
  if (!match) return { kind: 'plain', text: line }
  const word = match[1] ?? match[2] ?? ''
  const text = line.slice(match[0].length)
  return { kind: word === 'section' ? 'plain' : (word as LineKind), text }
}

/** The text without ANSI escape sequences, for searching and titles. */
export function stripAnsi(text: string): string {
  if (!text.includes('\u001b')) return text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g, '')
}
