// Printed values as YAML text, as Go's encoder (yaml.v3, two spaces) writes it: which texts are quoted, and how.

import type { Printed } from './print-value.ts'
import { goNumber, resolvePlain } from './scalar.ts'

/** YAML, with a line break at its end. */
export function toYaml(value: Printed): string {
  return `${block(value, '').replace(/^\n/, '')}\n`
}

/** The value after its key or dash: on the same line, or below with this indentation. */
function block(value: Printed, indent: string): string {
  if (value instanceof Map) {
    if (value.size === 0) return ' {}'
    return [...(value as ReadonlyMap<string, Printed>)].map(([key, member]) => `\n${indent}${scalar(key, '')}:${block(member, `${indent}  `)}`).join('')
  }
  if (Array.isArray(value)) {
    const items = value as readonly Printed[]
    return items.length === 0 ? ' []' : items.map((item) => `\n${indent}-${listItem(item, indent)}`).join('')
  }
  return ` ${typeof value === 'string' ? scalar(value, indent) : typeof value === 'number' ? goNumber(value) : String(value)}`
}

/** A mapping or a list in a list begins on the dash's own line. */
function listItem(item: Printed, indent: string): string {
  const text = block(item, `${indent}  `)
  return text.startsWith('\n') ? ` ${text.slice(indent.length + 3)}` : text
}

function scalar(text: string, indent: string): string {
  if (text.includes('\n')) return literal(text, indent) ?? doubleQuoted(text)
  if (!isPlainText(text)) return doubleQuoted(text)
  const { plain, single } = analyse(text)
  if (plain) return text
  return single ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text)
}

/** Whether a reader takes it for text without quotes, also a reader of YAML 1.1. */
function isPlainText(text: string): boolean {
  if (/^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/.test(text)) return false
  if (/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text)) return false
  return typeof resolvePlain(text) === 'string'
}

interface Analysis {
  readonly plain: boolean
  readonly single: boolean
}

const special = /[^\t\n\r\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u

/** How a text of one line may be written. Follows the analysis of libyaml's emitter. */
function analyse(text: string): Analysis {
  if (text === '') return { plain: false, single: true }
  const oddCharacters = special.test(text) || text.includes('\t')
  const outerSpace = text.startsWith(' ') || text.endsWith(' ')
  const indicator = /^[#,[\]{}&*!|>'"%@`]/.test(text) || /^[-?:](\s|$)/.test(text) || /:(\s|$)/.test(text) || /\s#/.test(text) || /^(---|\.\.\.)/.test(text)
  return { plain: !oddCharacters && !outerSpace && !indicator, single: !oddCharacters }
}

/** `|`, with what stands after it; undefined when the text can't be written so. */
function literal(text: string, indent: string): string | undefined {
  const special = /[^\t\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u.test(text)
  if (special || / \n/.test(text) || text.endsWith(' ')) return undefined
  const hint = /^[ \n]/.test(text) ? '2' : ''
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const lines = text.replace(/\n$/, '').split('\n')
  return `|${hint}${chomp}\n${lines.map((line) => (line === '' ? '' : indent + line)).join('\n')}`
}

const escapes: Readonly<Record<string, string>> = {
  '\x00': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\u0085': 'N',
  '\u00a0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
}

function doubleQuoted(text: string): string {
  const inside = [...text].map((char) => {
    const escaped = escapes[char]
    if (escaped !== undefined && char !== '\u00a0') return `\\${escaped}`
    const code = char.codePointAt(0) ?? 0
    const hex = (digits: number) => code.toString(16).toUpperCase().padStart(digits, '0')
    if (code > 0xffff) return `\\U${hex(8)}`
    if (code < 0x20 || code === 0x7f || code === 0xfeff) return code < 0x100 ? `\\x${hex(2)}` : `\\u${hex(4)}`
    return char
  })
  return `"${inside.join('')}"`
}
