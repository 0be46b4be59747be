// Commits, refs and files as GitHub's REST API shows them.
// Follows https://docs.github.com/rest/commits and https://docs.github.com/rest/git

import { apiOf, isoTime, nodeId, type Place, type Shape, userShape } from '@pushway/core/github/base.ts'
import type { ChangedFile, CommitRecord, Person } from '../../ports/history.ts'

const unsigned = { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null }

/** A commit with its people and files. */
export function commitShape(place: Place, commit: CommitRecord, files?: readonly ChangedFile[]): Shape {
  const api = apiOf(place)
  const url = `${api}/commits/${commit.id}`
  return {
    url,
    sha: commit.id,
    node_id: nodeId('C', commit.id),
    html_url: `${place.server}/${place.project}/commit/${commit.id}`,
    comments_url: `${url}/comments`,
    commit: {
      url: `${api}/git/commits/${commit.id}`,
      author: personShape(commit.author),
      committer: personShape(commit.committer),
      message: commit.message,
      tree: { url: `${api}/git/trees/${commit.tree}`, sha: commit.tree },
      comment_count: 0,
      verification: unsigned,
    },
    author: userShape(commit.author.name, place.server),
    committer: userShape(commit.committer.name, place.server),
    parents: commit.parents.map((sha) => ({ url: `${api}/commits/${sha}`, sha, html_url: `${place.server}/${place.project}/commit/${sha}` })),
    ...(files ? { stats: statsOf(files), files: files.map((file) => fileShape(place, file, commit.id)) } : {}),
  }
}

function statsOf(files: readonly ChangedFile[]): Shape {
  const additions = files.reduce((sum, file) => sum + file.additions, 0)
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0)
  return { additions, deletions, total: additions + deletions }
}

/** A commit as git has it. */
export function gitCommitShape(place: Place, commit: CommitRecord): Shape {
  const api = apiOf(place)
  return {
    sha: commit.id,
    node_id: nodeId('C', commit.id),
    url: `${api}/git/commits/${commit.id}`,
    html_url: `${place.server}/${place.project}/commit/${commit.id}`,
    author: personShape(commit.author),
    committer: personShape(commit.committer),
    message: commit.message,
    tree: { url: `${api}/git/trees/${commit.tree}`, sha: commit.tree },
    parents: commit.parents.map((sha) => ({ sha, url: `${api}/git/commits/${sha}`, html_url: `${place.server}/${place.project}/commit/${sha}` })),
    verification: unsigned,
  }
}

function personShape({ name, email, at }: Person): Shape {
  return { name, email, date: isoTime(at) }
}

/** A file of a difference. */
export function fileShape(place: Place, file: ChangedFile, ref: string): Shape {
  const path = file.path.split('/').map(encodeURIComponent).join('/')
  return {
    sha: file.blob,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${place.server}/${place.project}/blob/${ref}/${path}`,
    raw_url: `${place.server}/${place.project}/raw/${ref}/${path}`,
    contents_url: `${apiOf(place)}/contents/${path}?ref=${ref}`,
    ...(file.patch === undefined ? {} : { patch: file.patch }),
    ...(file.from === undefined ? {} : { previous_filename: file.from }),
  }
}

/** A ref: `refs/heads/main` and what it names. */
export function refShape(place: Place, ref: string, object: { readonly sha: string; readonly type: 'commit' | 'tag' }): Shape {
  const api = apiOf(place)
  return {
    ref,
    node_id: nodeId('REF', ref),
    url: `${api}/git/${ref}`,
    object: { ...object, url: `${api}/git/${object.type}s/${object.sha}` },
  }
}
