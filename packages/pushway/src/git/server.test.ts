import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type GitWorld, startGitWorld } from './test-support.ts'

let world: GitWorld
beforeEach(async () => {
  world = await startGitWorld()
})
afterEach(() => world.close())

async function pushed(): Promise<string> {
  const tree = await world.workTree('tree')
  const result = await world.git(tree, 'push', world.url('acme/hello'), 'main')
  expect(result.stderr).toContain('main -> main')
  return tree
}

describe('a real git client', () => {
  it('creates the project it pushes to, and clones it again', async () => {
    const tree = await pushed()
    expect(world.created).toEqual(['acme/hello'])
    expect(world.pushes[0]?.updates).toEqual([{ ref: 'refs/heads/main', before: null, after: (await world.git(tree, 'rev-parse', 'HEAD')).stdout.trim() }])
    const clone = await world.git(world.dir, 'clone', '-q', world.url('acme/hello', 'rio:secret'), 'copy')
    expect(clone).toMatchObject({ ok: true })
    expect(existsSync(join(world.dir, 'copy', 'README.md'))).toBe(true)
  })

  it('force-pushes, tags and deletes; each is reported once, with what was before', async () => {
    const tree = await pushed()
    const first = (await world.git(tree, 'rev-parse', 'HEAD')).stdout.trim()
    await world.git(tree, 'commit', '-q', '--amend', '-m', 'other')
    const second = (await world.git(tree, 'rev-parse', 'HEAD')).stdout.trim()
    expect((await world.git(tree, 'push', world.url('acme/hello'), 'main')).ok).toBe(false)
    expect((await world.git(tree, 'push', '--force', world.url('acme/hello'), 'main')).ok).toBe(true)
    await world.git(tree, 'tag', 'v1')
    expect((await world.git(tree, 'push', world.url('acme/hello'), 'v1', 'main:refs/heads/develop')).ok).toBe(true)
    expect((await world.git(tree, 'push', world.url('acme/hello'), '--delete', 'develop')).ok).toBe(true)
    const seen = world.pushes.slice(1).map((push) => push.updates.map((u) => `${u.ref} ${u.before} ${u.after}`).sort())
    expect(seen).toEqual([
      [`refs/heads/main ${first} ${second}`],
      [`refs/heads/develop null ${second}`, `refs/tags/v1 null ${second}`],
      [`refs/heads/develop ${second} null`],
    ])
  })

  it('fetches one commit by its id, shallow', async () => {
    const tree = await pushed()
    const first = (await world.git(tree, 'rev-parse', 'HEAD')).stdout.trim()
    await world.commit(tree, 'b.txt', 'b')
    await world.git(tree, 'push', world.url('acme/hello'), 'main')
    const target = join(world.dir, 'shallow')
    await world.git(world.dir, 'init', '-q', target)
    expect(await world.git(target, 'fetch', '-q', '--depth', '1', world.url('acme/hello', 'x-access-token:run-own'), first)).toMatchObject({ ok: true })
    expect((await world.git(target, 'rev-list', '--count', 'FETCH_HEAD')).stdout.trim()).toBe('1')
  })

  it('speaks the old protocol too', async () => {
    await pushed()
    const refs = await world.git(world.dir, '-c', 'protocol.version=0', 'ls-remote', world.url('acme/hello'))
    expect(refs.stdout).toContain('refs/heads/main')
  })

  it('sees the lines of the push while it waits, and sends its options', async () => {
    const tree = await world.workTree('tree')
    world.onPush = async (push) => {
      push.say('Run #1 has started.')
      push.say(`options: ${push.options.join(',')}`)
    }
    const result = await world.git(tree, 'push', '-o', 'wait', world.url('acme/hello'), 'main')
    expect(result.stderr).toMatch(/remote: Run #1 has started\.\s+remote: options: wait/)
  })

  it('has pushed, even when what follows fails', async () => {
    const tree = await world.workTree('tree')
    world.onPush = () => Promise.reject(new Error('boom'))
    const result = await world.git(tree, 'push', world.url('acme/hello'), 'main')
    expect(result.ok).toBe(true)
    expect(result.stderr).toContain('remote: error: The push was taken')
    expect(result.stderr).not.toContain('boom')
    expect(world.mistakes).toEqual([new Error('boom')])
  })

  it('pushes 60 MB without holding it in memory', async () => {
    const tree = await world.workTree('tree')
    await writeFile(join(tree, 'big.bin'), randomBytes(60 * 1024 * 1024))
    await world.git(tree, 'add', '-A')
    await world.git(tree, '-c', 'core.compression=0', 'commit', '-qm', 'big')
    let peak = 0
    const before = process.memoryUsage().rss
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 10)
    const result = await world.git(tree, '-c', 'core.compression=0', 'push', world.url('acme/hello'), 'main')
    clearInterval(timer)
    expect(result).toMatchObject({ ok: true })
    expect(peak - before).toBeLessThan(58 * 1024 * 1024)
  }, 120_000)

  it('gets HEAD right when the first branch is not main', async () => {
    const tree = await world.workTree('tree')
    await world.git(tree, 'push', world.url('acme/hello'), 'main:develop')
    expect(await world.repositories.defaultBranch('acme/hello')).toBe('refs/heads/develop')
  })
})

describe('who may', () => {
  const clone = (project: string, user: string) => world.git(world.dir, 'ls-remote', world.url(project, user))

  it.each([
    ['ana:wrong', 'acme/hello', /Authentication failed|could not read Username/],
    ['x-access-token:run-other', 'acme/hello', /not found/],
    ['wim:secret', 'acme/secret', /not found/],
  ])('%s does not read %s', async (user, project, said) => {
    await pushed()
    const result = await clone(project, user)
    expect(result.ok).toBe(false)
    expect(result.stderr).toMatch(said)
  })

  it.each([
    ['wim:secret', true],
    ['rio:secret', false],
    ['x-access-token:run-own', false],
  ])('%s pushes: %s', async (user, ok) => {
    const tree = await pushed()
    await world.commit(tree, 'c.txt', 'c')
    expect((await world.git(tree, 'push', world.url('acme/hello', user), 'main')).ok).toBe(ok)
    expect(world.pushes.length).toBe(ok ? 2 : 1)
  })

  it('creates nothing for who may not', async () => {
    const tree = await world.workTree('tree')
    expect((await world.git(tree, 'push', world.url('acme/new', 'wim:secret'), 'main')).stderr).toContain('not found')
    expect((await world.git(tree, 'push', world.url('wim/new', 'wim:secret'), 'main')).ok).toBe(true)
    expect(world.created).toEqual(['wim/new'])
  })

  it('asks an anonymous caller to sign in, whatever the address', async () => {
    for (const project of ['acme/hello', 'acme/nothing']) {
      const answer = await fetch(`http://127.0.0.1:${world.port}/${project}.git/info/refs?service=git-upload-pack`)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toContain('Basic')
    }
  })

  it.each(['/acme/..%2f..%2fx.git/info/refs?service=git-upload-pack', '/acme/hello.git/HEAD', '/-x/hello.git/info/refs?service=git-upload-pack'])(
    'refuses the address %s',
    async (path) => {
      const answer = await fetch(`http://127.0.0.1:${world.port}${path}`, { headers: { authorization: `Basic ${btoa('ana:secret')}` } })
      expect(answer.status).toBe(404)
    },
  )
})
