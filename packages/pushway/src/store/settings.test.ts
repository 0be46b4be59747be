import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Settings } from '../ports/settings.ts'
import { Secret } from '../util/secret.ts'
import { type Database, openDatabase } from './database.ts'
import { createSettings } from './settings.ts'

let database: Database
let settings: Settings
const project = 'acme/hello'
const all = { project, environment: undefined }
const production = { project, environment: 'production' }
const set = (scope: typeof all | typeof production, name: string, value: string) =>
  settings.setSecret(scope, { name, value: new Secret(value), by: 'ada', at: 1 })

beforeEach(() => {
  database = openDatabase(':memory:')
  settings = createSettings(database, randomBytes(32))
})
afterEach(() => database.close())

describe('secrets', () => {
  test("an environment's secret hides the project's of the same name", () => {
    set(all, 'TOKEN', 'for all')
    set(production, 'TOKEN', 'for production')
    expect(settings.secrets(production).TOKEN?.value.reveal()).toBe('for production')
    expect(settings.secrets({ project, environment: 'staging' }).TOKEN?.value.reveal()).toBe('for all')
  })

  test('each change is a version; an old one can still be had by who pinned it', () => {
    expect(set(all, 'TOKEN', 'one')).toBe(1)
    expect(set(all, 'TOKEN', 'two')).toBe(2)
    expect(settings.secrets(all).TOKEN).toMatchObject({ version: 2 })
    expect(settings.secretAt(production, 'TOKEN', 1)?.reveal()).toBe('one')
    expect(settings.secretAt(production, 'TOKEN', 3)).toBeUndefined()
    expect(settings.secretNames(project)).toEqual([{ name: 'TOKEN', version: 2 }])
  })

  test('the database holds no value, and a value cannot be printed', () => {
    set(all, 'TOKEN', 'hunter2hunter2')
    const rows = JSON.stringify(database.prepare('select * from secrets').all(), (_, value) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    )
    expect(rows).not.toContain('hunter2')
    const { value } = settings.secrets(all).TOKEN ?? {}
    expect([String(value), JSON.stringify({ value }), inspect(value)].join()).not.toContain('hunter2')
  })

  test('another key opens nothing', () => {
    set(all, 'TOKEN', 'one')
    expect(() => createSettings(database, randomBytes(32)).secrets(all)).toThrow()
  })
})

test("variables: an environment's value hides the project's", () => {
  settings.setVariable(all, { name: 'REGION', value: 'eu', by: 'ada', at: 1 })
  settings.setVariable(production, { name: 'REGION', value: 'us', by: 'ada', at: 1 })
  settings.setVariable(production, { name: 'REGION', value: 'asia', by: 'ada', at: 2 })
  expect(settings.variables(all)).toEqual({ REGION: 'eu' })
  expect(settings.variables(production)).toEqual({ REGION: 'asia' })
  expect(settings.variableList(project)).toHaveLength(2)
})
