// Known images as programs of the machine.

import { describe, expect, test } from 'vitest'
import { findRecipe } from './recipes.ts'

const facts = { dir: '/d', port: 1234, env: {}, args: [] }

test.each([
  ['postgres', 'postgres'],
  ['postgres:16-alpine', 'postgres'],
  ['docker.io/library/redis:7@sha256:0', 'redis'],
  ['acme/postgres:1', undefined],
  ['localhost:5000/postgres', undefined],
  ['mysql', undefined],
])('%s', (image, name) => {
  expect(findRecipe(image)?.image).toBe(name)
})

describe('postgres', () => {
  const recipe = findRecipe('postgres')

  test('wants a password, as the image does', () => {
    expect(recipe?.problem(facts)).toMatch(/has no password/)
    expect(recipe?.problem({ ...facts, env: { POSTGRES_HOST_AUTH_METHOD: 'trust' } })).toBeUndefined()
  })

  test.each([
    [{}, []],
    [{ POSTGRES_USER: 'ada' }, ['create database "ada"']],
    [{ POSTGRES_USER: 'ada', POSTGRES_DB: 'a"b' }, ['create database "a""b"']],
    [{ POSTGRES_DB: 'postgres' }, []],
  ])('makes the database of %j', (env, statements) => {
    expect(recipe?.finish({ ...facts, env }).map((argv) => argv.at(-1))).toEqual(statements)
  })

  test('keeps to its folder and to this machine', () => {
    expect(recipe?.start(facts)).toEqual(['postgres', '-D', '/d/data', '-p', '1234', '-h', '127.0.0.1', '-k', '/d'])
  })
})
