import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchName, matchPaths, matchPattern, patternProblem } from './patterns.ts'

describe("the rows of GitHub's cheat sheet", () => {
  test.each([
    ['feature/*', ['feature/my-branch', 'feature/your-branch'], ['feature/a/b', 'feature', 'xfeature/a']],
    ['feature/**', ['feature/beta-a/my-branch', 'feature/your-branch', 'feature/mona/the/octocat'], ['feature']],
    ['main', ['main'], ['Main', 'main2', 'xmain', 'refs/heads/main']],
    ['releases/mona-the-octocat', ['releases/mona-the-octocat'], ['releases/mona']],
    ['*', ['main', 'releases'], ['all/the/branches']],
    ['**', ['all/the/branches', 'every/tag', 'main'], []],
    ['*feature', ['mona-feature', 'feature', 'ver-10-feature'], ['feature-x', 'a/feature']],
    ['v2*', ['v2', 'v2.0', 'v2.9'], ['v1', 'v2/a']],
    ['v[12].[0-9]+.[0-9]+', ['v1.10.1', 'v2.0.0'], ['v3.0.0', 'v1.x.1', 'v1.1']],
    ['*.jsx?', ['page.js', 'page.jsx'], ['page.ts', 'a/page.js']],
    ['*.js', ['app.js', 'index.js'], ['js/app.js']],
    ['**.js', ['index.js', 'js/index.js', 'src/js/app.js'], ['index.jsx']],
    ['docs/*', ['docs/README.md', 'docs/file.txt'], ['docs/a/b']],
    ['docs/**', ['docs/README.md', 'docs/mona/octocat.txt'], ['mydocs/a']],
    ['docs/**/*.md', ['docs/README.md', 'docs/mona/hello-world.md', 'docs/a/markdown/file.md'], ['docs/a.txt']],
    ['**/docs/**', ['docs/hello.md', 'dir/docs/my-file.txt', 'space/docs/plan/space.doc'], ['mydocs/a']],
    ['**/README.md', ['README.md', 'js/README.md'], ['xREADME.md']],
    ['**/*src/**', ['a/src/app.js', 'my-src/code/js/app.js'], ['src-a/b.js']],
    ['**/*-post.md', ['my-post.md', 'path/their-post.md'], ['my-post.txt']],
    ['**/migrate-*.sql', ['migrate-10909.sql', 'db/migrate-v1.0.sql', 'db/sept/migrate-v1.sql'], ['migrate.sql']],
    ['[CB]at', ['Cat', 'Bat'], ['Rat', 'cat']],
    ['[1-2]00', ['100', '200'], ['300']],
    ['[0-9a-z]x', ['1x', 'qx'], ['Qx']],
    ['a\\*b', ['a*b'], ['axb']],
    ['a.c', ['a.c'], ['abc']],
  ] as const)('%s', (pattern, yes, no) => {
    for (const text of yes) expect(`${text}: ${matchPattern(pattern, text)}`).toBe(`${text}: true`)
    for (const text of no) expect(`${text}: ${matchPattern(pattern, text)}`).toBe(`${text}: false`)
  })
})

describe('order of patterns', () => {
  test.each([
    [['*.md', '!README.md'], 'hello.md', true],
    [['*.md', '!README.md'], 'README.md', false],
    [['*.md', '!README.md'], 'docs/hello.md', false],
    [['*.md', '!README.md', 'README*'], 'README.md', true],
    [['*.md', '!README.md', 'README*'], 'README.doc', true],
    [['releases/**', '!releases/**-alpha'], 'releases/10-alpha', false],
    [['releases/**', '!releases/**-alpha'], 'releases/beta/3', true],
    [['!main', 'main'], 'main', true],
  ] as const)('%j with %s', (include, name, expected) => {
    expect(matchName({ include }, name)).toBe(expected)
  })

  test('an -ignore filter lets through what it does not match', () => {
    expect(matchName({ exclude: ['docs/**'] }, 'docs/a')).toBe(false)
    expect(matchName({ exclude: ['docs/**'] }, 'src/a')).toBe(true)
    expect(matchName(undefined, 'anything')).toBe(true)
  })

  test('one changed path that passes is enough', () => {
    expect(matchPaths({ exclude: ['docs/**'] }, ['docs/a', 'docs/b'])).toBe(false)
    expect(matchPaths({ exclude: ['docs/**'] }, ['docs/a', 'src/b'])).toBe(true)
    expect(matchPaths({ include: ['src/**'] }, undefined)).toBe(true)
    expect(matchPaths({ include: ['src/**'] }, [])).toBe(false)
  })
})

describe('bad patterns', () => {
  test.each([
    ['', 'is empty'],
    ['!', 'is empty'],
    ['+a', 'repeats'],
    ['v[12', 'without a'],
  ])('%j', (pattern, problem) => {
    expect(patternProblem(pattern)).toContain(problem)
  })

  test('good ones have no problem', () => {
    for (const pattern of ['main', 'v[12].[0-9]+', '!a', 'a\\[b']) expect(patternProblem(pattern)).toBeUndefined()
  })

  test('a nasty pattern comes to an end', () => {
    expect(matchPattern('**/*a+a+a+a+a+a+a+a+**/**/**/b', `${'a/'.repeat(500)}${'a'.repeat(500)}`)).toBe(false)
  })

  test('never throws, and a name without special characters matches itself only', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (pattern, text) => typeof matchPattern(pattern, text) === 'boolean'))
    fc.assert(
      fc.property(fc.stringMatching(/^[\w./-]{1,20}$/), fc.stringMatching(/^[\w./-]{1,20}$/), (name, other) => matchPattern(name, other) === (name === other)),
    )
  })
})
