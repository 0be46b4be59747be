// What differs between two commits, file by file, with its hunks.

import type { CommitId } from '@pushway/core/text/ids.ts'
import type { ChangedFile } from '../ports/history.ts'
import { type GitContext, git } from './run-git.ts'

/** As on GitHub, more files than these are not shown. */
const maxFiles = 3000
/** A file whose hunks are larger is shown without them, in characters. */
const maxPatch = 256 * 1024
/** Over all files, in bytes; above it no hunks are shown. */
const maxBytes = 32 * 1024 * 1024

const statuses: Readonly<Record<string, ChangedFile['status']>> = { A: 'added', D: 'removed', M: 'modified', R: 'renamed', C: 'copied', T: 'changed' }

/** The files that differ, in git's order. */
export async function readDiff(context: GitContext, at: readonly string[], { from, to }: { from: CommitId; to: CommitId }): Promise<readonly ChangedFile[]> {
  const range = [...at, 'diff-tree', '-r', '-M', '--no-ext-diff']
  const [raw, counts] = await Promise.all([
    git(context, [...range, '-z', '--raw', '--abbrev=40', from, to, '--']),
    git(context, [...range, '-z', '--numstat', from, to, '--']),
  ])
  const patches = await readPatches(context, [...range, '-p', '--src-prefix=a/', '--dst-prefix=b/', from, to, '--'])
  const files = parseRaw(raw.toString()).slice(0, maxFiles)
  const numbers = parseCounts(counts.toString())
  return files.map((file, index) => {
    const count = numbers[index]
    const patch = count?.binary ? undefined : patches[index]
    return { ...file, additions: count?.additions ?? 0, deletions: count?.deletions ?? 0, ...(patch && patch.length <= maxPatch ? { patch } : {}) }
  })
}

function parseRaw(text: string): readonly Omit<ChangedFile, 'additions' | 'deletions'>[] {
  const words = text.split('\0')
  const files: Omit<ChangedFile, 'additions' | 'deletions'>[] = []
  for (let i = 0; i + 1 < words.length; ) {
    const [, , before = '', after = '', letter = ''] = (words[i] ?? '').split(' ')
    const status = statuses[letter[0] ?? ''] ?? 'changed'
    const moved = status === 'renamed' || status === 'copied'
    const path = words[i + (moved ? 2 : 1)] ?? ''
    files.push({ path, status, blob: status === 'removed' ? before : after, ...(moved ? { from: words[i + 1] ?? '' } : {}) })
    i += moved ? 3 : 2
  }
  return files
}

function parseCounts(text: string): readonly { readonly additions: number; readonly deletions: number; readonly binary: boolean }[] {
  const words = text.split('\0')
  const counts: { additions: number; deletions: number; binary: boolean }[] = []
  for (let i = 0; i + 1 < words.length; i += 1) {
    const [added = '0', deleted = '0', path = ''] = (words[i] ?? '').split('\t')
    counts.push({ additions: Number(added) || 0, deletions: Number(deleted) || 0, binary: added === '-' })
    // A renamed file's two names follow as words of their own.
    if (path === '') i += 2
  }
  return counts
}

/** The hunks of each file, in the same order; none at all when they are too large together. */
async function readPatches(context: GitContext, args: readonly string[]): Promise<readonly string[]> {
  const out = await git(context, args, { maxBytes }).catch(() => Buffer.alloc(0))
  return out
    .toString()
    .split(/^(?=diff --git )/m)
    .filter((part) => part.startsWith('diff --git '))
    .map((part) => {
      const at = part.search(/^@@ /m)
      return at < 0 ? '' : part.slice(at).replace(/\n$/, '')
    })
}
