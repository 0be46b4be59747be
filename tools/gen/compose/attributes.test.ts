// The table of attributes is the specification's own: the same attributes, and the same values accepted.

import { readFileSync } from 'node:fs'
import { checkSchema } from '@pushway/core/compose/check-schema.ts'
import { Report } from '@pushway/core/compose/report.ts'
import type { Tree } from '@pushway/core/compose/tree.ts'
import { describe, expect, test } from 'vitest'
import { listAttributes } from './attributes.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly $ref?: string
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly patternProperties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly enum?: readonly string[]
  readonly definitions?: Readonly<Record<string, Schema>>
}

const schema = JSON.parse(readFileSync(new URL('../../../test/fixtures/compose-spec/compose-spec.json', import.meta.url), 'utf8')) as Schema

function resolve(one: Schema): Schema {
  return one.$ref === undefined ? one : resolve(schema.definitions?.[one.$ref.split('/').at(-1) ?? ''] ?? {})
}

/** Every property below a schema, `*` for names and items. */
function propertiesOf(given: Schema, path: readonly string[] = []): readonly (readonly [string, Schema])[] {
  const one = resolve(given)
  const named = Object.entries(one.properties ?? {}).flatMap(([key, member]) => [
    [[...path, key].join('.'), member] as const,
    ...propertiesOf(member, [...path, key]),
  ])
  const patterns = Object.entries(one.patternProperties ?? {}).filter(([key]) => key !== '^x-')
  const others = [...patterns.map(([, member]) => member), ...(one.items ? [one.items] : [])]
  return [...named, ...others.flatMap((member) => propertiesOf(member, [...path, '*'])), ...(one.oneOf ?? []).flatMap((member) => propertiesOf(member, path))]
}

const properties = new Map(propertiesOf(schema))

test("has every attribute of the specification's schema, and no other", () => {
  expect(
    listAttributes()
      .map(({ path }) => path)
      .toSorted(),
  ).toEqual([...properties.keys()].toSorted())
})

test('has a case of the corpus for every attribute', () => {
  expect(
    listAttributes()
      .filter(({ cases }) => cases.length === 0)
      .map(({ path }) => path),
  ).toEqual([])
})

const values = { string: 'word', number: 1.5, integer: 2, boolean: true, null: null, array: ['word'], object: {} } as const

/** Whether the schema takes a value of this kind, whatever is in it. */
function takes(given: Schema, kind: keyof typeof values): boolean {
  const one = resolve(given)
  if (one.oneOf) return one.oneOf.some((member) => takes(member, kind))
  const types = typeof one.type === 'string' ? [one.type] : (one.type ?? ['object'])
  return types.some((type) => type === kind || (type === 'number' && kind === 'integer'))
}

function treeOf(value: unknown): Tree {
  const at = { file: 'x', line: 1, column: 1 }
  if (Array.isArray(value)) return { at, kind: 'list', items: value.map(treeOf) }
  if (typeof value === 'object' && value !== null)
    return { at, kind: 'map', entries: new Map(Object.entries(value).map(([key, member]) => [key, treeOf(member)])) }
  return { at, kind: 'scalar', value: value as string | number | boolean | null }
}

/** A file that has only this value. Parts above it are mappings, or lists where the schema has no mapping. */
function fileWith(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inside, key, index) => {
    if (key !== '*') return { [key]: inside }
    const above = path.slice(0, index).join('.')
    return above === '' || takes(properties.get(above) ?? {}, 'object') ? { name: inside } : [inside]
  }, value)
}

describe('takes the values that the schema takes', () => {
  test.each([...properties].map(([path, one]) => ({ path, one })))('$path', ({ path, one }) => {
    const taken = (Object.keys(values) as (keyof typeof values)[]).filter((kind) => {
      const report = new Report()
      checkSchema(treeOf(fileWith(path.split('.'), values[kind])), report)
      const what = path.replaceAll('*', 'name')
      return !report.diagnostics.some(({ code, message }) => code === 'compose-type' && message.replace(/\[\d+\]/g, '.name').startsWith(`${what} must be`))
    })
    expect(taken).toEqual((Object.keys(values) as (keyof typeof values)[]).filter((kind) => takes(one, kind)))
  })
})
