// The payload of a push, whole: every commit it brought, each with its paths.
// Follows https://docs.github.com/webhooks/webhook-events-and-payloads#push

import type { CommitId, EpochMs } from '../text/ids.ts'
import { isoTime, noCommit, type Place, type RepositoryFacts, repositoryShape, type Shape, userShape } from './base.ts'

/** One commit of a push. Paths are relative to the repository's root. */
export interface PushedCommit {
  readonly id: CommitId
  readonly tree: string
  readonly message: string
  readonly author: { readonly name: string; readonly email: string }
  readonly committer: { readonly name: string; readonly email: string }
  readonly at: EpochMs
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly modified: readonly string[]
  /** False: another branch had it already. */
  readonly distinct: boolean
}

/** `commits`: oldest first, at most 2048 as on GitHub. */
export interface PushFacts extends RepositoryFacts {
  /** Whole: `refs/heads/main`. */
  readonly ref: string
  /** Null or absent: the ref is new. */
  readonly before?: CommitId | null
  /** Null: the ref was deleted. */
  readonly after: CommitId | null
  readonly commits: readonly PushedCommit[]
  /** The commit that `after` names, also when the push brought none. */
  readonly head?: PushedCommit
  readonly actor: string
  readonly forced?: boolean
}

/** The payload of a push. */
export function pushPayload(facts: PushFacts): Shape {
  const { project, server, ref, before, after, actor } = facts
  const range = before ? `${before.slice(0, 12)}...${(after ?? noCommit).slice(0, 12)}` : (after ?? noCommit).slice(0, 12)
  return {
    ref,
    before: before ?? noCommit,
    after: after ?? noCommit,
    repository: repositoryShape(facts),
    pusher: { name: actor, email: null },
    sender: userShape(actor, server),
    created: !before,
    deleted: !after,
    forced: facts.forced ?? false,
    base_ref: null,
    compare: `${server}/${project}/${before ? 'compare' : 'commit'}/${range}`,
    commits: facts.commits.map((commit) => pushedCommitShape(facts, commit)),
    head_commit: after && facts.head ? pushedCommitShape(facts, facts.head) : null,
  }
}

function pushedCommitShape({ project, server }: Place, commit: PushedCommit): Shape {
  const person = ({ name, email }: PushedCommit['author']) => ({ name, email, username: name })
  return {
    id: commit.id,
    tree_id: commit.tree,
    distinct: commit.distinct,
    message: commit.message,
    timestamp: isoTime(commit.at),
    url: `${server}/${project}/commit/${commit.id}`,
    author: person(commit.author),
    committer: person(commit.committer),
    added: commit.added,
    removed: commit.removed,
    modified: commit.modified,
  }
}

/** The payloads of `create` and `delete`. */
export function refPayload(facts: RepositoryFacts & { readonly ref: string; readonly actor: string; readonly deleted: boolean }): Shape {
  const { ref, actor, deleted, server, defaultBranch } = facts
  return {
    ref: ref.replace(/^refs\/(heads|tags)\//, ''),
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ...(deleted ? {} : { master_branch: defaultBranch, description: null }),
    pusher_type: 'user',
    repository: repositoryShape(facts),
    sender: userShape(actor, server),
  }
}
