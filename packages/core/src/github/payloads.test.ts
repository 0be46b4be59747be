import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { numberOf, type RepositoryFacts, type Shape } from './base.ts'
import { deploymentPayload } from './deployment.ts'
import { repositoryDispatchPayload, workflowDispatchPayload } from './dispatch.ts'
import { pullRequestPayload } from './pull.ts'
import { pushPayload, refPayload } from './push.ts'
import { releaseActivities, releasePayload, type TagRelease } from './release.ts'
import { workflowRunPayload } from './workflow-run.ts'

// Our payloads against GitHub's own recorded ones (@octokit/webhooks-examples), key by key.
interface Example {
  readonly name: string
  readonly examples: readonly Shape[]
}
const recorded = createRequire(import.meta.url)('@octokit/webhooks-examples') as readonly Example[]

const repository: RepositoryFacts = { project: 'acme/hello', server: 'http://localhost', defaultBranch: 'main', createdAt: 0 }
const sha = 'a'.repeat(40)
const person = { name: 'Ada', email: 'ada@example.com' }
const commit = {
  id: sha,
  tree: 'b'.repeat(40),
  message: 'm',
  author: person,
  committer: person,
  at: 0,
  added: ['a'],
  removed: [],
  modified: [],
  distinct: true,
}
const pull = {
  number: 1,
  title: 't',
  body: 'b',
  state: 'open' as const,
  draft: false,
  head: { ref: 'topic', sha },
  base: { ref: 'main', sha },
  by: 'ada',
  labels: ['bug'],
  comments: 0,
  createdAt: 0,
  updatedAt: 0,
}
const release: TagRelease = {
  id: 1,
  tag: 'v1',
  target: 'main',
  name: 'One',
  body: '',
  draft: false,
  prerelease: false,
  by: 'ada',
  createdAt: 0,
  publishedAt: 0,
}
const run = {
  id: 7,
  number: 3,
  attempt: 1,
  title: 't',
  event: 'push',
  workflow: { name: 'CI', path: '.github/workflows/ci.yml' },
  branch: 'main',
  sha,
  status: 'completed' as const,
  conclusion: 'success',
  actor: 'ada',
  triggeringActor: 'ada',
  createdAt: 0,
  updatedAt: 0,
}
const deployment = { id: 1, sha, ref: 'main', environment: 'staging', by: 'ada', createdAt: 0 }
const push = { ...repository, ref: 'refs/heads/main', before: sha, after: sha, commits: [commit], head: commit, actor: 'ada' }

/** What GitHub adds for organisations, apps and enterprises; people that Pushway's pull requests do not have. */
const notOurs = /(^|\.)(organization|installation|enterprise|assignees\[\]|requested_reviewers\[\])(\.|$)/

/** Paths of all keys: `commits[].author.name`. */
function pathsOf(value: unknown, at = ''): readonly string[] {
  if (Array.isArray(value)) return value.length === 0 ? [] : pathsOf(value[0], `${at}[]`)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = at === '' ? key : `${at}.${key}`
    return [path, ...pathsOf(inner, path)]
  })
}

/** What every recorded payload of the event (and action) has, and ours does not. */
function missing(event: string, ours: Shape): readonly string[] {
  const examples =
    recorded
      .find(({ name }) => name === event)
      ?.examples.filter(({ action }) => action === undefined || action === ours.action || event === 'repository_dispatch') ?? []
  expect(examples.length).toBeGreaterThan(0)
  const paths = examples.map((example) => new Set(pathsOf(example)))
  const common = [...(paths[0] ?? [])].filter((path) => paths.every((other) => other.has(path)) && !notOurs.test(path))
  const mine = new Set(pathsOf(ours))
  return common.filter((path) => !mine.has(path))
}

describe('every key that all of GitHub’s recorded payloads have is in ours', () => {
  test.each([
    ['push', pushPayload(push)],
    ['create', refPayload({ ...repository, ref: 'refs/tags/v1', actor: 'ada', deleted: false })],
    ['delete', refPayload({ ...repository, ref: 'refs/heads/x', actor: 'ada', deleted: true })],
    ['pull_request', pullRequestPayload(repository, pull, { action: 'opened', actor: 'ada' })],
    ['pull_request', pullRequestPayload(repository, pull, { action: 'synchronize', actor: 'ada', more: { before: sha, after: sha } })],
    ['pull_request', pullRequestPayload(repository, { ...pull, state: 'closed' }, { action: 'closed', actor: 'ada' })],
    ['release', releasePayload(repository, release, { action: 'published', actor: 'ada' })],
    ['workflow_run', workflowRunPayload(repository, run, 'completed')],
    ['workflow_dispatch', workflowDispatchPayload({ ...repository, ref: 'refs/heads/main', workflow: 'x', inputs: {}, actor: 'ada' })],
    ['repository_dispatch', repositoryDispatchPayload({ ...repository, type: 'go', clientPayload: {}, actor: 'ada' })],
    ['deployment', deploymentPayload(repository, deployment)],
    ['deployment_status', deploymentPayload(repository, deployment, { id: 1, state: 'success', by: 'ada', at: 0 })],
  ] as const)('%s %#', (event, ours) => {
    expect(missing(event, ours)).toEqual([])
  })
})

test('a push says what it brought', () => {
  expect(pushPayload(push)).toMatchObject({
    created: false,
    deleted: false,
    head_commit: { id: sha, tree_id: 'b'.repeat(40), added: ['a'] },
    commits: [{ id: sha, distinct: true, author: { name: 'Ada', username: 'Ada' } }],
    pusher: { name: 'ada' },
    compare: `http://localhost/acme/hello/compare/${'a'.repeat(12)}...${'a'.repeat(12)}`,
  })
  expect(pushPayload({ ...push, before: null })).toMatchObject({
    created: true,
    before: '0'.repeat(40),
    compare: `http://localhost/acme/hello/commit/${'a'.repeat(12)}`,
  })
  expect(pushPayload({ ...push, after: null, commits: [] })).toMatchObject({ deleted: true, head_commit: null, commits: [] })
})

test.each([
  [undefined, release, ['created', 'published', 'released']],
  [undefined, { ...release, draft: true }, []],
  [{ ...release, draft: true }, { ...release, prerelease: true }, ['published', 'prereleased']],
  [release, { ...release, body: 'more' }, ['edited']],
  [{ ...release, prerelease: true }, release, ['edited', 'released']],
  [release, { ...release, draft: true }, ['unpublished']],
  [release, undefined, ['deleted']],
  [{ ...release, draft: true }, undefined, []],
])('the activities of a release %#', (before, after, expected) => {
  expect(releaseActivities(before, after)).toEqual(expected)
})

test('a conflict is not mergeable, a draft is no clean one, and what is not known is null', () => {
  const of = (facts: object) => pullRequestPayload(repository, { ...pull, ...facts }, { action: 'opened', actor: 'ada' }).pull_request
  expect(of({ mergeCommit: null })).toMatchObject({ mergeable: false, mergeable_state: 'dirty' })
  expect(of({ mergeCommit: sha })).toMatchObject({ mergeable: true, mergeable_state: 'clean', merge_commit_sha: sha })
  expect(of({ mergeCommit: sha, draft: true })).toMatchObject({ mergeable_state: 'draft' })
  expect(of({})).toMatchObject({ mergeable: null, mergeable_state: 'unknown' })
})

test('numbers for names are the same each time and differ', () => {
  expect(numberOf('acme')).toBe(numberOf('acme'))
  expect(numberOf('acme')).not.toBe(numberOf('acme/hello'))
})
