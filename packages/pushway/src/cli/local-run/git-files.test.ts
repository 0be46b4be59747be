// What a repository's files say is what git says.

import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { readGitFiles } from './git-files.ts'

function repository(...commands: readonly (readonly string[])[]): string {
  const dir = realpathSync(tempDir('git-files'))
  const git = (...args: string[]) => execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { stdio: 'pipe' })
  git('init', '-q', '-b', 'main')
  for (const command of commands) git(...command)
  return dir
}

function ask(dir: string): object {
  const git = (...args: string[]) => {
    try {
      return execFileSync('git', ['-C', dir, ...args], { encoding: 'utf8', stdio: 'pipe' }).trim() || undefined
    } catch {
      return undefined
    }
  }
  const [top, sha, ref, remote] = [
    git('rev-parse', '--show-toplevel'),
    git('rev-parse', '--verify', '--quiet', 'HEAD'),
    git('symbolic-ref', '--quiet', 'HEAD'),
    git('config', '--get', 'remote.origin.url'),
  ]
  return { dir: top, ...(sha ? { sha } : {}), ...(ref ? { ref } : {}), ...(remote ? { remote } : {}) }
}

const commit = ['commit', '-q', '--allow-empty', '-m', 'x'] as const
const cases: Readonly<Record<string, readonly (readonly string[])[]>> = {
  'no commit': [],
  'a commit': [commit],
  'a branch with slashes and a remote': [commit, ['checkout', '-q', '-b', 'a/b'], ['remote', 'add', 'origin', 'git@example.org:acme/hello.git']],
  'packed references': [commit, ['tag', 'v1'], ['pack-refs', '--all']],
  'no branch': [commit, commit, ['checkout', '-q', '--detach', 'HEAD~1']],
}

test.each(Object.entries(cases))('%s', (_name, commands) => {
  const dir = repository(...commands)
  mkdirSync(join(dir, 'deep/er'), { recursive: true })
  expect(readGitFiles(join(dir, 'deep/er'), {})).toEqual(ask(dir))
})

test('a further working tree', () => {
  const dir = repository(commit, ['remote', 'add', 'origin', 'https://example.org/acme/hello'])
  const other = join(realpathSync(tempDir('git-files-other')), 'tree')
  execFileSync('git', ['-C', dir, 'worktree', 'add', '-q', '-b', 'side', other])
  expect(readGitFiles(other, {})).toEqual(ask(other))
})

test.each([
  ['a configuration that includes others', { config: ['config', 'include.path', 'more'] }, {}],
  ['an address with quotes', { config: ['config', 'remote.origin.url', 'a"b'] }, {}],
  ['a repository that variables name', { config: ['config', 'a.b', 'c'] }, { GIT_DIR: '/x' }],
])('%s is left to git', (_name, { config }, env) => {
  expect(readGitFiles(repository(commit, config), env)).toBeUndefined()
})
