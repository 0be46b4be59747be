// A real repository in a little world: commits are made in the bare repository, and the program is told of them as of a push.

import { openRepositories, type Repositories } from '../../packages/pushway/src/git/repositories.ts'
import { runGit } from '../../packages/pushway/src/git/run-git.ts'

export interface RealGit {
  readonly repositories: Repositories
  /** Commits files (null: removed) on a branch, which begins at `from` when it is new; gives its new tip. */
  commit(branch: string, files: Readonly<Record<string, string | null>>, options?: { readonly message?: string; readonly from?: string }): Promise<string>
  tip(ref: string): Promise<string>
}

let clock = 1_700_000_000

/** Opens the folder with one empty project in it. */
export async function openRealGit(dir: string, project: string): Promise<RealGit> {
  const repositories = openRepositories(dir)
  await repositories.create(project)
  const at = ['--git-dir', repositories.path(project)]
  const tip = async (ref: string) => (await repositories.resolve(project, ref)) ?? ''
  return {
    repositories,
    tip,
    async commit(branch, files, { message = 'Change it', from } = {}) {
      const start = (await tip(`refs/heads/${branch}`)) || (from === undefined ? '' : await tip(from))
      clock += 60
      const head = [`commit refs/heads/${branch}`, `committer Ada <ada@example.com> ${clock} +0000`, `data ${Buffer.byteLength(message)}`, message]
      const body = Object.entries(files).flatMap(([path, text]) =>
        text === null ? [`D ${path}`] : [`M 100644 inline ${path}`, `data ${Buffer.byteLength(text)}`, text],
      )
      const stream = [...head, ...(start === '' ? [] : [`from ${start}`]), ...body, ''].join('\n')
      const result = await runGit(repositories.context, [...at, 'fast-import', '--quiet', '--force'], { input: Buffer.from(stream) })
      if (result.exit !== 0) throw new Error(result.stderr)
      return tip(`refs/heads/${branch}`)
    },
  }
}
