// `.env` and `env_file` files. Follows https://docs.docker.com/reference/compose-file/services/#env_file-format and,
// for `format: raw`, `docker run --env-file`.

import type { Diagnostic } from '../text/diagnostic.ts'
import { interpolate } from './interpolate.ts'
import { Report } from './report.ts'

export interface DotenvInput {
  readonly file: string
  readonly text: string
  /** `raw`: every line as it is; no quotes, no variables. */
  readonly format?: 'raw'
  /** Values of names that the file does not give itself. */
  readonly lookUp: (name: string) => string | undefined
  readonly report: Report
}

/** The file's variables over those in `before`, which its own values may use. What is wrong is reported at its line. */
export function readDotenv(input: DotenvInput, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const text = input.text.replace(/^\uFEFF/, '')
  return input.format === 'raw' ? readRaw(text, input, before) : new Reader(text, input, before).read()
}

/** The variables of a `.env` file; those of `env` can be used in it, and win where both have one. */
export function parseDotenv(given: { readonly file: string; readonly text: string; readonly env: Readonly<Record<string, string>> }): {
  readonly values: Readonly<Record<string, string>>
  readonly diagnostics: readonly Diagnostic[]
} {
  const report = new Report()
  const lookUp = (name: string) => (Object.hasOwn(given.env, name) ? given.env[name] : undefined)
  const values = Object.fromEntries(readDotenv({ file: given.file, text: given.text, lookUp, report }))
  return { values, diagnostics: report.diagnostics }
}

function readRaw(text: string, { file, lookUp, report }: DotenvInput, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const values = new Map(before)
  for (const [index, written] of text.split('\n').entries()) {
    const line = written.replace(/\r$/, '').trimStart()
    if (line === '' || line.startsWith('#')) continue
    const [name = '', ...rest] = line.split('=')
    const at = { file, line: index + 1, column: 1 }
    if (name === '') report.error(at, 'env-file', `"${line}" has no name before the equals sign.`)
    else if (/[ \t]/.test(name)) report.error(at, 'env-file', `The variable's name "${name}" has a space in it.`)
    else if (rest.length > 0) values.set(name, rest.join('='))
    else {
      const value = lookUp(name)
      if (value !== undefined) values.set(name, value)
    }
  }
  return values
}

class Reader {
  readonly #text: string
  readonly #input: DotenvInput
  readonly #values: Map<string, string>
  #at = 0

  constructor(text: string, input: DotenvInput, before: ReadonlyMap<string, string>) {
    this.#text = text
    this.#input = input
    this.#values = new Map(before)
  }

  read(): ReadonlyMap<string, string> {
    while (this.#skip()) {
      const name = this.#name()
      if (name === undefined) break
      if (!name.valued) {
        const value = this.#lookUp(name.text)
        if (value !== undefined) this.#values.set(name.text, value)
        continue
      }
      const value = this.#value()
      if (value === undefined) break
      this.#values.set(name.text, value)
    }
    return this.#values
  }

  /** To the next statement, over white space and comments; false at the end. */
  #skip(): boolean {
    for (;;) {
      const match = /\S/.exec(this.#text.slice(this.#at))
      if (!match) return false
      this.#at += match.index
      if (this.#text[this.#at] !== '#') return true
      const end = this.#text.indexOf('\n', this.#at)
      if (end < 0) return false
      this.#at = end
    }
  }

  #name(): { readonly text: string; readonly valued: boolean } | undefined {
    const start = /^export[^\S\n]+/.exec(this.#text.slice(this.#at))
    this.#at += start?.[0].length ?? 0
    const line = this.#text.slice(this.#at).split('\n')[0] ?? ''
    const written = /^[\p{L}\p{N}_.\-[\]\t\v\f\r \u0085\u00A0]*/u.exec(line)?.[0] ?? ''
    const next = line[written.length]
    const text = written.trimEnd()
    if (next !== undefined && next !== '=' && next !== ':')
      return this.#fail(`"${line.replace(/\r$/, '')}" has the character ${JSON.stringify(next)} in the variable's name.`)
    if (text.includes(' ')) return this.#fail(`The variable's name "${text}" has a space in it.`)
    if (text === '') return this.#fail(`"${line}" has no name before the equals sign.`)
    this.#at += written.length + 1
    return { text, valued: next !== undefined }
  }

  #value(): string | undefined {
    const space = /^[\t\v\f\r \u0085\u00A0]*/.exec(this.#text.slice(this.#at))?.[0].length ?? 0
    this.#at += space
    const quote = this.#text[this.#at]
    if (quote === '"' || quote === "'") return this.#quoted(quote)
    const end = this.#text.indexOf('\n', this.#at)
    const line = this.#text.slice(this.#at, end < 0 ? undefined : end)
    const value = this.#expand((line.split(' #')[0] ?? '').trimEnd())
    this.#at = end < 0 ? this.#text.length : end + 1
    return value
  }

  #quoted(quote: string): string | undefined {
    let value = ''
    let escaped = false
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const char = this.#text[at] as string
      if (char === quote && !escaped) {
        const expanded = quote === '"' ? this.#expand(expandEscapes(value)) : value
        this.#at = at + 1
        return expanded
      }
      if (char === '\\' && !escaped) {
        escaped = true
        continue
      }
      value += escaped && char !== quote ? `\\${char}` : char
      escaped = false
    }
    const line = this.#text.slice(this.#at).split('\n')[0] ?? ''
    return this.#fail(`The value ${line} has a quote that is not closed.`)
  }

  #expand(text: string): string {
    if (!text.includes('$')) return text
    const { value, problems } = interpolate(text, (name) => this.#lookUp(name))
    for (const { kind, message } of problems) {
      if (kind === 'unset') this.#input.report.warn(this.#place(), 'compose-variable-unset', message)
      else this.#input.report.error(this.#place(), `compose-variable-${kind}`, message)
    }
    return value
  }

  #lookUp(name: string): string | undefined {
    return this.#input.lookUp(name) ?? this.#values.get(name)
  }

  #place() {
    return { file: this.#input.file, line: this.#text.slice(0, this.#at).split('\n').length, column: 1 }
  }

  #fail(message: string): undefined {
    this.#input.report.error(this.#place(), 'env-file', message)
  }
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '"': '"', '\\': '\\' }

/** The escapes of double quotes; `\$` becomes `$$`, which is a dollar sign once variables are replaced. */
function expandEscapes(text: string): string {
  return text.replace(/\\([abcfnrtv$"\\]|0\d{0,3})/g, (written, code: string) => {
    if (code === '$') return '$$'
    if (code.startsWith('0')) return /^0[0-7]{3}$/.test(code) ? String.fromCharCode(Number.parseInt(code.slice(1), 8) & 0xff) : written
    return escapes[code] ?? written
  })
}
