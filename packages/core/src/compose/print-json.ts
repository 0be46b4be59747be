// Printed values as JSON text, byte for byte as Go's encoder writes it.

import type { Printed } from './print-value.ts'

/** JSON, indented by two spaces, or on one line when `compact`. `<`, `>`, `&` are escaped, as Go does. */
export function toJson(value: Printed, compact = false): string {
  return write(value, compact ? undefined : '')
}

function write(value: Printed, indent: string | undefined): string {
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => `${quote(key)}:${indent === undefined ? '' : ' '}${write(member, deeper(indent))}`)
    return wrap(['{', '}'], members, indent)
  }
  if (Array.isArray(value))
    return wrap(
      ['[', ']'],
      (value as readonly Printed[]).map((item) => write(item, deeper(indent))),
      indent,
    )
  return typeof value === 'string' ? quote(value) : JSON.stringify(value)
}

function deeper(indent: string | undefined): string | undefined {
  return indent === undefined ? undefined : `${indent}  `
}

function wrap([open, close]: readonly [string, string], members: readonly string[], indent: string | undefined): string {
  if (members.length === 0) return open + close
  if (indent === undefined) return open + members.join(',') + close
  return `${open}\n${members.map((member) => `${indent}  ${member}`).join(',\n')}\n${indent}${close}`
}

function quote(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
