// Plain YAML scalars as compose reads them, and values as text as compose writes them: both are Go's ways, which differ from JavaScript's.
// Follows https://pkg.go.dev/gopkg.in/yaml.v3 (YAML 1.2 with 1.1's octal numbers) and Go's formatting of numbers.

import type { ScalarValue } from './tree.ts'

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
])

/** What a scalar without quotes means; `date` is a value compose refuses: a date has no type in the specification. */
export function resolvePlain(text: string): ScalarValue | { readonly date: string } {
  if (text === '' || text === '~' || /^(null|Null|NULL)$/.test(text)) return null
  const word = booleans.get(text)
  if (word !== undefined) return word
  if (/^[-+]?\.(inf|Inf|INF)$/.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (/^\.(nan|NaN|NAN)$/.test(text)) return Number.NaN
  if (/^\d{4}-\d{1,2}-\d{1,2}($|[Tt ]\d{1,2}:\d{1,2}:\d{1,2})/.test(text) && isDate(text)) return { date: text }
  return resolveNumber(text) ?? text
}

function isDate(text: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{1,2})-(\d{1,2})/.exec(text) ?? []
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}

function resolveNumber(text: string): number | undefined {
  if (!/^[-+.0-9]/.test(text)) return undefined
  const digits = text.replaceAll('_', '')
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/.exec(digits) ?? []
  const factor = sign === '-' ? -1 : 1
  if (/^(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)$/.test(rest)) return factor * Number(rest.toLowerCase())
  if (/^0[0-7]+$/.test(rest)) return factor * Number.parseInt(rest, 8)
  if (/^(0|[1-9]\d*)$/.test(rest)) return factor * Number(rest)
  if (/^(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(rest) && (digits === text || /^[-+]?\d+(\.\d*)?/.test(digits))) return factor * Number(rest)
  return undefined
}

/** A value as Go prints it (`%v`): what a number or boolean becomes where compose wants text. */
export function goText(value: ScalarValue): string {
  if (value === null) return '<nil>'
  return typeof value === 'number' ? goNumber(value) : String(value)
}

/** A number as Go prints it: an exponent of at least two digits below 1e-4 and from 1e21 on. */
export function goNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  const size = Math.abs(value)
  if (size === 0 || (size >= 1e-4 && size < 1e21) || Number.isNaN(value)) return String(value)
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** A number of single precision, as compose keeps CPU counts: 0.1 stays 0.1 when it is printed. */
export function singlePrecision(value: number): number {
  const single = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(single.toPrecision(digits))
    if (Math.fround(short) === single) return short
  }
  return single
}
