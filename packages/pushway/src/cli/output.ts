// `-o table|wide|json|yaml|name`: one answer in the form that was asked for. JSON and YAML are exactly the API's view.

import { fail } from '@pushway/core/reason/errors.ts'
import { nearest } from '@pushway/core/text/nearest.ts'
import { type Command, Option } from 'commander'
import { makeScreen, type Screen } from './screen.ts'
import { type Column, renderTable } from './table.ts'

export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name'

const formats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml', 'name']

/** Adds `-o`. The word is checked when the command is read. */
export function withOutput(command: Command): Command {
  return command.addOption(new Option('-o, --output <format>', 'table, wide, json, yaml or name').default('table').argParser(parseFormat))
}

export function parseFormat(text: string): OutputFormat {
  const format = formats.find((one) => one === text)
  if (format) return format
  const meant = nearest(text, formats)
  throw fail('usage', { problem: `There is no output format "${text}".`, hint: meant ? `Did you mean ${meant}?` : `Use one of ${formats.join(', ')}.` })
}

/** How one kind of thing is shown. */
export interface Shape<T> {
  readonly columns: readonly Column<T>[]
  /** What `-o name` prints: `run/12`. */
  readonly name: (item: T) => string
  /** Said on stderr when there is nothing. */
  readonly none: string
}

/** The text of a list; for people an empty one is one sentence. */
export async function formatList<T>(items: readonly T[], format: OutputFormat, { shape, screen }: { shape: Shape<T>; screen?: Screen }): Promise<string> {
  switch (format) {
    case 'json':
    case 'yaml':
      return formatData(items, format)
    case 'name':
      return items.map(shape.name).join('\n')
    default:
      return items.length === 0 ? '' : renderTable(shape.columns, items, screen ?? makeScreen({ wide: format === 'wide' }))
  }
}

/** Any value as JSON or YAML. */
export async function formatData(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return JSON.stringify(value, null, 2)
  const { stringify } = await import('yaml')
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }).trimEnd()
}

/** Prints a list to stdout. */
export async function printList<T>(items: readonly T[], format: OutputFormat, shape: Shape<T>): Promise<void> {
  const text = await formatList(items, format, { shape })
  if (items.length === 0 && (format === 'table' || format === 'wide')) process.stderr.write(`${shape.none}\n`)
  writeText(text)
}

/** Prints one thing: its view, its name, or what `describe` makes of it. */
export async function printOne<T>(
  item: T,
  format: OutputFormat,
  as: { readonly name: string; readonly describe: (item: T, screen: Screen) => string },
): Promise<void> {
  if (format === 'json' || format === 'yaml') return writeText(await formatData(item, format))
  writeText(format === 'name' ? as.name : as.describe(item, makeScreen({ wide: format === 'wide' })))
}

/** Writes the text with a line end; nothing for no text. */
export function writeText(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`)
}

/** A sentence about what was done: for people only, so that stdout stays what was asked for. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`)
}
