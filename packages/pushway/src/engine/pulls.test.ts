// Pull requests over a real repository: what they are, what they start, at which commit and with which rights.

import type { JobSpec } from '@pushway/core/run/types.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { closeEventScenes, type EventScene, makeEventScene, project } from '../../../../test/support/event-scene.ts'
import { Secret } from '../util/secret.ts'

afterEach(closeEventScenes)

const who = { by: 'ada' }
const place = { project, number: 1 }
const steps = 'jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: x }]\n'
const flow = (on: string, name: string) => `name: ${name}\non: ${on}\n${steps}`
const eventOf = (spec: JobSpec | undefined) => spec?.contexts.github.event as Record<string, unknown>

/** `main` with these workflows and a file, `topic` with another file. */
async function makePull(workflows: Readonly<Record<string, string>>, change: Readonly<Record<string, string | null>> = { b: '2\n' }): Promise<EventScene> {
  const scene = await makeEventScene()
  const files = Object.fromEntries(Object.entries(workflows).map(([name, text]) => [`.github/workflows/${name}.yml`, text]))
  await scene.push('refs/heads/main', null, await scene.git.commit('main', { a: '1\n', ...files }))
  await scene.push('refs/heads/topic', null, await scene.git.commit('topic', change, { from: 'main' }))
  return scene
}

const openTopic = async ({ world, settle }: EventScene, title = 'Add b') => {
  const pull = await world.commands.openPull(project, { title, body: 'Why', head: 'topic', base: 'main', draft: false }, who)
  await settle()
  return pull
}

describe('pull_request', () => {
  test('opened: runs at the commit that merges it, with head, base and payload', async () => {
    const scene = await makePull({ ci: flow('pull_request', 'CI') })
    const pull = await openTopic(scene)
    const { git, specs, started } = scene
    expect(pull).toMatchObject({ number: 1, state: 'open', mergeable: true, head: { ref: 'topic' }, base: { ref: 'main' }, conflicts: [] })
    expect(pull.commits).toHaveLength(1)
    expect(pull.files).toMatchObject([{ path: 'b', status: 'added', additions: 1, patch: '@@ -0,0 +1 @@\n+2' }])
    expect(started()).toEqual(['pull_request: CI'])
    const merge = await git.tip('refs/pull/1/merge')
    const [head, base] = [await git.tip('refs/heads/topic'), await git.tip('refs/heads/main')]
    expect(await git.tip('refs/pull/1/head')).toBe(head)
    expect(await git.repositories.commit(project, merge)).toMatchObject({ parents: [base, head] })
    expect(specs[0]?.contexts.github).toMatchObject({
      event_name: 'pull_request',
      ref: 'refs/pull/1/merge',
      ref_name: '1/merge',
      sha: merge,
      head_ref: 'topic',
      base_ref: 'main',
      actor: 'ada',
    })
    expect(eventOf(specs[0])).toMatchObject({
      action: 'opened',
      number: 1,
      pull_request: {
        title: 'Add b',
        head: { ref: 'topic', sha: head },
        base: { ref: 'main', sha: base },
        commits: 1,
        additions: 1,
        changed_files: 1,
        mergeable: true,
      },
    })
    expect(scene.world.queries.runs(project, 1)).toMatchObject([{ title: 'Add b' }])
  })

  test('synchronize, closed and reopened, each as its types say', async () => {
    const scene = await makePull({
      usual: flow('pull_request', 'Usual'),
      closed: flow('{ pull_request: { types: [closed] } }', 'Closed'),
      other: flow('{ pull_request: { branches: [release] } }', 'Other base'),
      paths: flow("{ pull_request: { paths: ['src/**'] } }", 'Paths'),
    })
    await openTopic(scene)
    const { git, push, world, settle, started, specs } = scene
    const before = await git.tip('refs/heads/topic')
    const after = await git.commit('topic', { 'src/c': '3\n' })
    await push('refs/heads/topic', before, after)
    expect(eventOf(specs.at(-1))).toMatchObject({ action: 'synchronize', before, after })
    await world.commands.closePull(place, who)
    await settle()
    await world.commands.reopenPull(place, who)
    await settle()
    expect(started()).toEqual([
      'pull_request: Usual',
      ...['pull_request: Paths', 'pull_request: Usual'],
      'pull_request: Closed',
      ...['pull_request: Paths', 'pull_request: Usual'],
    ])
    expect(await git.tip('refs/pull/1/head')).toBe(after)
  })

  test('labels, title and draft', async () => {
    const scene = await makePull({ ci: flow('{ pull_request: { types: [labeled, unlabeled, edited, converted_to_draft, ready_for_review] } }', 'CI') })
    await openTopic(scene)
    const { world, settle, specs } = scene
    const { commands } = world
    await commands.labelPull(place, { add: ['bug', 'bug'] }, who)
    await settle()
    await commands.editPull(place, { title: 'Better' }, who)
    await settle()
    await commands.editPull(place, { draft: true }, who)
    await settle()
    await commands.labelPull(place, { remove: ['bug'] }, who)
    await settle()
    expect(specs.map((spec) => eventOf(spec).action)).toEqual(['labeled', 'edited', 'converted_to_draft', 'unlabeled'])
    expect(eventOf(specs[0])).toMatchObject({ label: { name: 'bug' }, pull_request: { labels: [{ name: 'bug' }] } })
    expect(eventOf(specs[1])).toMatchObject({ changes: { title: { from: 'Add b' } }, pull_request: { title: 'Better' } })
    await expect(commands.mergePull(place, { method: 'merge' }, who)).rejects.toMatchObject({ code: 'pull-not-mergeable' })
  })

  test('a conflict starts nothing and says where; solving it does', async () => {
    const scene = await makePull({ ci: flow('pull_request', 'CI') }, { a: 'other\n' })
    const { git, push, world, started } = scene
    const base = await git.tip('refs/heads/main')
    await push('refs/heads/main', base, await git.commit('main', { a: 'mine\n' }))
    const pull = await openTopic(scene)
    expect(pull).toMatchObject({ mergeable: false, conflicts: ['a'] })
    expect(started()).toEqual([])
    expect(await git.tip('refs/pull/1/merge')).toBe('')
    await expect(world.commands.mergePull(place, { method: 'merge' }, who)).rejects.toThrow('conflicts in a')
    expect(world.queries.timeline({ limit: 5 }).map(({ text }) => text)).toContain("It can't be merged: there are conflicts in a.")
    const topic = await git.tip('refs/heads/topic')
    await push('refs/heads/topic', topic, await git.commit('topic', { a: '1\n', c: '1\n' }))
    expect(await world.queries.pull(place)).toMatchObject({ mergeable: true, conflicts: [] })
    expect(started()).toEqual(['pull_request: CI'])
  })

  test('[skip ci] in the message of its head starts nothing; a push with a run’s token neither', async () => {
    const scene = await makePull({ ci: flow('pull_request', 'CI') })
    const { git, push, started, world } = scene
    const first = await git.tip('refs/heads/topic')
    const second = await git.commit('topic', { c: '1' }, { message: 'Add c [skip ci]' })
    await push('refs/heads/topic', first, second)
    await openTopic(scene)
    expect(started()).toEqual([])
    const third = await git.commit('topic', { d: '1' })
    await push('refs/heads/topic', second, third, true)
    expect(started()).toEqual([])
    expect(await world.queries.pull(place)).toMatchObject({ head: { sha: third } })
  })
})

test('pull_request_target runs the default branch’s workflow at its commit', async () => {
  const scene = await makePull({ t: flow('pull_request_target', 'Target') }, { '.github/workflows/t.yml': flow('pull_request_target', 'Changed') })
  await openTopic(scene)
  const { git, specs, started } = scene
  expect(started()).toEqual(['pull_request_target: Target'])
  expect(specs[0]?.contexts.github).toMatchObject({ ref: 'refs/heads/main', sha: await git.tip('refs/heads/main'), head_ref: 'topic', base_ref: 'main' })
})

describe('merging', () => {
  test.each([
    ['merge', 2, 'Merge pull request #1 from topic\n\nAdd b'],
    ['squash', 1, 'Add b (#1)'],
  ] as const)('%s: the base gets %i parents, and a push', async (method, parents, message) => {
    const scene = await makePull({ p: flow('push', 'Push'), c: flow('{ pull_request: { types: [closed] } }', 'Closed') })
    await openTopic(scene)
    const { git, world, settle, started, specs } = scene
    const merged = await world.commands.mergePull(place, { method }, { by: 'bob' })
    await settle()
    const tip = await git.tip('refs/heads/main')
    expect(merged).toMatchObject({ state: 'merged', mergedBy: 'bob', mergeCommit: tip })
    expect(await git.repositories.commit(project, tip)).toMatchObject({ message, author: { name: 'bob' } })
    expect((await git.repositories.commit(project, tip))?.parents).toHaveLength(parents)
    expect(started().slice(2).toSorted()).toEqual(['pull_request: Closed', 'push: Push'])
    const closed = specs.find((spec) => spec.contexts.github.event_name === 'pull_request')
    expect(closed?.contexts.github).toMatchObject({ ref: 'refs/heads/main', sha: tip })
    expect(eventOf(closed)).toMatchObject({ pull_request: { merged: true, state: 'closed', merge_commit_sha: tip, merged_by: { login: 'bob' } } })
    // What it changed can still be seen.
    expect(merged.files).toHaveLength(1)
    await expect(world.commands.reopenPull(place, who)).rejects.toMatchObject({ code: 'request-refused' })
  })

  test('a push that brings the head into the base merges it; deleting its branch closes it', async () => {
    const scene = await makePull({ x: flow('push', 'X') })
    const { git, push, world } = scene
    await openTopic(scene)
    const [main, topic] = [await git.tip('refs/heads/main'), await git.tip('refs/heads/topic')]
    await push('refs/heads/two', null, await git.commit('two', { d: '1' }, { from: 'main' }))
    await world.commands.openPull(project, { title: 'Two', body: '', head: 'two', base: 'main', draft: false }, who)
    await git.repositories.moveRef(project, { ref: 'refs/heads/main', after: topic })
    await push('refs/heads/main', main, topic)
    expect(await world.queries.pull(place)).toMatchObject({ state: 'merged', mergeCommit: topic })
    await git.repositories.moveRef(project, { ref: 'refs/heads/two', after: null })
    await push('refs/heads/two', await git.tip('refs/pull/2/head'), null)
    expect(await world.queries.pull({ project, number: 2 })).toMatchObject({ state: 'closed' })
    expect(world.queries.pulls(project, { limit: 10 }).map(({ number, state }) => [number, state])).toEqual([
      [2, 'closed'],
      [1, 'merged'],
    ])
  })

  test('looks at the head that was meant', async () => {
    const scene = await makePull({ x: flow('push', 'X') })
    await openTopic(scene)
    const { commands } = scene.world
    await expect(commands.mergePull(place, { method: 'merge', sha: 'f'.repeat(40) }, who)).rejects.toThrow('another commit than the one you looked at')
  })
})

test.each([
  [{ title: '' }, 'needs a title'],
  [{ head: 'main' }, "can't be merged into itself"],
  [{ head: 'nowhere' }, 'There is no branch nowhere'],
  [{ base: 'nowhere' }, 'There is no branch nowhere'],
  [{ head: 'same' }, 'No commits between main and same'],
])('is refused: %j', async (wrong, problem) => {
  const scene = await makePull({ x: flow('push', 'X') })
  await scene.git.repositories.moveRef(project, { ref: 'refs/heads/same', after: await scene.git.tip('refs/heads/main') })
  const request = { title: 'T', body: '', head: 'topic', base: 'main', draft: false, ...wrong }
  await expect(scene.world.commands.openPull(project, request, who)).rejects.toThrow(problem)
})

test('a second one for the same branches is refused', async () => {
  const scene = await makePull({ x: flow('push', 'X') })
  await openTopic(scene)
  await expect(openTopic(scene)).rejects.toThrow('A pull request already exists for topic: number 1.')
})

test('comments are numbered and kept', async () => {
  const scene = await makePull({ x: flow('push', 'X') })
  await openTopic(scene)
  const { commands, queries } = scene.world
  expect([await commands.commentPull(place, 'a', who), await commands.commentPull(place, 'b', who)]).toEqual([1, 2])
  await commands.editComment(place, { id: 2, body: null }, who)
  expect(await commands.commentPull(place, 'c', who)).toBe(3)
  await commands.editComment(place, { id: 1, body: 'A' }, who)
  expect((await queries.pull(place)).thread.map(({ id, body }) => [id, body])).toEqual([
    [1, 'A'],
    [3, 'c'],
  ])
  await expect(commands.editComment(place, { id: 9, body: '' }, who)).rejects.toMatchObject({ code: 'not-found' })
})

describe('of a fork', () => {
  async function fromFork(scene: EventScene) {
    const { git, world, settle } = scene
    const head = await git.tip('refs/heads/topic')
    const base = await git.tip('refs/heads/main')
    const remote = { number: 9, title: 'Mine', body: '', draft: false, state: 'open' as const, merged: null, fork: 'eve/hello' }
    const send = async (action: string, sha: string) => {
      const runs = await world.commands.receivePull(
        project,
        { ...remote, head: { ref: 'topic', sha }, base: { ref: 'main', sha: base } },
        { action, by: 'eve' },
      )
      await settle()
      return runs
    }
    return { send, head }
  }

  test('waits for approval, each push again; gets no secrets and a token that only reads', async () => {
    const scene = await makePull({ ci: `name: CI\non: pull_request\npermissions: write-all\n${steps}` })
    const { world, settle, specs, git } = scene
    const { commands, queries } = world
    commands.setSecret({ project, environment: undefined }, { name: 'KEY', value: new Secret('secret') }, 'ada')
    const { send, head } = await fromFork(scene)
    const [run = ''] = await send('opened', head)
    expect(queries.run(run)).toMatchObject({ status: 'waiting', why: { code: 'waiting-for-run-approval' } })
    expect(specs).toHaveLength(0)
    commands.approveRun(run, 'ada')
    await settle()
    expect(queries.run(run)).toMatchObject({ status: 'finished', conclusion: 'success' })
    expect(Object.keys(specs[0]?.contexts.secrets ?? {})).toEqual(['GITHUB_TOKEN'])
    expect(Object.values(specs[0]?.permissions ?? {})).not.toContain('write')
    expect(() => commands.approveRun(run, 'ada')).toThrow('not waiting for approval')
    expect(await send('opened', head)).toEqual([])
    const [second = ''] = await send('synchronize', await git.commit('topic', { c: '1' }))
    expect(queries.run(second)).toMatchObject({ status: 'waiting' })
    commands.cancelRun(second, false, 'ada')
    await settle()
    expect(queries.run(second)).toMatchObject({ status: 'finished', conclusion: 'cancelled' })
    expect(specs).toHaveLength(1)
  })

  test('is none of this repository’s branches of that name', async () => {
    const scene = await makePull({ ci: flow('pull_request', 'CI') })
    const { send, head } = await fromFork(scene)
    await send('opened', head)
    await scene.push('refs/heads/topic', head, await scene.git.commit('topic', { z: '1' }))
    expect(await scene.world.queries.pull({ project, number: 9 })).toMatchObject({ head: { sha: head }, fork: 'eve/hello' })
  })
})
