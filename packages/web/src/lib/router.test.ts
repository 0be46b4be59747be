// Addresses of pages, and what may be a link.

import { describe, expect, it } from 'vitest'
import { environmentHref, formatLogPlace, matchPage, parseLogPlace, projectOf, safeHref } from './router.ts'

describe('matchPage', () => {
  it.each([
    ['/', { kind: 'home' }],
    ['/sign-in', { kind: 'sign-in' }],
    ['/timeline', { kind: 'timeline' }],
    ['/users/', { kind: 'users' }],
    ['/account', { kind: 'account' }],
    ['/acme/hello', { kind: 'project', project: 'acme/hello' }],
    ['/acme/web.app/runs', { kind: 'runs', project: 'acme/web.app' }],
    ['/acme/hello/runs/12', { kind: 'run', project: 'acme/hello', number: 12 }],
    ['/acme/hello/pulls', { kind: 'pulls', project: 'acme/hello' }],
    ['/acme/hello/pulls/3', { kind: 'pull', project: 'acme/hello', number: 3 }],
    ['/acme/hello/environments', { kind: 'environments', project: 'acme/hello' }],
    ['/acme/hello/environments/eu%20west', { kind: 'environment', project: 'acme/hello', environment: 'eu west' }],
    ['/acme/hello/timeline', { kind: 'project-timeline', project: 'acme/hello' }],
    ['/acme/hello/images/sha256%3Aab', { kind: 'image', project: 'acme/hello', reference: 'sha256:ab' }],
    ['/acme/hello/images', { kind: 'images', project: 'acme/hello' }],
    ['/acme/hello/settings', { kind: 'settings', project: 'acme/hello' }],
    ['/deployments/d-1', { kind: 'deployment', id: 'd-1' }],
  ])('%s', (path, page) => {
    expect(matchPage(path)).toEqual(page)
  })

  it.each(['/nothing', '/acme/hello/runs/0', '/acme/hello/runs/1x', '/acme/hello/runs/1/2', '/acme/hello/other', '/constructor', '/a/b/toString', '/%E0%A4%A'])(
    '%s is no page',
    (path) => {
      expect(matchPage(path)).toEqual({ kind: 'unknown', path })
    },
  )

  it('knows the project of a page, and the way back to an environment', () => {
    expect(projectOf(matchPage('/acme/hello/runs/3'))).toBe('acme/hello')
    expect(projectOf(matchPage('/timeline'))).toBeUndefined()
    expect(matchPage(environmentHref('acme/hello', 'a b'))).toEqual({ kind: 'environment', project: 'acme/hello', environment: 'a b' })
  })
})

describe('places in a log', () => {
  it.each([{ job: 'test' }, { job: 'test', step: 3, line: 12 }, { job: 'test', step: -1, line: 1 }, { job: 'build (18, linux): x', step: 0, line: 99_999 }])(
    '%o survives the address',
    (place) => {
      expect(parseLogPlace(formatLogPlace(place))).toEqual(place)
    },
  )

  it.each(['', '#', '#a:b:c', '#a:1', '#%zz'])('%s is none', (hash) => {
    expect(parseLogPlace(hash)).toBeUndefined()
  })
})

describe('safeHref', () => {
  it('lets http(s) and own paths through', () => {
    expect(safeHref('https://example.com/x')).toBe('https://example.com/x')
    expect(safeHref('/acme/hello')).toBe('/acme/hello')
  })

  it.each([undefined, 'javascript:alert(1)', ' javascript:alert(1)', 'data:text/html,x', '//evil.example', '/\\evil.example', 'acme', 'JAVASCRIPT:x'])(
    'refuses %s',
    (href) => {
      expect(safeHref(href)).toBeUndefined()
    },
  )
})
