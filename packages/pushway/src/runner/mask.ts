// Hides secret values in log lines, in every encoding that programs print them in. Pure.

/** Replaces secret values by `***`. Values may be added at any time; they hold for what is masked later. */
export interface Masker {
  /** Adds a value; one of several lines is also hidden line by line. Empty ones are ignored. */
  add(value: string): void
  mask(text: string): string
  /** Whether the text holds one of the values, plain or encoded. */
  holds(text: string): boolean
}

const shortest = 4

/** A masker for `values`. */
export function createMasker(values: Iterable<string> = []): Masker {
  const patterns = new Set<string>()
  let compiled: RegExp | undefined
  const add = (value: string) => {
    for (const pattern of patternsOf(value)) patterns.add(pattern)
    compiled = undefined
  }
  const matcher = () => {
    const longestFirst = [...patterns].sort((a, b) => b.length - a.length)
    compiled ??= new RegExp(longestFirst.map(escapeRegExp).join('|'))
    return compiled
  }
  const holds = (text: string) => patterns.size > 0 && matcher().test(text)
  for (const value of values) add(value)
  return { add, holds, mask: (text) => (holds(text) ? replaceRanges(text, findRanges(text, patterns)) : text) }
}

/** Every text that gives the value away. */
function patternsOf(value: string): readonly string[] {
  const whole = value.replace(/^[\r\n]+|[\r\n]+$/g, '')
  if (whole.trim() === '') return []
  const lines = whole.split(/\r?\n/).map((line) => line.trim())
  const parts = lines.length > 1 ? [whole, ...lines.filter((line) => line.length >= shortest)] : [whole]
  return parts.flatMap((part) => [part, ...encodings(part)])
}

function encodings(value: string): readonly string[] {
  const bytes = Buffer.from(value)
  const texts = [
    ...[bytes, Buffer.from(`${value}\n`)].flatMap((data) => [data.toString('base64'), data.toString('base64url')]),
    ...[0, 1, 2].flatMap((offset) => base64Inside(bytes, offset)),
    ...[76, 64].flatMap((columns) => wrapped(bytes.toString('base64'), columns)),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeUri(value),
    encodeUri(value).replace(/%20/g, '+'),
    encodeUri(value).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    encodeURI(wellFormed(value)),
    JSON.stringify(value).slice(1, -1),
    JSON.stringify(value).slice(1, -1).replaceAll('/', '\\/'),
    JSON.stringify(JSON.stringify(value)).slice(3, -3),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", `'"'"'`),
    value.replaceAll("'", "''"),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#x27;'),
    value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    value.replace(/[\\'\n\t\r]/g, (one) => `\\${letters[one] ?? one}`),
    value.replace(/(["\\$`])/g, '\\$1'),
    value.replace(/([^A-Za-z0-9_@%+=:,./\n-])/g, '\\$1'),
    value.replace(/^"(.*)"$/, '$1'),
  ]
  return texts.filter((text) => text !== value && text.length >= shortest)
}

/** What `$'…'` of a shell and strings of Python call them. */
const letters: Readonly<Record<string, string>> = { '\n': 'n', '\t': 't', '\r': 'r' }

/** The lines that `base64` and PEM files break a long text into; short ones could be anything. */
function wrapped(text: string, columns: number): readonly string[] {
  if (text.length <= columns) return []
  const lines = Array.from({ length: Math.ceil(text.length / columns) }, (_, i) => text.slice(i * columns, (i + 1) * columns))
  return lines.filter((line) => line.length >= 2 * shortest)
}

/** The digits of base64 that depend on the value alone when it begins `offset` bytes after a boundary: 6 bits each. */
function base64Inside(bytes: Buffer, offset: number): readonly string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), bytes])
  const from = Math.ceil((offset * 8) / 6)
  const to = Math.floor((padded.length * 8) / 6)
  return [padded.toString('base64').slice(from, to), padded.toString('base64url').slice(from, to)]
}

function encodeUri(value: string): string {
  return encodeURIComponent(wellFormed(value))
}

/** Without lone surrogates, which can't be encoded. */
function wellFormed(value: string): string {
  return Buffer.from(value).toString('utf8')
}

type Range = readonly [from: number, to: number]

/** Where any pattern is, overlapping ones joined: no end of one value may stay because another one begins before it. */
function findRanges(text: string, patterns: ReadonlySet<string>): readonly Range[] {
  const ranges: Range[] = []
  for (const pattern of patterns) {
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) ranges.push([at, at + pattern.length])
  }
  ranges.sort((a, b) => a[0] - b[0])
  const joined: [number, number][] = []
  for (const [from, to] of ranges) {
    const last = joined.at(-1)
    if (last && from <= last[1]) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

function replaceRanges(text: string, ranges: readonly Range[]): string {
  let result = ''
  let done = 0
  for (const [from, to] of ranges) {
    result += `${text.slice(done, from)}***`
    done = to
  }
  return result + text.slice(done)
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
