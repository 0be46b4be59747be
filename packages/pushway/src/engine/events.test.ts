// Events that start workflows, over a real repository: what starts, at which commit, with which payload.

import type { JobSpec } from '@pushway/core/run/types.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { closeEventScenes, makeEventScene as makeScene, project, type EventScene as Scene } from '../../../../test/support/event-scene.ts'

const job = 'jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: x }]\n'
const flow = (on: string, name = 'W') => `name: ${name}\non: ${on}\n${job}`

afterEach(closeEventScenes)

const eventOf = (spec: JobSpec | undefined) => spec?.contexts.github.event as Record<string, unknown>

describe('push, create and delete', () => {
  test('a push tells of each commit with its paths; a new branch and tag are created, a deleted one is told to the default branch', async () => {
    const { git, push, specs, started } = await makeScene()
    const flows = { '.github/workflows/p.yml': flow('push', 'Push'), '.github/workflows/r.yml': flow('[create, delete]', 'Refs') }
    const one = await git.commit('main', { ...flows, a: '1' }, { message: 'One' })
    await push('refs/heads/main', null, one)
    await git.commit('main', { b: '1' }, { message: 'Two' })
    const three = await git.commit('main', { a: '2', b: null, c: '1' }, { message: 'Three' })
    await push('refs/heads/main', one, three)
    expect(started()).toEqual(['push: Push', 'create: Refs', 'push: Push'])
    expect(eventOf(specs.at(-1))).toMatchObject({
      before: one,
      after: three,
      forced: false,
      commits: [
        { message: 'Two', added: ['b'], removed: [], modified: [], distinct: true, author: { name: 'Ada' } },
        { message: 'Three', added: ['c'], removed: ['b'], modified: ['a'] },
      ],
      head_commit: { id: three, message: 'Three' },
      repository: { full_name: project, default_branch: 'main' },
      pusher: { name: 'ada' },
    })
    await push('refs/heads/topic', null, three)
    // Nothing of a new branch is new that another branch has.
    const pushed = specs.map(eventOf).findLast((event) => event.after === three && event.ref === 'refs/heads/topic')
    expect(pushed).toMatchObject({ created: true, commits: [], head_commit: { id: three, distinct: false } })
    await git.repositories.moveRef(project, { ref: 'refs/heads/topic', after: three })
    await push('refs/heads/topic', three, null)
    expect(started().slice(3)).toEqual(['push: Push', 'create: Refs', 'delete: Refs'])
    expect(eventOf(specs.at(-1))).toMatchObject({ ref: 'topic', ref_type: 'branch' })
    expect(specs.at(-1)?.contexts.github).toMatchObject({ ref: 'refs/heads/main', sha: three, event_name: 'delete' })
  })

  test('a forced push says so', async () => {
    const { git, push, specs } = await makeScene()
    const one = await git.commit('main', { '.github/workflows/p.yml': flow('push') })
    const two = await git.commit('main', { a: '1' })
    await push('refs/heads/main', null, two)
    await git.repositories.moveRef(project, { ref: 'refs/heads/main', after: one })
    const other = await git.commit('main', { b: '1' }, { message: 'Other' })
    await push('refs/heads/main', two, other)
    expect(eventOf(specs.at(-1))).toMatchObject({ forced: true, commits: [{ id: other }] })
  })

  test('a run is numbered in its project and in the installation, and knows it while it is planned', async () => {
    const { git, push, specs, world } = await makeScene()
    const text = `run-name: Run \${{ github.run_id }} number \${{ github.run_number }}\non: push\n${job}`
    await push('refs/heads/main', null, await git.commit('main', { '.github/workflows/p.yml': text }))
    expect(world.queries.runs(project, 1)).toMatchObject([{ title: 'Run 1 number 1' }])
    expect(specs[0]?.contexts.github.run_id).toBe('1')
  })
})

describe('workflow_run', () => {
  test('tells of each step of a run, by name, type and branch, and ends after three levels', async () => {
    const { git, push, specs, started } = await makeScene()
    const after = (name: string, of: string, more = '') => flow(`{ workflow_run: { workflows: [${of}], types: [completed]${more} } }`, name)
    const sha = await git.commit('main', {
      '.github/workflows/0.yml': flow('push', 'Zero'),
      '.github/workflows/1.yml': after('One', 'Zero'),
      '.github/workflows/2.yml': after('Two', 'One'),
      '.github/workflows/3.yml': after('Three', 'Two'),
      '.github/workflows/4.yml': after('Four', 'Three'),
      '.github/workflows/5.yml': after('Branch', 'Zero', ', branches: [other]'),
      '.github/workflows/6.yml': flow('{ workflow_run: { workflows: [Zero], types: [requested, in_progress] } }', 'Early'),
    })
    await push('refs/heads/main', null, sha)
    expect(started().filter((name) => !name.includes('Early'))).toEqual(['push: Zero', 'workflow_run: One', 'workflow_run: Two', 'workflow_run: Three'])
    expect(started().filter((name) => name.includes('Early'))).toHaveLength(2)
    const told = specs.map(eventOf).find((event) => event.action === 'completed')
    expect(told).toMatchObject({
      workflow: { name: 'Zero' },
      workflow_run: { conclusion: 'success', event: 'push', head_branch: 'main', head_sha: sha, run_number: 1, status: 'completed' },
    })
  })
})

describe('workflow_dispatch', () => {
  const inputs =
    '{ level: { type: choice, options: [low, high], default: low }, count: { type: number }, dry: { type: boolean }, to: { type: environment }, who: { type: string, required: true } }'

  test('takes typed inputs at a branch or tag', async () => {
    const { git, push, world, settle, specs } = await makeScene()
    const text = `on: { workflow_dispatch: { inputs: ${inputs} } }\n${job}`
    const sha = await git.commit('main', { '.github/workflows/d.yml': text, 'pushway.yml': 'environments:\n  staging: { branch: main }\n' })
    await push('refs/heads/main', null, sha)
    await git.repositories.moveRef(project, { ref: 'refs/tags/v1', before: null, after: sha })
    const given = { count: '3', dry: 'true', to: 'staging', who: 'me' }
    await world.commands.dispatchWorkflow(project, { workflow: 'd.yml', ref: 'v1', inputs: given }, 'bob')
    await settle()
    expect(specs.at(-1)?.contexts).toMatchObject({
      inputs: { level: 'low', count: 3, dry: true, to: 'staging', who: 'me' },
      github: { event_name: 'workflow_dispatch', ref: 'refs/tags/v1', ref_type: 'tag', actor: 'bob' },
    })
    expect(eventOf(specs.at(-1))).toMatchObject({ inputs: given, workflow: '.github/workflows/d.yml', sender: { login: 'bob' } })
  })

  test.each([
    [{}, 'Input `who` is required.'],
    [{ who: 'me', level: 'middle' }, 'must be one of low, high, not "middle"'],
    [{ who: 'me', count: 'many' }, 'must be a number'],
    [{ who: 'me', dry: 'yes' }, 'must be true or false'],
    [{ who: 'me', to: 'moon' }, 'must be an environment: staging, production; not "moon"'],
    [{ who: 'me', other: '1' }, 'There is no input `other`.'],
  ])('refuses %j before a run is made', async (given, problem) => {
    const { git, push, world, started } = await makeScene()
    await push('refs/heads/main', null, await git.commit('main', { '.github/workflows/d.yml': `on: { workflow_dispatch: { inputs: ${inputs} } }\n${job}` }))
    await expect(world.commands.dispatchWorkflow(project, { workflow: 'd.yml', ref: 'main', inputs: given as Record<string, string> }, 'bob')).rejects.toThrow(
      problem,
    )
    expect(started()).toEqual([])
  })
})

describe('repository_dispatch', () => {
  test('is told to the default branch, by type', async () => {
    const { git, push, world, settle, specs, started } = await makeScene()
    const sha = await git.commit('main', {
      '.github/workflows/a.yml': flow('{ repository_dispatch: { types: [deploy] } }', 'Deploy'),
      '.github/workflows/b.yml': flow('repository_dispatch', 'Any'),
    })
    await push('refs/heads/main', null, sha)
    expect(await world.commands.dispatchRepository(project, { type: 'other', payload: {} }, 'bob')).toHaveLength(1)
    await settle()
    expect(await world.commands.dispatchRepository(project, { type: 'deploy', payload: { to: 'staging' } }, 'bob')).toHaveLength(2)
    await settle()
    expect(started()).toEqual(['repository_dispatch: Any', 'repository_dispatch: Deploy', 'repository_dispatch: Any'])
    expect(eventOf(specs.at(-1))).toMatchObject({ action: 'deploy', client_payload: { to: 'staging' }, sender: { login: 'bob' }, branch: 'main' })
  })
})

describe('release', () => {
  test('a release that is published makes its tag and starts its activities at it', async () => {
    const { git, push, world, settle, specs, started } = await makeScene()
    const sha = await git.commit('main', { '.github/workflows/a.yml': flow('{ release: { types: [published] } }', 'Ship') })
    await push('refs/heads/main', null, sha)
    const draft = { id: 1, tag: 'v1', target: 'main', name: 'One', body: '', draft: true, prerelease: false, by: 'ada', createdAt: 1 }
    await world.commands.releaseChanged(project, { after: draft }, { by: 'ada' })
    expect(await git.tip('refs/tags/v1')).toBe('')
    await world.commands.releaseChanged(project, { before: draft, after: { ...draft, draft: false, publishedAt: 2 } }, { by: 'ada' })
    await settle()
    expect(await git.tip('refs/tags/v1')).toBe(sha)
    expect(started()).toEqual(['release: Ship'])
    expect(specs.at(-1)?.contexts.github).toMatchObject({ ref: 'refs/tags/v1', ref_type: 'tag', sha })
    expect(eventOf(specs.at(-1))).toMatchObject({ action: 'published', release: { tag_name: 'v1', draft: false } })
  })

  test('a run with its own token starts nothing', async () => {
    const { git, push, world, settle, started } = await makeScene()
    await push('refs/heads/main', null, await git.commit('main', { '.github/workflows/a.yml': flow('[release, push]', 'Ship') }))
    const release = { id: 1, tag: 'v1', target: 'main', name: '', body: '', draft: false, prerelease: false, by: 'bot', createdAt: 1 }
    await world.commands.releaseChanged(project, { after: release }, { by: 'bot', byRun: true })
    await settle()
    expect(started()).toEqual(['push: Ship'])
    expect(await git.tip('refs/tags/v1')).not.toBe('')
  })
})

describe('deployment and deployment_status', () => {
  test('are told of a record that others keep', async () => {
    const { git, push, world, settle, specs, started } = await makeScene()
    const sha = await git.commit('main', { '.github/workflows/a.yml': flow('deployment', 'D'), '.github/workflows/b.yml': flow('deployment_status', 'S') })
    await push('refs/heads/main', null, sha)
    const deployment = { id: 7, sha, ref: 'main', environment: 'review', by: 'ada', createdAt: 1 }
    await world.commands.deploymentTold(project, { deployment }, { by: 'ada' })
    await settle()
    await world.commands.deploymentTold(
      project,
      { deployment, status: { id: 1, state: 'success', environmentUrl: 'http://x', by: 'ada', at: 1 } },
      { by: 'ada' },
    )
    await settle()
    expect(started()).toEqual(['deployment: D', 'deployment_status: S'])
    expect(eventOf(specs.at(-1))).toMatchObject({
      deployment: { id: 7, environment: 'review' },
      deployment_status: { state: 'success', environment_url: 'http://x' },
    })
  })

  test('are told of Pushway’s own, and a run that they started starts no further ones by deploying', async () => {
    const { git, push, started } = await makeScene()
    const deploys = (on: string, name: string) =>
      `name: ${name}\non: ${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    environment: review\n    steps: [{ run: x }]\n`
    const files = { '.github/workflows/a.yml': deploys('push', 'Deploy'), '.github/workflows/b.yml': deploys('[deployment, deployment_status]', 'Again') }
    await push('refs/heads/main', null, await git.commit('main', files))
    expect(started()).toEqual(['push: Deploy', 'deployment: Again', 'deployment_status: Again', 'deployment_status: Again'])
  })
})

describe('schedule', () => {
  const nightly = (cron: string) => flow(`{ schedule: [{ cron: '${cron}' }] }`, 'Nightly')
  const minutes = (scene: Scene, count: number) => {
    scene.clock.time += count * 60_000
    return scene.settle()
  }

  test('runs from the default branch when it is due, once for all that was missed, also after a restart', async () => {
    const scene = await makeScene()
    const { git, push, specs, started } = scene
    const sha = await git.commit('main', { '.github/workflows/n.yml': nightly('0 * * * *') })
    await push('refs/heads/main', null, sha)
    expect(started()).toEqual([])
    expect(scene.world.queries.schedules(project)).toMatchObject([{ file: '.github/workflows/n.yml', cron: '0 * * * *', timezone: 'UTC' }])
    const next = scene.world.queries.schedules(project)[0]?.nextAt ?? 0
    expect(next % 3_600_000).toBe(0)
    await minutes(scene, 61)
    expect(started()).toEqual(['schedule: Nightly'])
    expect(eventOf(specs.at(-1))).toMatchObject({ schedule: '0 * * * *' })
    expect(specs.at(-1)?.contexts.github).toMatchObject({ event_name: 'schedule', ref: 'refs/heads/main', sha })
    scene.restart()
    await scene.settle()
    expect(started()).toHaveLength(1)
    scene.clock.time += 5 * 3_600_000
    scene.restart()
    await scene.settle()
    expect(started()).toHaveLength(2)
    expect(scene.world.queries.schedules(project)[0]?.nextAt).toBeGreaterThan(scene.clock.time)
  })

  test('other branches schedule nothing, and what the default branch takes back ends', async () => {
    const scene = await makeScene()
    const { git, push, started } = scene
    const one = await git.commit('main', { a: '1' })
    await push('refs/heads/main', null, one)
    await push('refs/heads/topic', null, await git.commit('topic', { '.github/workflows/n.yml': nightly('*/5 * * * *') }, { from: 'main' }))
    expect(scene.world.queries.schedules(project)).toEqual([])
    const two = await git.commit('main', { '.github/workflows/n.yml': nightly('*/5 * * * *') })
    await push('refs/heads/main', one, two)
    await minutes(scene, 5)
    await minutes(scene, 5)
    expect(started()).toHaveLength(2)
    await push('refs/heads/main', two, await git.commit('main', { '.github/workflows/n.yml': null }))
    await minutes(scene, 30)
    expect(started()).toHaveLength(2)
  })
})
