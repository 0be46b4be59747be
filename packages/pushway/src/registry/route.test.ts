// Paths, names, tags and ranges of the registry.

import { describe, expect, test } from 'vitest'
import { isRepositoryName, isTag, parseRange, parseRoute } from './route.ts'

describe('parseRoute', () => {
  test.each([
    ['/v2/', { kind: 'base' }],
    ['/v2/acme/hello/blobs/uploads/', { kind: 'uploads', name: 'acme/hello' }],
    ['/v2/acme/hello/blobs/uploads/abc', { kind: 'upload', name: 'acme/hello', id: 'abc' }],
    ['/v2/acme/hello/blobs/sha256:1', { kind: 'blob', name: 'acme/hello', digest: 'sha256:1' }],
    ['/v2/a/b/c/manifests/latest', { kind: 'manifest', name: 'a/b/c', reference: 'latest' }],
    ['/v2/manifests/manifests/manifests', { kind: 'manifest', name: 'manifests', reference: 'manifests' }],
    ['/v2/acme/tags/list', { kind: 'tags', name: 'acme' }],
    ['/v2/acme/referrers/sha256:1', { kind: 'referrers', name: 'acme', digest: 'sha256:1' }],
    ['/v2/acme', undefined],
    ['/v2//manifests/x', undefined],
    ['/v3/acme/manifests/x', undefined],
  ])('%s', (path, route) => expect(parseRoute(path)).toEqual(route))
})

describe('names and tags', () => {
  test.each(['acme', 'acme/hello', 'a.b/c_d/e__f', 'a--b'])('%s can be a repository', (name) => expect(isRepositoryName(name)).toBe(true))
  test.each(['', 'Acme', 'a//b', '../x', 'a/..', '-a', 'a.', 'a___b', 'a'.repeat(256)])('%s can not', (name) => expect(isRepositoryName(name)).toBe(false))
  test.each(['latest', 'v1.2_3-x', 'A'])('%s can be a tag', (tag) => expect(isTag(tag)).toBe(true))
  test.each(['', '.x', '-x', 'a/b', 'a'.repeat(129)])('%s can not', (tag) => expect(isTag(tag)).toBe(false))
})

describe('ranges over ten bytes', () => {
  test.each([
    [undefined, 'whole'],
    ['bytes=0-3', { start: 0, end: 3 }],
    ['bytes=4-', { start: 4, end: 9 }],
    ['bytes=-2', { start: 8, end: 9 }],
    ['bytes=5-99', { start: 5, end: 9 }],
    ['bytes=10-', 'none'],
    ['bytes=-0', 'none'],
    ['bytes=3-1', 'whole'],
    ['lines=1-2', 'whole'],
  ])('%s', (header, range) => expect(parseRange(header, 10)).toEqual(range))
})
