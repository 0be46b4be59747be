// The GitHub-shaped API with GitHub's own client (@octokit/rest) against a real server over a real repository.

import { getOctokit } from '@actions/github'
import { Octokit } from '@octokit/rest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closeEventScenes, type EventScene, makeEventScene, project } from '../../../../../test/support/event-scene.ts'
import { needOf } from '../authorize.ts'
import type { Services } from '../services.ts'
import { type HttpWorld, startHttpWorld } from '../test-support.ts'
import { restRoutes } from './index.ts'

const flow = (on: string, name: string) => `name: ${name}\non: ${on}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: x }]\n`
const at = { owner: 'acme', repo: 'hello' }

let scene: EventScene
let http: HttpWorld
let octokit: Octokit

beforeEach(async () => {
  scene = await makeEventScene()
  const { world, git } = scene
  http = await startHttpWorld({ commands: world.commands, queries: world.queries, repositories: git.repositories, documents: world.shop.world.documents })
  octokit = as(http.tokens.write)
  await scene.push(
    'refs/heads/main',
    null,
    await git.commit(
      'main',
      { 'a.txt': '1\n', 'src/b.txt': '2\n', '.github/workflows/ci.yml': flow('[push, workflow_dispatch, repository_dispatch, release]', 'CI') },
      { message: 'One' },
    ),
  )
})
afterEach(async () => {
  await http.close()
  closeEventScenes()
})

const as = (token: string | undefined) =>
  new Octokit({ baseUrl: `${http.url}/api/v3`, log: { debug() {}, info() {}, warn() {}, error() {} }, ...(token ? { auth: token } : {}) })
const statusOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 200,
    (error: { status: number; message: string }) => error.status,
  )

async function pushTopic() {
  await scene.push('refs/heads/topic', null, await scene.git.commit('topic', { 'c.txt': '3\n' }, { from: 'main', message: 'Two' }))
}

describe('repositories', () => {
  test('the repository, its branches, tags, commits and comparisons', async () => {
    await pushTopic()
    const tip = await scene.git.tip('refs/heads/topic')
    const main = await scene.git.tip('refs/heads/main')
    expect((await octokit.repos.get(at)).data).toMatchObject({ full_name: project, default_branch: 'main', owner: { login: 'acme' } })
    expect((await octokit.repos.listBranches(at)).data.map(({ name }) => name)).toEqual(['main', 'topic'])
    expect((await octokit.repos.getBranch({ ...at, branch: 'topic' })).data.commit.sha).toBe(tip)
    expect((await octokit.repos.listCommits({ ...at, sha: 'topic' })).data.map(({ commit }) => commit.message)).toEqual(['Two', 'One'])
    expect((await octokit.repos.listCommits({ ...at, sha: 'topic', path: 'a.txt' })).data).toHaveLength(1)
    expect((await octokit.repos.getCommit({ ...at, ref: 'heads/topic' })).data).toMatchObject({
      sha: tip,
      files: [{ filename: 'c.txt', status: 'added' }],
      stats: { total: 1 },
    })
    const compared = await octokit.repos.compareCommitsWithBasehead({ ...at, basehead: 'main...topic' })
    expect(compared.data).toMatchObject({ status: 'ahead', ahead_by: 1, behind_by: 0, merge_base_commit: { sha: main }, files: [{ filename: 'c.txt' }] })
    expect(await statusOf(octokit.repos.getCommit({ ...at, ref: 'nowhere' }))).toBe(404)
  })

  test('contents, refs, tags, trees and blobs', async () => {
    const file = await octokit.repos.getContent({ ...at, path: 'src/b.txt' })
    expect(file.data).toMatchObject({ type: 'file', path: 'src/b.txt', size: 2, encoding: 'base64', content: Buffer.from('2\n').toString('base64') })
    const folder = await octokit.repos.getContent({ ...at, path: '' })
    expect((folder.data as { name: string; type: string }[]).map(({ name, type }) => `${type} ${name}`)).toEqual(['dir .github', 'file a.txt', 'dir src'])
    const main = await scene.git.tip('refs/heads/main')
    await octokit.git.createRef({ ...at, ref: 'refs/tags/v1', sha: main })
    expect((await octokit.git.getRef({ ...at, ref: 'tags/v1' })).data.object).toMatchObject({ sha: main, type: 'commit' })
    expect((await octokit.repos.listTags(at)).data).toMatchObject([{ name: 'v1', commit: { sha: main } }])
    expect(await statusOf(octokit.git.createRef({ ...at, ref: 'refs/tags/v1', sha: main }))).toBe(422)
    expect((await octokit.git.listMatchingRefs({ ...at, ref: 'tags/' })).data).toHaveLength(1)
    const tag = await octokit.git.createTag({ ...at, tag: 'v2', message: 'Two', object: main, type: 'commit' })
    await octokit.git.createRef({ ...at, ref: 'refs/tags/v2', sha: tag.data.sha })
    expect((await octokit.git.getRef({ ...at, ref: 'tags/v2' })).data.object.type).toBe('tag')
    await octokit.git.deleteRef({ ...at, ref: 'tags/v2' })
    expect(await statusOf(octokit.git.getRef({ ...at, ref: 'tags/v2' }))).toBe(404)
    const tree = await octokit.git.getTree({ ...at, tree_sha: main, recursive: 'true' })
    expect(tree.data.tree.map(({ path }) => path)).toContain('src/b.txt')
    const blob = tree.data.tree.find(({ path }) => path === 'a.txt')
    expect((await octokit.git.getBlob({ ...at, file_sha: blob?.sha ?? '' })).data.content).toBe(Buffer.from('1\n').toString('base64'))
    expect((await octokit.git.getCommit({ ...at, commit_sha: main })).data.message).toBe('One')
  })

  test('a ref is moved forward, and back only by force; both are pushes', async () => {
    await pushTopic()
    const [main, topic] = [await scene.git.tip('refs/heads/main'), await scene.git.tip('refs/heads/topic')]
    await octokit.git.updateRef({ ...at, ref: 'heads/main', sha: topic })
    expect(await statusOf(octokit.git.updateRef({ ...at, ref: 'heads/main', sha: main }))).toBe(422)
    await octokit.git.updateRef({ ...at, ref: 'heads/main', sha: main, force: true })
    await scene.settle()
    expect(scene.started()).toEqual(['push: CI', 'push: CI', 'push: CI', 'push: CI'])
  })
})

describe('pull requests', () => {
  test('open, edit, list, files, commits, comment, label, merge', async () => {
    await pushTopic()
    const opened = await octokit.pulls.create({ ...at, title: 'Add c', head: 'topic', base: 'main', body: 'Why' })
    expect(opened.status).toBe(201)
    expect(opened.data).toMatchObject({
      number: 1,
      state: 'open',
      mergeable: true,
      commits: 1,
      changed_files: 1,
      head: { ref: 'topic' },
      user: { login: 'wim' },
    })
    expect(await statusOf(octokit.pulls.create({ ...at, title: 'Again', head: 'acme:topic', base: 'main' }))).toBe(422)
    const one = { ...at, pull_number: 1, issue_number: 1 }
    expect((await octokit.pulls.update({ ...one, title: 'Add c.txt' })).data.title).toBe('Add c.txt')
    expect((await octokit.pulls.list({ ...at, head: 'acme:topic' })).data).toHaveLength(1)
    expect((await octokit.pulls.list({ ...at, state: 'closed' })).data).toEqual([])
    expect((await octokit.pulls.listFiles(one)).data).toMatchObject([{ filename: 'c.txt', patch: '@@ -0,0 +1 @@\n+3' }])
    expect((await octokit.pulls.listCommits(one)).data).toMatchObject([{ commit: { message: 'Two' } }])
    const comment = await octokit.issues.createComment({ ...one, body: 'Nice' })
    await octokit.issues.updateComment({ ...at, comment_id: comment.data.id, body: 'Very nice' })
    expect((await octokit.issues.listComments(one)).data).toMatchObject([{ body: 'Very nice', user: { login: 'wim' } }])
    await octokit.issues.deleteComment({ ...at, comment_id: comment.data.id })
    expect((await octokit.issues.get(one)).data).toMatchObject({ number: 1, comments: 0, pull_request: { merged_at: null } })
    expect((await octokit.issues.addLabels({ ...one, labels: ['bug', 'ready'] })).data.map(({ name }) => name)).toEqual(['bug', 'ready'])
    await octokit.issues.removeLabel({ ...one, name: 'ready' })
    expect(await statusOf(octokit.issues.removeLabel({ ...one, name: 'ready' }))).toBe(404)
    expect((await octokit.issues.setLabels({ ...one, labels: ['x'] })).data.map(({ name }) => name)).toEqual(['x'])
    expect(await statusOf(octokit.pulls.checkIfMerged(one))).toBe(404)
    expect(await statusOf(octokit.pulls.merge({ ...one, merge_method: 'rebase' }))).toBe(405)
    const merged = await octokit.pulls.merge({ ...one, merge_method: 'squash' })
    expect(merged.data).toMatchObject({ merged: true, sha: await scene.git.tip('refs/heads/main') })
    expect(await statusOf(octokit.pulls.checkIfMerged(one))).toBe(200)
    expect(await statusOf(octokit.pulls.merge(one))).toBe(405)
    expect((await octokit.pulls.get(one)).data).toMatchObject({ merged: true, state: 'closed', labels: [{ name: 'x' }] })
  })

  test('a conflict is told as GitHub tells it', async () => {
    const topic = await scene.git.commit('topic', { 'a.txt': 'x\n' }, { from: 'main' })
    await scene.push('refs/heads/topic', null, topic)
    const main = await scene.git.tip('refs/heads/main')
    await scene.push('refs/heads/main', main, await scene.git.commit('main', { 'a.txt': 'y\n' }))
    await octokit.pulls.create({ ...at, title: 'T', head: 'topic', base: 'main' })
    expect((await octokit.pulls.get({ ...at, pull_number: 1 })).data).toMatchObject({ mergeable: false, mergeable_state: 'dirty' })
    expect(await statusOf(octokit.pulls.merge({ ...at, pull_number: 1 }))).toBe(405)
  })
})

describe('statuses, checks and deployments', () => {
  test('statuses: the newest of each context counts', async () => {
    const sha = await scene.git.tip('refs/heads/main')
    await octokit.repos.createCommitStatus({ ...at, sha, state: 'pending', context: 'lint' })
    await octokit.repos.createCommitStatus({ ...at, sha, state: 'success', context: 'lint', target_url: 'http://x' })
    expect((await octokit.repos.getCombinedStatusForRef({ ...at, ref: 'main' })).data).toMatchObject({
      state: 'success',
      total_count: 1,
      statuses: [{ context: 'lint', target_url: 'http://x' }],
    })
    await octokit.repos.createCommitStatus({ ...at, sha, state: 'error', context: 'test' })
    expect((await octokit.repos.getCombinedStatusForRef({ ...at, ref: sha })).data.state).toBe('failure')
    expect((await octokit.repos.listCommitStatusesForRef({ ...at, ref: 'main' })).data).toHaveLength(3)
    expect(await statusOf(octokit.repos.createCommitStatus({ ...at, sha, state: 'bad' as never }))).toBe(422)
  })

  test('check runs: others’ own, and each job', async () => {
    const sha = await scene.git.tip('refs/heads/main')
    const made = await octokit.checks.create({ ...at, name: 'scan', head_sha: sha, status: 'in_progress' })
    expect(made.data).toMatchObject({ status: 'in_progress', conclusion: null })
    const done = await octokit.checks.update({
      ...at,
      check_run_id: made.data.id,
      conclusion: 'success',
      status: 'completed',
      output: { title: 'T', summary: 'S' },
    })
    expect(done.data).toMatchObject({ status: 'completed', conclusion: 'success', output: { title: 'T' } })
    expect((await octokit.checks.get({ ...at, check_run_id: made.data.id })).data.name).toBe('scan')
    const { data } = await octokit.checks.listForRef({ ...at, ref: 'main' })
    expect(data.check_runs.map(({ name, conclusion }) => [name, conclusion])).toEqual([
      ['scan', 'success'],
      ['a', 'success'],
    ])
  })

  test('deployments and their statuses', async () => {
    const made = await octokit.repos.createDeployment({ ...at, ref: 'main', environment: 'review', required_contexts: [] })
    const id = { ...at, deployment_id: (made.data as { id: number }).id }
    await octokit.repos.createDeploymentStatus({ ...id, state: 'success', environment_url: 'http://x' })
    expect((await octokit.repos.listDeployments({ ...at, environment: 'review' })).data).toHaveLength(1)
    expect((await octokit.repos.getDeployment(id)).data).toMatchObject({ environment: 'review', ref: 'main', creator: { login: 'wim' } })
    expect((await octokit.repos.listDeploymentStatuses(id)).data).toMatchObject([{ state: 'success', environment_url: 'http://x' }])
    await octokit.repos.deleteDeployment(id)
    expect(await statusOf(octokit.repos.getDeployment(id))).toBe(404)
  })
})

test('releases: drafts, publishing with a tag, latest, edit, delete', async () => {
  const draft = await octokit.repos.createRelease({ ...at, tag_name: 'v1', draft: true })
  expect(await statusOf(octokit.repos.getReleaseByTag({ ...at, tag: 'v1' }))).toBe(404)
  expect(await scene.git.tip('refs/tags/v1')).toBe('')
  const published = await octokit.repos.updateRelease({ ...at, release_id: draft.data.id, draft: false, body: 'Notes' })
  expect(published.data).toMatchObject({ tag_name: 'v1', draft: false, body: 'Notes' })
  expect(await scene.git.tip('refs/tags/v1')).toBe(await scene.git.tip('refs/heads/main'))
  await scene.settle()
  expect(scene.started().toSorted()).toEqual(['push: CI', 'push: CI', 'release: CI', 'release: CI'])
  expect((await octokit.repos.getLatestRelease(at)).data.tag_name).toBe('v1')
  expect((await octokit.repos.getReleaseByTag({ ...at, tag: 'v1' })).data.id).toBe(draft.data.id)
  expect(await statusOf(octokit.repos.createRelease({ ...at, tag_name: 'v1' }))).toBe(422)
  expect(await statusOf(octokit.repos.createRelease({ ...at, tag_name: 'v2', target_commitish: 'nowhere' }))).toBe(422)
  expect(await statusOf(octokit.repos.createRelease({ ...at, tag_name: 'bad name' }))).toBe(422)
  expect((await octokit.repos.generateReleaseNotes({ ...at, tag_name: 'v1' })).data.body).toContain('* One by @Ada')
  await octokit.repos.deleteRelease({ ...at, release_id: draft.data.id })
  expect((await octokit.repos.listReleases(at)).data).toEqual([])
})

describe('actions', () => {
  test('runs, jobs, logs, re-run and dispatches', async () => {
    const { data } = await octokit.actions.listWorkflowRunsForRepo(at)
    expect(data).toMatchObject({
      total_count: 1,
      workflow_runs: [{ id: 1, name: 'CI', event: 'push', head_branch: 'main', status: 'completed', conclusion: 'success', run_number: 1 }],
    })
    const run = { ...at, run_id: 1 }
    expect((await octokit.actions.getWorkflowRun(run)).data).toMatchObject({ path: '.github/workflows/ci.yml', head_commit: { message: 'One' } })
    const jobs = (await octokit.actions.listJobsForWorkflowRun(run)).data.jobs
    expect(jobs).toMatchObject([{ name: 'a', status: 'completed', conclusion: 'success', run_id: 1 }])
    const job = { ...at, job_id: jobs[0]?.id ?? 0 }
    expect((await octokit.actions.getJobForWorkflowRun(job)).data.name).toBe('a')
    expect((await octokit.actions.downloadJobLogsForWorkflowRun(job)).status).toBe(200)
    expect((await octokit.actions.reRunWorkflow(run)).status).toBe(201)
    await scene.settle()
    expect((await octokit.actions.getWorkflowRun(run)).data.run_attempt).toBe(2)
    expect(await statusOf(octokit.actions.cancelWorkflowRun(run))).toBe(409)
    const workflows = (await octokit.actions.listRepoWorkflows(at)).data.workflows
    expect(workflows).toMatchObject([{ name: 'CI', path: '.github/workflows/ci.yml' }])
    await octokit.actions.createWorkflowDispatch({ ...at, workflow_id: 'ci.yml', ref: 'main' })
    await octokit.actions.createWorkflowDispatch({ ...at, workflow_id: workflows[0]?.id ?? 0, ref: 'main' })
    await octokit.repos.createDispatchEvent({ ...at, event_type: 'go', client_payload: { a: 1 } })
    expect(await statusOf(octokit.actions.createWorkflowDispatch({ ...at, workflow_id: 'ci.yml', ref: 'main', inputs: { unknown: '1' } }))).toBe(422)
    expect(await statusOf(octokit.actions.createWorkflowDispatch({ ...at, workflow_id: 'none.yml', ref: 'main' }))).toBe(404)
    await scene.settle()
    expect(
      scene
        .started()
        .filter((name) => !name.startsWith('push'))
        .toSorted(),
    ).toEqual(['repository_dispatch: CI', ...Array(2).fill('workflow_dispatch: CI')])
    expect((await octokit.actions.listWorkflowRuns({ ...at, workflow_id: 'ci.yml', event: 'repository_dispatch' })).data.total_count).toBe(1)
  })

  test('artifacts', async () => {
    expect((await octokit.actions.listWorkflowRunArtifacts({ ...at, run_id: 1 })).data).toMatchObject({ total_count: 0, artifacts: [] })
    expect((await octokit.actions.listArtifactsForRepo(at)).data.total_count).toBe(0)
    expect(await statusOf(octokit.actions.getArtifact({ ...at, artifact_id: 9 }))).toBe(404)
  })

  test('lists are cut into pages that a client follows', async () => {
    for (let i = 0; i < 5; i += 1)
      await octokit.repos.createCommitStatus({ ...at, sha: await scene.git.tip('refs/heads/main'), state: 'success', context: `c${i}` })
    const all = await octokit.paginate(octokit.repos.listCommitStatusesForRef, { ...at, ref: 'main', per_page: 2 })
    expect(all.map(({ context }) => context)).toEqual(['c4', 'c3', 'c2', 'c1', 'c0'])
  })
})

test('GitHub’s address of a run leads to its page, for those who may see it', async () => {
  const open = (token: string | undefined) =>
    fetch(`${http.url}/acme/hello/actions/runs/1`, { redirect: 'manual', ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}) })
  const answer = await open(http.tokens.read)
  expect([answer.status, answer.headers.get('location')]).toEqual([302, '/acme/hello/runs/1'])
  expect((await open(http.tokens.otherRun)).status).not.toBe(302)
  expect((await open(undefined)).status).not.toBe(302)
})

describe('rights', () => {
  const api = { 'pull-requests': 'none', issues: 'none', statuses: 'none', checks: 'none', deployments: 'none', actions: 'none' } as const
  const runWith = (permissions: object) =>
    as(http.accounts.createRunToken('r9', project, { permissions: { contents: 'none', packages: 'none', ...api, ...permissions } }).token)

  test.each([
    ['contents', 'read', (o: Octokit) => o.repos.getContent({ ...at, path: 'a.txt' })],
    ['contents', 'write', (o: Octokit) => o.repos.createDispatchEvent({ ...at, event_type: 'x' })],
    ['pull-requests', 'read', (o: Octokit) => o.pulls.list(at)],
    ['pull-requests', 'write', (o: Octokit) => o.pulls.create({ ...at, title: 'T', head: 'main', base: 'main' })],
    ['issues', 'write', (o: Octokit) => o.issues.createComment({ ...at, issue_number: 1, body: 'x' })],
    ['pull-requests', 'write', (o: Octokit) => o.issues.createComment({ ...at, issue_number: 1, body: 'x' })],
    ['statuses', 'read', (o: Octokit) => o.repos.getCombinedStatusForRef({ ...at, ref: 'main' })],
    ['statuses', 'write', (o: Octokit) => o.repos.createCommitStatus({ ...at, sha: 'main', state: 'success' })],
    ['checks', 'read', (o: Octokit) => o.checks.listForRef({ ...at, ref: 'main' })],
    ['checks', 'write', (o: Octokit) => o.checks.create({ ...at, name: 'x', head_sha: 'main' })],
    ['deployments', 'read', (o: Octokit) => o.repos.listDeployments(at)],
    ['deployments', 'write', (o: Octokit) => o.repos.createDeployment({ ...at, ref: 'main' })],
    ['actions', 'read', (o: Octokit) => o.actions.listWorkflowRunsForRepo(at)],
    ['actions', 'write', (o: Octokit) => o.actions.reRunWorkflow({ ...at, run_id: 99 })],
  ] as const)('%s: %s', async (scope, right, call) => {
    expect(await statusOf(call(runWith({})))).toBe(403)
    expect(await statusOf(call(runWith({ [scope]: right })))).not.toBe(403)
    if (right === 'write') expect(await statusOf(call(runWith({ [scope]: 'read' })))).toBe(403)
    expect(await statusOf(call(as(http.tokens.otherRun)))).toBe(404)
    expect(await statusOf(call(as(undefined)))).toBe(401)
  })

  test('what a run changes with its token starts nothing, dispatches excepted', async () => {
    await pushTopic()
    await scene.settle()
    const before = scene.started().length
    const run = runWith({ contents: 'write', 'pull-requests': 'write', actions: 'write' })
    await run.pulls.create({ ...at, title: 'T', head: 'topic', base: 'main' })
    await run.repos.createRelease({ ...at, tag_name: 'v1' })
    await scene.settle()
    expect(scene.started()).toHaveLength(before)
    await run.repos.createDispatchEvent({ ...at, event_type: 'go' })
    await scene.settle()
    expect(scene.started()).toHaveLength(before + 1)
  })

  test('a run can’t let a fork’s run go on', async () => {
    expect(await statusOf(runWith({ actions: 'write' }).actions.approveWorkflowRun({ ...at, run_id: 1 }))).toBe(403)
  })

  test('every route asks the one place that decides', () => {
    for (const { method, path, action } of restRoutes({} as Services)) {
      const need = needOf(action)
      expect(need, path).toBeDefined()
      if (path.startsWith('/repos/')) expect(need, `${method} ${path}`).toBe(method === 'GET' ? 'read' : 'write')
    }
  })
})

describe('what is not there', () => {
  test('is refused in GitHub’s shape, naming the route', async () => {
    const answer = await fetch(`${http.url}/api/v3/repos/acme/hello/projects`, { headers: { authorization: `Bearer ${http.tokens.write}` } })
    expect([answer.status, await answer.json()]).toEqual([
      404,
      { message: expect.stringContaining('Pushway does not have GET /repos/acme/hello/projects'), documentation_url: expect.any(String), status: '404' },
    ])
    const graphql = await fetch(`${http.url}/api/graphql`, { method: 'POST', body: '{}', headers: { authorization: `Bearer ${http.tokens.write}` } })
    expect(graphql.status).toBe(501)
    expect(await graphql.json()).toMatchObject({ message: expect.stringContaining('no GraphQL API') })
  })

  test.each([
    ['GET', '/repos/acme/secret'],
    ['GET', '/repos/acme/nothing'],
    ['GET', '/repos/acme/hello/pulls/99'],
    ['GET', '/repos/acme/hello/pulls/x'],
    ['GET', '/repos/acme/hello/issues/comments/x'],
    ['GET', '/repos/acme/hello/check-runs/x'],
    ['GET', '/repos/acme/hello/deployments/x'],
    ['GET', '/repos/acme/hello/releases/x'],
    ['GET', '/repos/acme/hello/actions/runs/99'],
    ['GET', '/repos/acme/hello/actions/jobs/99'],
    ['GET', '/repos/acme/hello/contents/%2e%2e/%2e%2e/etc/passwd'],
    ['GET', '/repos/acme/hello/git/ref/..%2f..%2fHEAD'],
    ['GET', '/repos/acme/hello/git/trees/--output=x'],
    ['GET', '/repos/acme/hello/commits/--all'],
    ['PATCH', '/repos/acme/hello/git/refs/%2e%2e'],
    ['GET', '/%ff'],
  ])('%s %s is an answer, never a crash', async (method, path) => {
    const answer = await fetch(`${http.url}/api/v3${path}`, {
      method,
      headers: { authorization: `Bearer ${http.tokens.write}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: '{"sha":"1"}' }),
    })
    expect([404, 422]).toContain(answer.status)
    expect(await answer.json()).toHaveProperty('message')
  })

  test('a body that is no JSON, or none that was meant', async () => {
    const post = (body: string) =>
      fetch(`${http.url}/api/v3/repos/acme/hello/pulls`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${http.tokens.write}`, 'content-type': 'application/json' },
      })
    expect((await post('{')).status).toBe(400)
    const wrong = await post('{"title":1}')
    expect([wrong.status, await wrong.json()]).toMatchObject([
      422,
      { message: expect.stringContaining('Validation Failed: title'), errors: [{ code: 'custom' }] },
    ])
  })
})

test('@actions/github, as actions use it', async () => {
  const github = getOctokit(http.tokens.write ?? '', { baseUrl: `${http.url}/api/v3` })
  expect((await github.rest.repos.get(at)).data.full_name).toBe(project)
  expect((await github.paginate(github.rest.repos.listCommits, at)).map(({ commit }) => commit.message)).toEqual(['One'])
})
