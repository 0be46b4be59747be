// What people mean: which server, project, run, deployment; what is kept of a sign-in.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { checkProject, connect, normalizeUrl, projectOfRemotes } from './connection.ts'
import { addServer, credentialsFile, readCredentials, removeServer, writeCredentials } from './credentials.ts'
import { onlyOne, runNumber } from './find.ts'
import { collectPair } from './pairs.ts'

describe('the project of a git remote', () => {
  const url = 'http://127.0.0.1:7070'
  test.each([
    ['origin\thttp://127.0.0.1:7070/acme/hello.git (fetch)', url, 'acme/hello'],
    ['origin\thttp://localhost:7070/acme/hello (push)', url, 'acme/hello'],
    ['origin\thttp://ana:secret@localhost:7070/acme/hello.git/ (push)', url, 'acme/hello'],
    ['origin\thttps://ci.example.com/pushway/acme/hello.git (fetch)', 'https://ci.example.com/pushway', 'acme/hello'],
    ['a\tgit@github.com:acme/hello.git (fetch)\nb\thttp://127.0.0.1:7070/x/y.git (fetch)', url, 'x/y'],
    ['origin\thttp://127.0.0.1:7071/acme/hello.git (fetch)', url, undefined],
    ['origin\thttps://github.com/acme/hello.git (fetch)', url, undefined],
    ['origin\thttp://127.0.0.1:7070/acme (fetch)', url, undefined],
    ['', url, undefined],
  ])('%j at %s: %s', (listing, at, project) => expect(projectOfRemotes(listing, at)).toBe(project))

  test.each(['hello', '/hello', 'a/b/c', 'a b/c', ''])('"%s" is no project', (text) => expect(() => checkProject(text)).toThrow(/is no project/))
})

describe('the server', () => {
  test.each([
    ['http://localhost:7070/', 'http://localhost:7070'],
    ['localhost:7070', 'http://localhost:7070'],
    ['https://ci.example.com/pushway//', 'https://ci.example.com/pushway'],
  ])('%s is %s', (text, url) => expect(normalizeUrl(text)).toBe(url))

  test('the option wins over the environment; both together need no file', () => {
    expect(connect({ server: 'http://a:1' }, { PUSHWAY_URL: 'http://b:2', PUSHWAY_TOKEN: 't' })).toMatchObject({ url: 'http://a:1', token: 't' })
    expect(connect({}, { PUSHWAY_URL: 'http://b:2', PUSHWAY_TOKEN: 't' })).toMatchObject({ url: 'http://b:2', token: 't' })
  })
})

describe('credentials', () => {
  test('each server keeps its own token; the newest is the current one; the last one takes the file away', () => {
    const file = join(tempDir('credentials'), 'deep', 'credentials.json')
    writeCredentials(addServer(readCredentials(file), 'http://a:1', { user: 'ana', token: 'one' }), file)
    writeCredentials(addServer(readCredentials(file), 'http://b:2', { user: 'ben', token: 'two' }), file)
    expect(readCredentials(file)).toEqual({
      current: 'http://b:2',
      servers: { 'http://a:1': { user: 'ana', token: 'one' }, 'http://b:2': { user: 'ben', token: 'two' } },
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeCredentials(removeServer(readCredentials(file), 'http://b:2'), file)
    expect(readCredentials(file)).toEqual({ current: 'http://a:1', servers: { 'http://a:1': { user: 'ana', token: 'one' } } })
    writeCredentials(removeServer(readCredentials(file), 'http://a:1'), file)
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined()
  })

  test.each([
    [{ XDG_CONFIG_HOME: '/config', HOME: '/home/ana' }, '/config/pushway/credentials.json'],
    [{ XDG_CONFIG_HOME: 'relative', HOME: '/home/ana' }, '/home/ana/.config/pushway/credentials.json'],
    [{ HOME: '/home/ana' }, '/home/ana/.config/pushway/credentials.json'],
  ])('%j: %s', (env, file) => expect(credentialsFile(env)).toBe(file))
})

describe('ids', () => {
  const all = [{ id: 'aab1' }, { id: 'aab2' }, { id: 'ab33' }, { id: 'ab33' }]
  test('a beginning that only one has is enough; the same one twice is one', () => {
    expect(onlyOne('ab', all, 'run')).toBe('ab33')
    expect(onlyOne('aab1', all, 'run')).toBe('aab1')
  })
  test.each([
    ['aab', 'usage'],
    ['b', 'not-found'],
    ['', 'not-found'],
  ])('"%s": %s', (text, code) => expect(() => onlyOne(text, all, 'run')).toThrow(expect.objectContaining({ code })))

  test.each([
    ['12', 12],
    ['#12', 12],
    ['run/12', 12],
    ['012', undefined],
    ['1a', undefined],
    ['0', undefined],
  ])('run %s is %s', (text, number) => expect(runNumber(text)).toBe(number))
})

test('NAME=value may hold further equals signs and be empty; without one it is refused', () => {
  const collect = collectPair('--input')
  expect(collect('b=', collect('a=x=y', {}))).toEqual({ a: 'x=y', b: '' })
  expect(() => collect('a', {})).toThrow(/has no value/)
  expect(() => collect('=a', {})).toThrow(/has no value/)
})
