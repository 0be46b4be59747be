// Attributes with a shape of their own: numbers, sizes, lengths of time, commands, mappings of text.

import { goText, singlePrecision } from './scalar.ts'
import { sortEntries } from './sort.ts'
import type { Shape } from './spec/attribute.ts'
import { isPresent, type Tree, type TreeList, type TreeMap } from './tree.ts'
import { formatNanoseconds, parseBytes, parseDecimal, parseFlag, parseNanoseconds, parseWhole } from './units.ts'
import { splitCommand } from './words.ts'

/** A value without keys of the specification inside. */
export type PrintedScalar = string | number | boolean | null

type PrintedSimple = PrintedScalar | readonly PrintedSimple[] | ReadonlyMap<string, PrintedSimple>
type ScalarShape = Exclude<Shape['kind'], 'object' | 'list' | 'dict'>

interface Wanted {
  readonly kind: ScalarShape
  readonly format: 'json' | 'yaml'
  /** Printed also when it is empty or zero. */
  readonly kept: boolean
  /** Reports that a value is not what it must be. */
  readonly fail: (at: Tree, wanted: string) => undefined
}

type Printer = (node: Tree, wanted: Wanted) => PrintedSimple | undefined

const printers: Readonly<Record<ScalarShape, Printer>> = {
  text: (node, wanted) => nonZero(textFor(node), '', wanted),
  bool: (node, wanted) => nonZero(flagOf(node, wanted), false, wanted),
  'bool?': flagOf,
  external: (node, wanted) => nonZero(flagOf(node, wanted), false, wanted),
  int: (node, wanted) => nonZero(wholeOf(node, wanted), 0, wanted),
  'int?': wholeOf,
  float: (node, wanted) => nonZero(decimalOf(node, wanted), 0, wanted),
  bytes: (node, wanted) => nonZero(bytesOf(node, wanted), '0', wanted),
  duration: (node, wanted) => nonZero(durationOf(node, wanted), '0s', wanted),
  'duration?': durationOf,
  command: commandOf,
  texts: (node) => nonEmpty(node.kind === 'list' ? node.items.map(textFor) : [textFor(node)]),
  mapping: textMap,
  options: textMap,
  'multi-options': (node, wanted) =>
    sortedMap(
      node.kind === 'map' ? [...node.entries].map(([key, value]) => [key, value.kind === 'list' ? value.items.map(textFor) : [textFor(value)]]) : [],
      wanted,
    ),
  environment: (node, wanted) => environmentOf(node, wanted),
  hosts: (node, wanted) => nonEmpty(hostsOf(node, wanted)),
  'file-mode': fileMode,
  count: (node, wanted) => nonZero(textFor(node).toLowerCase() === 'all' ? -1 : wholeOf(node, wanted), 0, wanted),
  'health-test': (node) => nonEmpty(node.kind === 'list' ? node.items.map(textFor) : ['CMD-SHELL', textFor(node)]),
  ulimit: ulimitOf,
  'env-file': (node, wanted) =>
    node.kind === 'list' ? nonEmpty(node.items.flatMap((item) => (item.kind === 'map' ? [envFileOf(item, wanted)] : []))) : undefined,
  ssh: (node) =>
    nonEmpty(
      pairsOf(node)
        .map(([id, path]) => (path === undefined || path === '' ? id : `${id}: ${path}`))
        .toSorted(),
    ),
  any: (node, wanted) => plain(node, wanted),
  unprinted: () => undefined,
}

/** The value by its shape; undefined when it is left out, or is not what it must be. */
export function printScalar(node: Tree, wanted: Wanted): PrintedSimple | undefined {
  return printers[wanted.kind](node, wanted)
}

function nonZero(value: PrintedSimple | undefined, zero: PrintedScalar, { kept }: Wanted): PrintedSimple | undefined {
  return value === zero && !kept ? undefined : value
}

function nonEmpty(items: readonly PrintedSimple[]): readonly PrintedSimple[] | undefined {
  return items.length === 0 ? undefined : items
}

function sortedMap(entries: readonly (readonly [string, PrintedSimple])[], { format }: Pick<Wanted, 'format'>): ReadonlyMap<string, PrintedSimple> | undefined {
  const last = new Map(entries)
  return last.size === 0 ? undefined : new Map(sortEntries([...last], format))
}

function textFor(node: Tree): string {
  return node.kind === 'scalar' && node.value !== null ? goText(node.value) : ''
}

function flagOf(node: Tree, { fail }: Wanted): boolean | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return node.value
  return parseFlag(textFor(node))?.value ?? fail(node, 'true or false')
}

function wholeOf(node: Tree, { fail }: Wanted): number | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'number') return Math.trunc(node.value)
  return parseWhole(textFor(node)) ?? fail(node, 'a whole number')
}

function decimalOf(node: Tree, { fail }: Wanted): number | undefined {
  const value = node.kind === 'scalar' && typeof node.value === 'number' ? node.value : parseDecimal(textFor(node))
  return value === undefined ? fail(node, 'a number') : singlePrecision(value)
}

function bytesOf(node: Tree, { fail }: Wanted): string | undefined {
  const value = node.kind === 'scalar' && typeof node.value === 'number' ? Math.trunc(node.value) : parseBytes(textFor(node))
  return value === undefined ? fail(node, 'a size such as 64m or 1.5gb') : String(value)
}

function durationOf(node: Tree, { fail }: Wanted): string | undefined {
  const value = parseNanoseconds(textFor(node))
  return value === undefined ? fail(node, 'a length of time such as 10s or 1m30s') : formatNanoseconds(value)
}

function commandOf(node: Tree, { fail }: Wanted): readonly string[] | undefined {
  if (node.kind === 'list') return node.items.map(textFor)
  const line = textFor(node)
  const split = splitCommand(line)
  if (split === undefined) return fail(node, 'a command whose quotes and parentheses are closed')
  return split.words
}

/** `KEY: value`, `KEY=value` and `KEY` alone, whose value is undefined. */
function pairsOf(node: Tree): readonly (readonly [string, string | undefined])[] {
  if (node.kind === 'map') return [...node.entries].map(([key, value]) => [key, isPresent(value) ? textFor(value) : undefined])
  if (node.kind !== 'list') return []
  return node.items.map((item) => {
    const text = textFor(item)
    const at = text.indexOf('=')
    return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
  })
}

function textMap(node: Tree, wanted: Wanted): PrintedSimple | undefined {
  return sortedMap(
    pairsOf(node).map(([key, value]) => [key, value ?? '']),
    wanted,
  )
}

function environmentOf(node: Tree, wanted: Wanted): ReadonlyMap<string, PrintedSimple> | undefined {
  const pairs = pairsOf(node)
  const spaced = node.kind === 'list' ? node.items[pairs.findIndex(([key]) => /\s$/.test(key))] : undefined
  if (spaced) wanted.fail(spaced, 'NAME=VALUE without a space before the equals sign')
  return sortedMap(
    pairs.map(([key, value]) => [key, value ?? null]),
    wanted,
  )
}

function hostsOf(node: Tree, { fail }: Wanted): readonly string[] {
  const hosts = node.kind === 'map' ? hostsOfMap(node) : node.kind === 'list' ? hostsOfList(node, fail) : []
  return hosts.map(([host, address]) => `${host}=${address.replace(/^\[(.+)\]$/, '$1')}`).toSorted()
}

function hostsOfMap(node: TreeMap): readonly (readonly [string, string])[] {
  return [...node.entries].flatMap(([host, value]) => (value.kind === 'list' ? value.items : [value]).map((item) => [host, textFor(item)] as const))
}

function hostsOfList(node: TreeList, fail: Wanted['fail']): readonly (readonly [string, string])[] {
  return node.items.flatMap((item) => {
    const text = textFor(item)
    const separator = text.includes('=') ? '=' : ':'
    const at = text.indexOf(separator)
    const host = text.slice(0, Math.max(0, at))
    if (at <= 0 || /[:=]/.test(host)) return fail(item, 'HOST=ADDRESS') ?? []
    const addresses = text.slice(at + 1).split(',')
    return addresses.map((address) => [host, address] as const)
  })
}

function fileMode(node: Tree, { fail }: Wanted): string | undefined {
  if (node.kind === 'scalar' && typeof node.value === 'number') return `0${Math.trunc(node.value).toString(8)}`
  return /^[0-7]{1,7}$/.test(textFor(node)) ? `0${Number.parseInt(textFor(node), 8).toString(8)}` : fail(node, 'permission bits in octal, such as 0440')
}

function ulimitOf(node: Tree, wanted: Wanted): PrintedSimple | undefined {
  const pair = (soft: number | undefined, hard: number | undefined) => {
    const entries = [
      ['soft', soft ?? 0],
      ['hard', hard ?? 0],
    ] as const
    return new Map(entries.filter(([, value]) => value !== 0 || wanted.format === 'yaml'))
  }
  if (node.kind === 'scalar') {
    const single = wholeOf(node, wanted)
    return single === 0 ? pair(0, 0) : single
  }
  if (node.kind !== 'map') return undefined
  const [soft, hard] = ['soft', 'hard'].map((key) => {
    const member = node.entries.get(key)
    return member && wholeOf(member, wanted)
  })
  return pair(soft, hard)
}

function envFileOf(node: TreeMap, wanted: Wanted): PrintedSimple {
  const member = (key: string) => node.entries.get(key)
  const required = member('required')
  const path = textFor(member('path') ?? node)
  if (required === undefined || flagOf(required, wanted) !== false) return path
  const format = member('format')
  return new Map<string, PrintedSimple>([
    ['path', path],
    ['required', false],
    ...(format && wanted.format === 'json' ? [['format', textFor(format)] as const] : []),
  ])
}

function plain(node: Tree, wanted: Wanted): PrintedSimple {
  if (node.kind === 'scalar') return node.value
  if (node.kind === 'list') return node.items.map((item) => plain(item, wanted))
  return (
    sortedMap(
      [...node.entries].map(([key, value]) => [key, plain(value, wanted)]),
      wanted,
    ) ?? new Map()
  )
}
