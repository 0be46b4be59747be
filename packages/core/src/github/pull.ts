// Pull requests as objects and as payloads.
// Follows https://docs.github.com/rest/pulls/pulls

import type { CommitId, EpochMs, ProjectName } from '../text/ids.ts'
import { apiOf, isoTime, nodeId, numberOf, type Place, type RepositoryFacts, repositoryShape, type Shape, userShape } from './base.ts'

/** What is known of a pull request's content: asked of git when it is needed. */
export interface PullContent {
  readonly commits: number
  readonly additions: number
  readonly deletions: number
  readonly changedFiles: number
}

export interface PullFacts {
  readonly number: number
  readonly title: string
  readonly body: string
  readonly state: 'open' | 'closed'
  readonly draft: boolean
  readonly head: { readonly ref: string; readonly sha: CommitId }
  readonly base: { readonly ref: string; readonly sha: CommitId }
  /** The repository that the head is in, when it is another: a fork's full name. */
  readonly fork?: ProjectName
  readonly by: string
  readonly labels: readonly string[]
  readonly comments: number
  readonly createdAt: EpochMs
  readonly updatedAt: EpochMs
  readonly closedAt?: EpochMs
  readonly merged?: { readonly at: EpochMs; readonly by: string; readonly commit: CommitId }
  /** The commit of `refs/pull/N/merge`; null: there are conflicts; undefined: not known yet. */
  readonly mergeCommit?: CommitId | null
  readonly content?: PullContent
}

/** A label by its name alone. */
export function labelShape(place: Place, name: string): Shape {
  const id = numberOf(`label ${name}`)
  return {
    id,
    node_id: nodeId('LA', id),
    url: `${apiOf(place)}/labels/${encodeURIComponent(name)}`,
    name,
    color: (id & 0xffffff).toString(16).padStart(6, '0'),
    default: false,
    description: null,
  }
}

/** A pull request, whole. */
export function pullShape(repository: RepositoryFacts, pull: PullFacts): Shape {
  const { server } = repository
  const api = apiOf(repository)
  const url = `${api}/pulls/${pull.number}`
  const id = numberOf(`${repository.project}#${pull.number}`)
  return {
    url,
    id,
    node_id: nodeId('PR', id),
    ...pullLinks(repository, pull),
    number: pull.number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: userShape(pull.by, server),
    body: pull.body === '' ? null : pull.body,
    created_at: isoTime(pull.createdAt),
    updated_at: isoTime(pull.updatedAt),
    closed_at: pull.closedAt === undefined ? null : isoTime(pull.closedAt),
    merged_at: pull.merged ? isoTime(pull.merged.at) : null,
    merge_commit_sha: pull.merged?.commit ?? pull.mergeCommit ?? null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: pull.labels.map((name) => labelShape(repository, name)),
    milestone: null,
    head: sideShape(repository, pull.head, pull.fork),
    base: sideShape(repository, pull.base, undefined),
    author_association: pull.fork ? 'CONTRIBUTOR' : 'MEMBER',
    auto_merge: null,
    active_lock_reason: null,
    draft: pull.draft,
    merged: pull.merged !== undefined,
    ...mergeability(pull),
    merged_by: pull.merged ? userShape(pull.merged.by, server) : null,
    comments: pull.comments,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: pull.content?.commits ?? 0,
    additions: pull.content?.additions ?? 0,
    deletions: pull.content?.deletions ?? 0,
    changed_files: pull.content?.changedFiles ?? 0,
  }
}

function mergeability({ state, mergeCommit, draft }: PullFacts): Shape {
  if (state === 'closed' || mergeCommit === undefined) return { mergeable: null, rebaseable: null, mergeable_state: 'unknown' }
  if (mergeCommit === null) return { mergeable: false, rebaseable: false, mergeable_state: 'dirty' }
  return { mergeable: true, rebaseable: true, mergeable_state: draft ? 'draft' : 'clean' }
}

function pullLinks(repository: RepositoryFacts, pull: PullFacts): Shape {
  const api = apiOf(repository)
  const html = `${repository.server}/${repository.project}/pulls/${pull.number}`
  const links = {
    self: `${api}/pulls/${pull.number}`,
    html,
    issue: `${api}/issues/${pull.number}`,
    comments: `${api}/issues/${pull.number}/comments`,
    review_comments: `${api}/pulls/${pull.number}/comments`,
    review_comment: `${api}/pulls/comments{/number}`,
    commits: `${api}/pulls/${pull.number}/commits`,
    statuses: `${api}/statuses/${pull.head.sha}`,
  }
  return {
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: links.issue,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
  }
}

function sideShape(repository: RepositoryFacts, side: PullFacts['head'], fork: ProjectName | undefined): Shape {
  const of = fork ? { ...repository, project: fork } : repository
  const [owner = ''] = of.project.split('/')
  const merging = { allow_squash_merge: true, allow_merge_commit: true, allow_rebase_merge: false, delete_branch_on_merge: false }
  return {
    label: `${owner}:${side.ref}`,
    ref: side.ref,
    sha: side.sha,
    user: userShape(owner, repository.server),
    repo: { ...repositoryShape(of), ...(fork ? { fork: true } : {}), ...merging },
  }
}

/** The payload of `pull_request` and `pull_request_target`. `more`: what an action adds (`label`, `changes`, `before`, `after`). */
export function pullRequestPayload(repository: RepositoryFacts, pull: PullFacts, about: { action: string; actor: string; more?: Shape }): Shape {
  return {
    action: about.action,
    number: pull.number,
    pull_request: pullShape(repository, pull),
    ...about.more,
    repository: repositoryShape(repository),
    sender: userShape(about.actor, repository.server),
  }
}
