// The GitHost port over bare repositories: files, trees and commits, read with short git commands.

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { GitHistory } from '../ports/history.ts'
import type { GitHost } from '../ports/misc.ts'
import { isCommitId, isRefName } from './names.ts'
import { type GitContext, git, runGit } from './run-git.ts'

/** @param at the arguments that name a project's repository; throws when there is none */
export function createGitHost(context: GitContext, at: (project: ProjectName) => readonly string[]): Omit<GitHost, keyof GitHistory> {
  const listFiles = async (project: ProjectName, commit: CommitId, folder: string): Promise<readonly string[]> => {
    const inside = folder.replace(/^(\.?\/)+|\/+$/g, '')
    const paths = inside === '' || inside === '.' ? [] : [`${inside}/`]
    const out = await git(context, [...at(project), '--literal-pathspecs', 'ls-tree', '-r', '-z', '--full-tree', checkCommit(commit), '--', ...paths])
    return splitZero(out).flatMap((line) => {
      const tab = line.indexOf('\t')
      // Links and submodules are not files.
      return /^100\d{3} blob /.test(line) ? [line.slice(tab + 1)] : []
    })
  }
  return {
    listFiles,
    readFile: async (project, commit, path) => {
      const result = await runGit(context, [...at(project), 'cat-file', 'blob', `${checkCommit(commit)}:${path.replace(/^\.\//, '')}`])
      return result.exit === 0 ? new Uint8Array(result.stdout) : undefined
    },
    resolve: (project, ref) => resolveRef(context, at(project), ref),
    exportTree: (project, commit, to) => exportTree(context, at(project), { commit: checkCommit(commit), to }),
    objectId: async (project, commit, path) => (await entryAt(context, at(project), { commit: checkCommit(commit), path }))?.object,
    exportPath: async (project, commit, { path, to }) => {
      const entry = await entryAt(context, at(project), { commit: checkCommit(commit), path })
      if (!entry) return false
      if (entry.type === 'tree') await exportTree(context, at(project), { commit: entry.object, to })
      else {
        await mkdir(dirname(to), { recursive: true })
        await writeFile(to, await git(context, [...at(project), 'cat-file', 'blob', entry.object]), { mode: entry.mode === '100755' ? 0o755 : 0o644 })
      }
      return true
    },
    commitInfo: async (project, commit) => {
      if (!isCommitId(commit)) return undefined
      const result = await runGit(context, [
        ...at(project),
        'show',
        '-s',
        '--no-show-signature',
        '--format=%an%x00%ae%x00%ct%x00%B',
        `${commit}^{commit}`,
        '--',
      ])
      if (result.exit !== 0) return undefined
      const [author = '', email = '', seconds = '0', message = ''] = result.stdout.toString().split('\0')
      return { author, email, at: Number(seconds) * 1000, message: message.trimEnd() }
    },
    changedPaths: async (project, from, to) => {
      if (from === null || !isCommitId(from)) return listFiles(project, to, '')
      const result = await runGit(context, [...at(project), 'diff-tree', '-r', '-z', '--name-only', '--no-renames', from, checkCommit(to), '--'])
      // The old commit may be gone after a force push.
      return result.exit === 0 ? splitZero(result.stdout) : listFiles(project, to, '')
    },
  }
}

async function resolveRef(context: GitContext, at: readonly string[], ref: string): Promise<CommitId | undefined> {
  if (!isRefName(ref)) return undefined
  // A branch wins over a tag of the same name, as on GitHub.
  const candidates =
    ref.startsWith('refs/') || ref === 'HEAD' ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`, ...(/^[0-9a-f]{4,40}$/.test(ref) ? [ref] : [])]
  for (const name of candidates) {
    const result = await runGit(context, [...at, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])
    const id = result.stdout.toString().trim()
    if (result.exit === 0 && isCommitId(id)) return id
  }
  return undefined
}

interface Entry {
  readonly mode: string
  readonly type: 'blob' | 'tree'
  readonly object: string
}

/** What is at a path: a file or a folder. Links and submodules are neither. */
async function entryAt(context: GitContext, at: readonly string[], { commit, path }: { commit: CommitId; path: string }): Promise<Entry | undefined> {
  const inside = path.replace(/^(\.?\/)+|\/+$/g, '')
  if (inside === '' || inside === '.') {
    const root = (await git(context, [...at, 'rev-parse', '--verify', `${commit}^{tree}`])).toString().trim()
    return { mode: '040000', type: 'tree', object: root }
  }
  const out = await git(context, [...at, '--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', inside])
  const [, mode = '', type, object = ''] = /^(100\d{3}|040000) (blob|tree) ([0-9a-f]+)\t/.exec(out.toString()) ?? []
  return type === 'blob' || type === 'tree' ? { mode, type, object } : undefined
}

/** With an index of its own, so that several may run at once and the repository is not touched. */
async function exportTree(context: GitContext, at: readonly string[], { commit, to }: { commit: CommitId; to: string }): Promise<void> {
  const target = resolve(to)
  await mkdir(target, { recursive: true })
  const index = join(context.home, `.index-${process.pid}-${exports++}`)
  const env = { GIT_INDEX_FILE: index }
  try {
    await git(context, [...at, 'read-tree', commit], { env })
    await git(context, [...at, `--work-tree=${target}`, 'checkout-index', '--all', '--force', '--quiet'], { env, cwd: target })
  } finally {
    await rm(index, { force: true })
  }
}

let exports = 0

function checkCommit(commit: CommitId): CommitId {
  if (!isCommitId(commit)) throw fail('not-found', { what: 'commit', name: commit })
  return commit
}

function splitZero(out: Buffer): readonly string[] {
  return out
    .toString()
    .split('\0')
    .filter((part) => part !== '')
}
