import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type GitWorld, startGitWorld } from './test-support.ts'

let world: GitWorld
let tree: string
let first: string
let second: string

beforeAll(async () => {
  world = await startGitWorld()
  tree = await world.workTree('source')
  first = (await world.git(tree, 'rev-parse', 'HEAD')).stdout.trim()
  second = await world.commit(tree, 'app.js', 'console.log(1)\n')
  await world.git(tree, 'tag', 'v1', first)
  await world.git(tree, 'branch', 'v1', second)
  await world.repositories.importFrom('acme/hello', tree)
})
afterAll(() => world.close())

describe('reading a repository', () => {
  it.each([
    ['main', () => second],
    ['refs/tags/v1', () => first],
    ['v1', () => second],
    ['HEAD', () => second],
    ['nothing', () => undefined],
    ['--help', () => undefined],
    ['main~1', () => undefined],
    ['main:app.js', () => undefined],
  ])('%s means a commit or nothing', async (ref, wanted) => {
    expect(await world.repositories.resolve('acme/hello', ref)).toBe(wanted())
  })

  it('resolves an abbreviated id', async () => {
    expect(await world.repositories.resolve('acme/hello', first.slice(0, 8))).toBe(first)
  })

  it('gives files, lists and what changed', async () => {
    const { repositories } = world
    expect(Buffer.from((await repositories.readFile('acme/hello', second, 'app.js')) ?? []).toString()).toBe('console.log(1)\n')
    expect(await repositories.readFile('acme/hello', first, 'app.js')).toBeUndefined()
    expect(await repositories.listFiles('acme/hello', second, '')).toEqual(['README.md', 'app.js'])
    expect(await repositories.listFiles('acme/hello', second, 'none')).toEqual([])
    expect(await repositories.changedPaths('acme/hello', first, second)).toEqual(['app.js'])
    expect(await repositories.changedPaths('acme/hello', null, second)).toEqual(['README.md', 'app.js'])
    expect(await repositories.changedPaths('acme/hello', '1'.repeat(40), second)).toEqual(['README.md', 'app.js'])
    expect(await repositories.commitInfo('acme/hello', second)).toMatchObject({ message: 'change app.js', author: 'Ana', email: 'ana@example.org' })
    expect(await repositories.commitInfo('acme/hello', '1'.repeat(40))).toBeUndefined()
  })

  it('writes the tree of a commit to a folder', async () => {
    const to = join(world.dir, 'exported')
    await world.repositories.exportTree('acme/hello', first, to)
    expect(readFileSync(join(to, 'README.md'), 'utf8')).toBe('# source\n')
    expect(existsSync(join(to, 'app.js'))).toBe(false)
  })
})

describe('making repositories', () => {
  it.each(['hello', '../x/y', 'a/..', '-a/b', 'a/b/c', 'a/b.git', 'a/b.lock', '.a/b'])('refuses the name %s', async (name) => {
    await expect(world.repositories.create(name)).rejects.toMatchObject({ code: 'name-invalid' })
  })

  it('does not import twice, nor from what is no address', async () => {
    await expect(world.repositories.importFrom('acme/hello', tree)).rejects.toMatchObject({ code: 'already-exists' })
    await expect(world.repositories.importFrom('acme/none', join(world.dir, 'none'))).rejects.toMatchObject({ code: 'remote-unreachable' })
    expect(world.repositories.has('acme/none')).toBe(false)
  })

  it('fetches one commit, also when its branch has moved on', async () => {
    await world.repositories.create('acme/mirror')
    await world.repositories.fetchCommit('acme/mirror', tree, { ref: 'refs/heads/main', sha: second })
    expect(await world.repositories.resolve('acme/mirror', 'main')).toBe(second)
    await world.repositories.fetchCommit('acme/mirror', tree, { ref: 'refs/heads/main', sha: first })
    expect(await world.repositories.resolve('acme/mirror', 'main')).toBe(first)
    await world.repositories.fetchCommit('acme/mirror', tree, { ref: 'refs/heads/main', sha: null })
    expect(await world.repositories.resolve('acme/mirror', 'main')).toBeUndefined()
  })

  it.each(['ext::sh -c id', '--upload-pack=id', 'git://example.org/x', 'relative/path'])('refuses the remote %s', async (remote) => {
    await world.repositories.create('acme/mirror')
    await expect(world.repositories.fetchCommit('acme/mirror', remote, { ref: 'refs/heads/main', sha: '1'.repeat(40) })).rejects.toMatchObject({
      code: 'usage',
    })
  })

  it('says why a commit can not be had', async () => {
    await world.repositories.create('acme/mirror')
    const attempt = world.repositories.fetchCommit('acme/mirror', tree, { ref: 'refs/heads/gone', sha: '1'.repeat(40) })
    await expect(attempt).rejects.toMatchObject({ code: 'remote-unreachable', message: expect.stringContaining("couldn't find remote ref") })
  })
})
