import { describe, expect, test } from 'vitest'
import { globToRegExp } from '../text/glob.ts'
import { type ArchiveEntry, findArchiveProblem } from './archive.ts'

const bounds = { workspace: '/w', covers: (path: string) => /^\/w\/deps(\/|$)/.test(path) || /^\/home\/\.npm(\/|$)/.test(path) }
const file = (path: string): ArchiveEntry => ({ path, kind: 'file' })
const link = (path: string, target: string, kind: ArchiveEntry['kind'] = 'link'): ArchiveEntry => ({ path, kind, target })

describe('an archive', () => {
  test.each<[string, readonly ArchiveEntry[]]>([
    ['files and folders', [{ path: 'deps/', kind: 'folder' }, file('deps/a/b')]],
    ['the home folder by a climbing name', [file('../home/.npm/x')]],
    ['links inside', [file('deps/a/b'), link('deps/bin/b', '../a/b'), link('deps/hard', 'deps/a/b', 'hard-link')]],
  ])('may hold %s', (_, entries) => expect(findArchiveProblem(entries, bounds)).toBeUndefined())

  test.each<[string, readonly ArchiveEntry[], RegExp]>([
    ['an absolute name', [file('/etc/passwd')], /absolute/],
    ['a name that leads out', [file('deps/../../etc/passwd')], /outside/],
    ['a path that is not cached', [file('.git/hooks/pre-commit')], /outside/],
    ['a NUL', [file('deps/a\0b')], /NUL/],
    ['an absolute link', [link('deps/l', '/etc')], /leads out/],
    ['a climbing link', [link('deps/l', '../../etc')], /leads out/],
    ['a file through a link', [link('deps/l', 'a'), file('deps/l/x')], /through a link/],
    ['a file through a link that comes later', [file('deps/l/x'), link('deps/l', 'a')], /through a link/],
    ['a file in place of a link', [link('deps/l', 'a'), file('deps/l')], /replace a link/],
    ['a hard link out', [link('deps/l', '/etc/passwd', 'hard-link')], /hard link/],
    ['a hard link to what is not there', [link('deps/l', 'deps/none', 'hard-link')], /hard link/],
    ['a device', [{ path: 'deps/null', kind: 'other' }], /no file/],
  ])('may not hold %s', (_, entries, problem) => expect(findArchiveProblem([file('deps/ok'), ...entries], bounds)?.problem).toMatch(problem))
})

test.each([
  ['*.txt', 'a.txt', true],
  ['*.txt', 'a/b.txt', false],
  ['**/x', 'x', true],
  ['**/x', 'a/b/x', true],
  ['a/**', 'a/b/c', true],
  ['test-{one,tw*}', 'test-two', true],
  ['test-{one,two}', 'test-three', false],
  ['[!a]b', 'cb', true],
  ['a.b', 'axb', false],
  ['a?c', 'abc', true],
])('the pattern %s takes %s: %s', (pattern, text, taken) => expect(globToRegExp(pattern).test(text)).toBe(taken))
