import { expect, test } from 'vitest'
import { tempDir } from '../../../../test/support/temp.ts'
import { openRepositories } from './repositories.ts'
import { runGit } from './run-git.ts'

const person = { name: 'Ada', email: 'ada@example.com', at: 1_700_000_000_000 }

async function make() {
  const repositories = openRepositories(tempDir('history'))
  const project = 'acme/hello'
  await repositories.create(project)
  const at = ['--git-dir', repositories.path(project)]
  const env = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com', GIT_COMMITTER_NAME: 'Bob', GIT_COMMITTER_EMAIL: 'bob@example.com' }
  const run = async (args: string[], input?: string) => {
    const result = await runGit(repositories.context, [...at, ...args], { env, ...(input === undefined ? {} : { input: Buffer.from(input) }) })
    if (result.exit !== 0) throw new Error(result.stderr)
    return result.stdout.toString().trim()
  }
  /** A commit of these files (and nothing else) on these parents. */
  const commit = async (message: string, files: Record<string, string>, parents: string[] = []) => {
    const lines = await Promise.all(
      Object.entries(files).map(async ([path, text]) => `100644 blob ${await run(['hash-object', '-w', '--stdin'], text)}\t${path}`),
    )
    const tree = await run(['mktree'], `${lines.join('\n')}\n`)
    return run(['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-m', message])
  }
  return { repositories, project, commit }
}

test('reads commits with their paths, newest first', async () => {
  const { repositories, project, commit } = await make()
  const one = await commit('One\n\nmore', { a: '1', b: '1' })
  const two = await commit('Two', { a: '2', c: '1' }, [one])
  const list = await repositories.commits(project, { to: two, limit: 10 })
  expect(list.map(({ id, message, parents }) => [id, message, parents])).toEqual([
    [two, 'Two', [one]],
    [one, 'One\n\nmore', []],
  ])
  expect(list[0]).toMatchObject({ author: { name: 'Ada' }, committer: { name: 'Bob' } })
  expect((await repositories.commits(project, { to: two, without: [one], limit: 10 })).map(({ id }) => id)).toEqual([two])
  expect((await repositories.commits(project, { to: two, limit: 10, path: 'b' })).map(({ id }) => id)).toEqual([two, one])
  const paths = await repositories.commitPaths(project, [one, two])
  expect(paths.get(one)).toEqual({ added: ['a', 'b'], removed: [], modified: [] })
  expect(paths.get(two)).toEqual({ added: ['c'], removed: ['b'], modified: ['a'] })
  expect(await repositories.commit(project, 'f'.repeat(40))).toBeUndefined()
})

test('merges without a work tree, the same commit each time; conflicts name their paths', async () => {
  const { repositories, project, commit } = await make()
  const base = await commit('base', { a: '1\n', b: '1\n' })
  const left = await commit('left', { a: '2\n', b: '1\n' }, [base])
  const right = await commit('right', { a: '1\n', b: '2\n' }, [base])
  const other = await commit('other', { a: '3\n', b: '1\n' }, [base])
  const request = { base: left, head: right, message: 'Merge', by: person }
  const merged = await repositories.merge(project, request)
  expect(await repositories.merge(project, request)).toEqual(merged)
  const id = 'commit' in merged ? merged.commit : ''
  expect(await repositories.commit(project, id)).toMatchObject({ parents: [left, right], author: person, message: 'Merge' })
  expect(Buffer.from((await repositories.readFile(project, id, 'b')) ?? []).toString()).toBe('2\n')
  const squashed = await repositories.merge(project, { ...request, squash: true })
  expect(await repositories.commit(project, 'commit' in squashed ? squashed.commit : '')).toMatchObject({ parents: [left] })
  expect(await repositories.merge(project, { ...request, head: other })).toEqual({ conflicts: ['a'] })
  expect(await repositories.mergeBase(project, left, right)).toBe(base)
})

test('moves a ref only from where it is expected', async () => {
  const { repositories, project, commit } = await make()
  const one = await commit('one', { a: '1' })
  const two = await commit('two', { a: '2' }, [one])
  const move = (before: string | null | undefined, after: string | null) =>
    repositories.moveRef(project, { ref: 'refs/pull/1/head', after, ...(before === undefined ? {} : { before }) })
  expect([await move(null, one), await move(null, two), await move(one, two)]).toEqual([true, false, true])
  expect(await repositories.resolve(project, 'refs/pull/1/head')).toBe(two)
  expect([await move(one, null), await move(two, null)]).toEqual([false, true])
  expect(await repositories.moveRef(project, { ref: '../x', after: one })).toBe(false)
})

test('shows what differs, with hunks; renamed, binary and removed files too', async () => {
  const { repositories, project, commit } = await make()
  const long = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n')
  const one = await commit('one', { changed: 'a\nb\n', gone: 'x\n', moved: `${long}\n`, image: 'a\0b' })
  const two = await commit('two', { changed: 'a\nc\n', place: `${long}\nlast\n`, image: 'a\0c', 'with "quotes"': 'n\n' }, [one])
  const files = await repositories.diff(project, one, two)
  expect(files.map(({ path, status, additions, deletions }) => [path, status, additions, deletions])).toEqual([
    ['changed', 'modified', 1, 1],
    ['gone', 'removed', 0, 1],
    ['image', 'modified', 0, 0],
    ['place', 'renamed', 1, 0],
    ['with "quotes"', 'added', 1, 0],
  ])
  expect(files[0]?.patch).toBe('@@ -1,2 +1,2 @@\n a\n-b\n+c')
  expect(files[2]?.patch).toBeUndefined()
  expect(files[3]).toMatchObject({ from: 'moved' })
  expect(files[4]?.patch).toBe('@@ -0,0 +1 @@\n+n')
})
