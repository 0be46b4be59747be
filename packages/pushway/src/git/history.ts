// The GitHistory port over bare repositories: commits, merges without a work tree, refs.

import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { CommitPaths, CommitRange, CommitRecord, GitHistory, MergeRequest, MergeResult, Person } from '../ports/history.ts'
import { readDiff } from './diff.ts'
import { isCommitId, isRefName } from './names.ts'
import { type GitContext, git, runGit } from './run-git.ts'

type At = (project: ProjectName) => readonly string[]

const nothing = '0'.repeat(40)

/** @param at the arguments that name a project's repository; throws when there is none */
export function createGitHistory(context: GitContext, at: At): GitHistory {
  return {
    defaultBranch: (project) => readDefaultBranch(context, at(project)),
    refs: (project) => readRefs(context, at(project)),
    commit: async (project, id) => (isCommitId(id) ? (await readCommits(context, at(project), { to: id, limit: 1 }))[0] : undefined),
    commits: (project, range) => readCommits(context, at(project), range),
    commitPaths: (project, ids) => readPaths(context, at(project), ids),
    mergeBase: async (project, a, b) => {
      if (!isCommitId(a) || !isCommitId(b)) return undefined
      const id = (await runGit(context, [...at(project), 'merge-base', a, b])).stdout.toString().trim()
      return isCommitId(id) ? id : undefined
    },
    diff: (project, from, to) => (isCommitId(from) && isCommitId(to) ? readDiff(context, at(project), { from, to }) : Promise.resolve([])),
    merge: (project, request) => merge(context, at(project), request),
    moveRef: async (project, { ref, before, after }) => {
      if (!isRefName(ref) || !ref.startsWith('refs/')) return false
      const expected = before === undefined ? [] : [before ?? nothing]
      const args = after === null ? ['-d', ref, ...expected] : [ref, after, ...expected]
      return (await runGit(context, [...at(project), 'update-ref', ...args])).exit === 0
    },
  }
}

/** Every ref and the object it names. */
export async function readRefs(context: GitContext, at: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const text = (await git(context, [...at, 'for-each-ref', '--format=%(objectname) %(refname)'])).toString()
  const lines = text.split('\n').filter((line) => line !== '')
  return new Map(lines.map((line) => [line.slice(41), line.slice(0, 40)]))
}

/** The branch that HEAD names: `refs/heads/main`. */
export async function readDefaultBranch(context: GitContext, at: readonly string[]): Promise<string> {
  return (await git(context, [...at, 'symbolic-ref', 'HEAD'])).toString().trim()
}

const format = '%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x00%x01'

async function readCommits(context: GitContext, at: readonly string[], range: CommitRange): Promise<readonly CommitRecord[]> {
  const { to, without = [], limit, skip = 0, path } = range
  if (![to, ...without].every(isCommitId)) return []
  const paths = path === undefined || path === '' ? [] : [path]
  const args = [...at, '--literal-pathspecs', 'log', '--no-show-signature', `--max-count=${limit}`, `--skip=${skip}`, `--format=${format}`, to]
  const result = await runGit(context, [...args, ...without.map((id) => `^${id}`), '--', ...paths])
  if (result.exit !== 0) return []
  return result.stdout.toString().split('\u0001').flatMap(parseCommit)
}

function parseCommit(text: string): readonly CommitRecord[] {
  const [id = '', tree = '', parents = '', an = '', ae = '', ad = '', cn = '', ce = '', cd = '', message = ''] = text.trimStart().split('\0')
  if (!isCommitId(id)) return []
  return [
    {
      id,
      tree,
      parents: parents.split(' ').filter((parent) => parent !== ''),
      author: { name: an, email: ae, at: Number(ad) * 1000 },
      committer: { name: cn, email: ce, at: Number(cd) * 1000 },
      message: message.trimEnd(),
    },
  ]
}

/** Of merges, what they changed against their first parent. */
async function readPaths(context: GitContext, at: readonly string[], ids: readonly CommitId[]): Promise<ReadonlyMap<CommitId, CommitPaths>> {
  const wanted = ids.filter(isCommitId)
  if (wanted.length === 0) return new Map()
  const args = [...at, 'diff-tree', '--stdin', '-r', '-z', '--root', '--name-status', '--no-renames', '--diff-merges=first-parent']
  const result = await runGit(context, args, { input: Buffer.from(`${wanted.join('\n')}\n`) })
  const found = new Map<CommitId, { added: string[]; removed: string[]; modified: string[] }>()
  const words = result.stdout.toString().split('\0')
  let current: { added: string[]; removed: string[]; modified: string[] } | undefined
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? ''
    if (isCommitId(word)) {
      current = { added: [], removed: [], modified: [] }
      found.set(word, current)
      continue
    }
    const path = words[++i]
    if (word === '' || path === undefined) continue
    current?.[word === 'A' ? 'added' : word === 'D' ? 'removed' : 'modified'].push(path)
  }
  return found
}

async function merge(context: GitContext, at: readonly string[], request: MergeRequest): Promise<MergeResult> {
  const { base, head, message, by, squash } = request
  const merged = await runGit(context, [...at, 'merge-tree', '--write-tree', '--name-only', '-z', '--no-messages', base, head])
  const [tree = '', ...conflicts] = merged.stdout
    .toString()
    .split('\0')
    .filter((part) => part !== '')
  if (merged.exit !== 0) return { conflicts: [...new Set(conflicts)] }
  const parents = squash ? ['-p', base] : ['-p', base, '-p', head]
  const out = await git(context, [...at, 'commit-tree', tree, ...parents, '-F', '-'], { env: identity(by), input: Buffer.from(message) })
  return { commit: out.toString().trim() }
}

function identity({ name, email, at }: Person): Readonly<Record<string, string>> {
  const date = `${Math.floor(at / 1000)} +0000`
  const who = { name: name.replace(/[<>\n]/g, '') || 'pushway', email: email.replace(/[<>\s]/g, '') }
  return {
    GIT_AUTHOR_NAME: who.name,
    GIT_AUTHOR_EMAIL: who.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: who.name,
    GIT_COMMITTER_EMAIL: who.email,
    GIT_COMMITTER_DATE: date,
  }
}
