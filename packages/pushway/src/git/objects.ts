// The GitObjects port over bare repositories.

import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { GitObjects, TreeEntry } from '../ports/history.ts'
import { isCommitId } from './names.ts'
import { type GitContext, git, runGit } from './run-git.ts'

const most = 100_000

/** @param at the arguments that name a project's repository; throws when there is none */
export function createGitObjects(context: GitContext, at: (project: ProjectName) => readonly string[]): GitObjects {
  return {
    async tree(project, id, { path = '', recursive = false }) {
      if (!isCommitId(id)) return []
      const args = [...at(project), '--literal-pathspecs', 'ls-tree', '-z', '-l', '--full-tree', ...(recursive ? ['-r', '-t'] : []), id]
      const result = await runGit(context, [...args, '--', ...(path === '' ? [] : [path])])
      if (result.exit !== 0) return []
      return result.stdout.toString().split('\0').slice(0, most).flatMap(parseEntry)
    },
    async blob(project, sha) {
      if (!isCommitId(sha)) return undefined
      const result = await runGit(context, [...at(project), 'cat-file', 'blob', sha])
      return result.exit === 0 ? new Uint8Array(result.stdout) : undefined
    },
    async makeTag(project, { name, object, message, tagger }) {
      const who = `${tagger.name.replace(/[<>\n]/g, '')} <${tagger.email.replace(/[<>\s]/g, '')}> ${Math.floor(tagger.at / 1000)} +0000`
      const text = `object ${object}\ntype commit\ntag ${name.replace(/\n/g, ' ')}\ntagger ${who}\n\n${message}\n`
      return (await git(context, [...at(project), 'mktag'], { input: Buffer.from(text) })).toString().trim()
    },
  }
}

function parseEntry(line: string): readonly TreeEntry[] {
  const [, mode = '', type = '', sha = '', size = '', path = ''] = /^(\d+) (\w+) (\w+)\s+(\S+)\t(.*)$/s.exec(line) ?? []
  if (type !== 'blob' && type !== 'tree' && type !== 'commit') return []
  return [{ path, mode, type, sha, ...(type === 'blob' ? { size: Number(size) } : {}) }]
}
