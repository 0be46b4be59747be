// What a local run knows of the working tree: its repository's name, ref, commit, and workflow files.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { userInfo } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { execProgram } from '../../util/exec.ts'
import { type GitHead, readGitFiles } from './git-files.ts'

export interface WorkingTree {
  /** The repository's top folder, or the present one where there is none. */
  readonly dir: string
  readonly ref: string
  readonly sha: string
  /** `owner/name`: of the remote `origin`, else `local/FOLDER`. */
  readonly repository: string
  readonly actor: string
}

const noCommit = '0'.repeat(40)

export async function readWorkingTree(cwd: string): Promise<WorkingTree> {
  const head = readGitFiles(realpathSync(cwd)) ?? (await askGit(cwd))
  const { dir } = head
  const repository = /[:/]([A-Za-z0-9._-]+\/[A-Za-z0-9._-]+?)(?:\.git)?\/?$/.exec(head.remote ?? '')?.[1]
  const name = basename(dir).replace(/[^A-Za-z0-9._-]/g, '-') || 'project'
  return { dir, ref: head.ref ?? 'refs/heads/main', sha: head.sha ?? noCommit, repository: repository ?? `local/${name}`, actor: userInfo().username }
}

async function askGit(cwd: string): Promise<GitHead> {
  const git = async (...args: string[]) => {
    const { exit, stdout } = await execProgram(['git', ...args], { cwd })
    return exit === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
  }
  const [dir = resolve(cwd), sha, ref, remote] = await Promise.all([
    git('rev-parse', '--show-toplevel'),
    git('rev-parse', '--verify', '--quiet', 'HEAD'),
    git('symbolic-ref', '--quiet', 'HEAD'),
    git('config', '--get', 'remote.origin.url'),
  ])
  return { dir, ...(sha ? { sha } : {}), ...(ref ? { ref } : {}), ...(remote ? { remote } : {}) }
}

export interface SourceFile {
  readonly file: string
  readonly text: string
}

/** The workflow files to look at: the named one (a path, or a name in `.github/workflows`), or all of them. @throws PushwayError `not-found`, `usage` */
export function readWorkflowFiles(dir: string, named: string | undefined): readonly SourceFile[] {
  const folder = join(dir, '.github', 'workflows')
  const read = (path: string) => ({ file: relative(dir, path), text: readFileSync(path, 'utf8') })
  if (named !== undefined) {
    const path = [resolve(named), join(folder, named)].find((candidate) => existsSync(candidate))
    if (path === undefined) throw fail('not-found', { what: 'workflow', name: named })
    return [read(path)]
  }
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)) : []
  if (names.length === 0) throw fail('usage', { problem: `There are no workflows in ${folder}.`, hint: 'Name a file: pushway run -W FILE.' })
  return names.sort().map((name) => read(join(folder, name)))
}
