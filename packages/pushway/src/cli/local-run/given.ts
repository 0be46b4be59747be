// What the options of `pushway run` give: pairs, files of pairs, the event's payload.

import { readFileSync } from 'node:fs'
import { fail } from '@pushway/core/reason/errors.ts'
import type { TemplateMap } from '@pushway/core/workflow/types.ts'

export function pairsOf(texts: readonly string[], option: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      if (equals <= 0) throw fail('usage', { problem: `${option} "${text}" has no value.`, hint: `Write ${option} NAME=value.` })
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

export function secretsOf(texts: readonly string[]): Record<string, string> {
  const entries = texts.map((text) => {
    if (text.includes('=')) return text
    const value = process.env[text]
    if (value === undefined)
      throw fail('usage', { problem: `The secret ${text} has no value.`, hint: `Write --secret ${text}=value, or set the variable ${text}.` })
    return `${text}=${value}`
  })
  return pairsOf(entries, '--secret')
}

/** `NAME=value` lines, with or without `export` and quotes; other lines are left out. */
export function readPairsFile(file: string, option: string): TemplateMap {
  return readText(file, option)
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line)
      if (!match) return []
      const value = (match[2] ?? '').trim().replace(/^(["'])(.*)\1$/, '$2')
      return [[match[1] as string, { value, at: { file, line: index + 1, column: 1 } }] as const]
    })
}

/** As a map; nothing without a file. */
export function valuesOfFile(file: string | undefined, option: string): Record<string, string> {
  return file === undefined ? {} : Object.fromEntries(readPairsFile(file, option).map(([name, { value }]) => [name, value]))
}

export function readEventFile(file: string): Readonly<Record<string, unknown>> {
  const text = readText(file, '--event-file')
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Said below.
  }
  throw fail('usage', { problem: `${file} is not a JSON object.`, hint: 'Write the payload of the event in it.' })
}

function readText(file: string, option: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw fail('usage', { problem: `The file ${file} can't be read: ${(error as Error).message}.`, hint: `Name another one with ${option}.` })
  }
}

/** Key → the values of it that are wanted, of `--matrix key:value`. */
export type WantedLegs = ReadonlyMap<string, ReadonlySet<string>>

/** Keys are compared without case, as in expressions. @throws PushwayError `usage` */
export function wantedLegs(texts: readonly string[]): WantedLegs {
  const wanted = new Map<string, Set<string>>()
  for (const text of texts) {
    const colon = text.indexOf(':')
    if (colon <= 0) throw fail('usage', { problem: `--matrix "${text}" has no value.`, hint: 'Write --matrix KEY:VALUE.' })
    const key = text.slice(0, colon).toLowerCase()
    wanted.set(key, (wanted.get(key) ?? new Set()).add(text.slice(colon + 1)))
  }
  return wanted
}

/** Whether a leg has, of each wanted key that it has at all, one of the wanted values. */
export function isWantedLeg(matrix: Readonly<Record<string, unknown>>, wanted: WantedLegs): boolean {
  return Object.entries(matrix).every(
    ([key, value]) => wanted.get(key.toLowerCase())?.has(typeof value === 'object' ? JSON.stringify(value) : String(value)) ?? true,
  )
}
