// Options of the form NAME=value that may be repeated.

import { fail } from '@pushway/core/reason/errors.ts'

/** For commander: adds one `NAME=value` to those before. @throws PushwayError `usage` */
export function collectPair(option: string): (text: string, before: Readonly<Record<string, string>>) => Record<string, string> {
  return (text, before) => {
    const equals = text.indexOf('=')
    if (equals <= 0) throw fail('usage', { problem: `${option} "${text}" has no value.`, hint: `Write ${option} NAME=value.` })
    return { ...before, [text.slice(0, equals)]: text.slice(equals + 1) }
  }
}
