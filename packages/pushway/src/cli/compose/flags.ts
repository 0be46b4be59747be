// Values of flags: numbers and pairs, with what is wrong about them.

import { fail } from '@pushway/core/reason/errors.ts'

/** A whole number from 0; undefined when the flag is not there. @throws PushwayError `usage` */
export function numberOption(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw fail('usage', { problem: `${flag} takes a whole number, not "${text}".`, hint: 'Correct it.' })
}

/** Collects `NAME=VALUE`, for a flag that may be repeated. @throws PushwayError `usage` */
export function collectPairs(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw fail('usage', { problem: `"${text}" is not NAME=VALUE.`, hint: 'Write it so: web=3.' })
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** Collects the values of a flag that may be repeated. */
export function collectTexts(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
