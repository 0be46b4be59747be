// Tables: names and retention of artifacts, scopes, search and eviction of caches, claims of identity tokens.

import { describe, expect, test } from 'vitest'
import { artifactExpiry, artifactNameProblem } from './artifact.ts'
import { type CacheEntry, cacheKeyProblem, cacheScopes, cachesToEvict, findCache } from './cache.ts'
import { defaultAudience, idTokenClaims, idTokenTimes } from './id-token.ts'

const day = 86_400_000
const main = 'refs/heads/main'

describe('an artifact', () => {
  test.each(['dist', 'a b', 'x.y-z_1', 'ünïcode', '...'])('may be called %j', (name) => expect(artifactNameProblem(name)).toBeUndefined())
  test.each(['', 'a/b', 'a\\b', '../x', '..', '.', 'a:b', 'a*', 'a?', 'a"b', 'a\nb', 'a\0b', 'x'.repeat(256)])('may not be called %j', (name) => {
    expect(artifactNameProblem(name)).toMatch(/name/)
  })
  test.each([
    ['nothing asked', undefined, 90],
    ['five days', 5 * day, 5],
    ['more than the limit', 400 * day, 90],
    ['the past', -1, 90],
    ['no number', Number.NaN, 90],
  ])('is kept: %s', (_, asked, days) => expect(artifactExpiry(1000, asked === undefined ? undefined : 1000 + asked)).toBe(1000 + days * day))
})

describe('the scopes of a job', () => {
  const pull = (number: number, extra = {}) => ({ number, pull_request: { number, base: { ref: 'develop' }, head: { ref: 'main' }, ...extra } })
  test.each([
    ['push to a branch', { event: 'push', ref: 'refs/heads/feature/a', payload: {} }, 'refs/heads/feature/a', ['refs/heads/feature/a', main]],
    ['push to the default branch', { event: 'push', ref: main, payload: {} }, main, [main]],
    ['a tag', { event: 'push', ref: 'refs/tags/v1', payload: {} }, 'refs/tags/v1', ['refs/tags/v1', main]],
    [
      'a pull request',
      { event: 'pull_request', ref: 'refs/pull/7/merge', payload: pull(7) },
      'refs/pull/7/merge',
      ['refs/pull/7/merge', 'refs/heads/develop', main],
    ],
    [
      'a pull request whose run has the branch of a fork as its ref',
      { event: 'pull_request', ref: main, payload: pull(8, { head: { ref: 'main', repo: { fork: true } } }) },
      'refs/pull/8/merge',
      ['refs/pull/8/merge', 'refs/heads/develop', main],
    ],
    ['pull_request_target', { event: 'pull_request_target', ref: 'refs/heads/develop', payload: pull(9) }, 'refs/heads/develop', ['refs/heads/develop', main]],
    ['a schedule', { event: 'schedule', ref: main, payload: {} }, main, [main]],
  ])('%s', (_, cause, write, read) => expect(cacheScopes(cause, main)).toEqual({ write, read }))
})

function entry(id: number, key: string, over: Partial<CacheEntry> = {}): CacheEntry {
  return { id, key, scope: main, version: 'v', size: 10, createdAt: id, usedAt: id, ...over }
}

describe('a restore', () => {
  const entries = [
    entry(1, 'npm-linux-a'),
    entry(2, 'npm-linux-b'),
    entry(3, 'npm-linux-b-more'),
    entry(4, 'npm-linux-c', { version: 'w' }),
    entry(5, 'npm-linux-own', { scope: 'refs/heads/x' }),
    entry(6, 'npm-linux-zzz', { scope: 'refs/heads/y' }),
  ]
  const find = (keys: readonly string[], scopes: readonly string[]) => findCache(entries, { keys, version: 'v', scopes })?.id
  test.each([
    ['the key itself before a newer one that begins with it', ['npm-linux-b'], [main], 2],
    ['the newest that begins with the key', ['npm-linux-b-'], [main], 3],
    ['own branch before the default branch, also by a restore key', ['npm-linux-a', 'npm-'], ['refs/heads/x', main], 5],
    ['the default branch when the own one has none', ['npm-linux-a'], ['refs/heads/x', main], 1],
    ['another version never', ['npm-linux-c'], [main], undefined],
    ['another branch never', ['npm-linux-zzz', 'npm-linux-z'], ['refs/heads/x', main], undefined],
    ['restore keys in their order', ['none', 'npm-linux-b', 'npm-linux-a'], [main], 2],
    ['nothing', ['none'], [main], undefined],
  ])('%s', (_, keys, scopes, id) => expect(find(keys, scopes)).toBe(id))
  test.each(['', 'a,b', 'a\nb', 'k'.repeat(513)])('refuses the key %j', (key) => expect(cacheKeyProblem(key)).toMatch(/key/))
  test('takes a key with slashes and spaces', () => expect(cacheKeyProblem('a/b c-../x')).toBeUndefined())
})

test('what was used longest ago goes first, and what nobody reads for a week', () => {
  const now = 100 * day
  const entries = [
    entry(1, 'a', { usedAt: now - 1, size: 40 }),
    entry(2, 'b', { usedAt: now - 3, size: 40 }),
    entry(3, 'c', { usedAt: now - 2, size: 40 }),
    entry(4, 'd', { usedAt: now - 8 * day, size: 1 }),
  ]
  expect(cachesToEvict(entries, now, 100).map(({ id }) => id)).toEqual([4, 2])
  expect(cachesToEvict(entries, now, 120).map(({ id }) => id)).toEqual([4])
  expect(cachesToEvict(entries, now, 10).map(({ id }) => id)).toEqual([4, 2, 3, 1])
})

describe('an identity token', () => {
  const github = {
    repository: 'acme/shop',
    ref: main,
    event_name: 'push',
    sha: 'a'.repeat(40),
    run_id: 'r1',
    workflow_ref: 'acme/shop/.github/workflows/ci.yml@x',
  }
  test.each([
    ['a branch', {}, undefined, 'repo:acme/shop:ref:refs/heads/main'],
    ['a tag', { ref: 'refs/tags/v1' }, undefined, 'repo:acme/shop:ref:refs/tags/v1'],
    ['a pull request', { event_name: 'pull_request', ref: 'refs/pull/1/merge' }, undefined, 'repo:acme/shop:pull_request'],
    ['an environment', { event_name: 'pull_request' }, 'production', 'repo:acme/shop:environment:production'],
    ['an environment with a colon', {}, 'a:ref:refs/heads/main', 'repo:acme/shop:environment:a%3Aref%3Arefs/heads/main'],
  ])('says who %s is', (_, over, environment, sub) => {
    const claims = idTokenClaims({ github: { ...github, ...over }, ...(environment ? { environment } : {}) })
    expect(claims).toMatchObject({ sub, repository: 'acme/shop', run_id: 'r1', runner_environment: 'self-hosted', job_workflow_ref: github.workflow_ref })
    expect(claims.environment).toBe(environment)
  })
  test('is for the owner unless told, and lives five minutes', () => {
    expect(defaultAudience('http://h:1/', 'acme/shop')).toBe('http://h:1/acme')
    expect(idTokenTimes(1_000_000_500)).toEqual({ iat: 1_000_000, nbf: 999_400, exp: 1_000_300 })
  })
})
