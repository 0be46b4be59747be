// Typed reading of pushway.yml's values: each gives the value, or a finding at its place.

import { parseDuration } from '../text/duration.ts'
import type { Milliseconds } from '../text/ids.ts'
import { unknownKey, type YamlEntry, type YamlNode, type YamlReader } from '../text/yaml.ts'

/** Something to read: the file, the node, and its name for people (`environments.staging.branch`). */
export interface Field {
  readonly reader: YamlReader
  readonly node: YamlNode
  readonly path: string
}

export type Readers = Readonly<Record<string, (field: Field) => void>>

/** Reads a mapping key by key; keys without a reader are findings, those in `later` are refused as not yet. */
export function readKeys(field: Field, readers: Readers, later: readonly string[] = []): void {
  const { reader, node, path } = field
  const where = path === '' ? 'pushway.yml' : path
  for (const entry of reader.entries(node, where) ?? []) {
    const read = Object.hasOwn(readers, entry.key) ? readers[entry.key] : undefined
    if (read) read({ reader, node: entry.node, path: join(path, entry.key) })
    else if (later.includes(entry.key)) notYet({ reader, node: entry.keyNode, path }, join(path, entry.key))
    else reader.report(entry.keyNode, 'project-unknown-key', unknownKey(entry.key, [...Object.keys(readers), ...later], where))
  }
}

/** The entries of a mapping whose keys are names. */
export function readNamed({ reader, node, path }: Field): readonly YamlEntry[] {
  return reader.entries(node, path) ?? []
}

/** A finding for what the design has and we do not yet. */
export function notYet({ reader, node }: Field, what: string): void {
  reader.report(node, 'project-not-yet', `${what} is not supported yet: remove it for now.`)
}

/** A finding about a value. */
export function bad({ reader, node }: Field, message: string): undefined {
  reader.report(node, 'project-value', message)
}

/** Text that is not empty; a number counts as its digits. */
export function readText(field: Field): string | undefined {
  const value = field.reader.scalar(field.node, field.path)
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.trim() !== '') return value
  if (typeof value === 'number') return String(value)
  return bad(field, `${field.path} must be text that is not empty.`)
}

/** `true` or `false`. */
export function readBoolean(field: Field): boolean | undefined {
  const value = field.reader.scalar(field.node, field.path)
  if (value === undefined || typeof value === 'boolean') return value
  return bad(field, `${field.path} must be true or false.`)
}

/** A whole number from `min` to `max`. */
export function readInteger(field: Field, min: number, max = 1_000_000): number | undefined {
  const value = field.reader.scalar(field.node, field.path)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  return bad(field, `${field.path} must be a whole number from ${min} to ${max}.`)
}

/** A port, 1 to 65535. */
export function readPort(field: Field): number | undefined {
  return readInteger(field, 1, 65_535)
}

/** A length of time in ms. */
export function readDuration(field: Field): Milliseconds | undefined {
  const value = field.reader.scalar(field.node, field.path)
  if (value === undefined) return undefined
  const parsed = parseDuration(String(value))
  return parsed ?? bad(field, `${field.path} must be a length of time such as 30s, 2m or 1h30m, not "${String(value)}".`)
}

/** `10%` or a bare number, in percent. */
export function readPercent(field: Field): number | undefined {
  const value = field.reader.scalar(field.node, field.path)
  if (value === undefined) return undefined
  const match = /^\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(String(value))
  const percent = match ? Number(match[1]) : Number.NaN
  return percent > 0 && percent <= 100 ? percent : bad(field, `${field.path} must be a share such as 10%, above 0 and up to 100 %, not "${String(value)}".`)
}

/** One of a few words. */
export function readChoice<T extends string>(field: Field, choices: readonly T[]): T | undefined {
  const value = field.reader.scalar(field.node, field.path)
  if (value === undefined) return undefined
  return choices.find((choice) => choice === value) ?? bad(field, `${field.path} must be one of ${choices.join(', ')}, not "${String(value)}".`)
}

/** A list of texts; one text alone is a list of one. */
export function readTexts(field: Field): readonly string[] {
  const { reader, node, path } = field
  if (reader.kind(node) === 'scalar') return [readText(field)].filter((text) => text !== undefined)
  return (reader.items(node, path) ?? []).flatMap((item, index) => readText({ reader, node: item, path: `${path}[${index}]` }) ?? [])
}

/** A path inside the repository. */
export function checkPath(field: Field, text: string): boolean {
  if (!text.startsWith('/') && !text.split(/[/\\]/).includes('..') && !text.startsWith('-')) return true
  bad(field, `${field.path} must be a path inside the repository, not "${text}".`)
  return false
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}
