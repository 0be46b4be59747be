// The repositories on disk: bare git repositories `<dir>/<owner>/<name>.git`, read and written with the git program.

import { existsSync, mkdirSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { CommitId, ProjectName } from '@pushway/core/text/ids.ts'
import type { GitObjects } from '../ports/history.ts'
import type { GitHost } from '../ports/misc.ts'
import { writeFileAtomic } from '../util/files.ts'
import { joinInside } from '../util/paths.ts'
import { createGitHistory, readDefaultBranch, readRefs } from './history.ts'
import { checkProjectName, isCommitId, isProjectName, isRefName } from './names.ts'
import { createGitObjects } from './objects.ts'
import { createGitHost } from './read.ts'
import { type GitContext, git, lastLine, runGit, withoutCredentials } from './run-git.ts'

export interface Repositories extends GitHost, GitObjects {
  readonly context: GitContext
  /** The repository's folder; also when it is not there. @throws PushwayError `name-invalid` */
  path(project: ProjectName): string
  has(project: ProjectName): boolean
  /** An empty repository, when there is none yet. */
  create(project: ProjectName): Promise<void>
  /** A repository with all branches and tags of a local folder or URL. @throws PushwayError `already-exists`, `remote-unreachable`, `usage` */
  importFrom(project: ProjectName, source: string): Promise<void>
  /** Lets HEAD name a branch that exists, after a first push of another one. */
  settleHead(project: ProjectName): Promise<void>
  /**
   * Brings one commit from a remote and moves `ref` to it (null: removes the ref).
   * @throws PushwayError `remote-unreachable`, `usage`
   */
  fetchCommit(project: ProjectName, remote: string, wanted: { readonly ref: string; readonly sha: CommitId | null }): Promise<void>
  remove(project: ProjectName): Promise<void>
  /** An empty repository that stands for one that is not there yet. */
  emptyPath(): Promise<string>
}

const CONFIG = `# Written at each start.
[safe]
	directory = *
[core]
	hooksPath = /dev/null
	logAllRefUpdates = false
[init]
	defaultBranch = main
[transfer]
	advertiseSID = false
	hideRefs = refs/pushway
[receive]
	hideRefs = refs/pull
	fsckObjects = true
	denyDeletes = false
	denyNonFastForwards = false
	denyDeleteCurrent = ignore
	advertisePushOptions = true
	advertiseAtomic = true
	autogc = true
[receive "fsck"]
	badTimezone = ignore
	missingSpaceBeforeDate = ignore
	zeroPaddedFilemode = ignore
[fetch]
	fsckObjects = true
[fetch "fsck"]
	badTimezone = ignore
	missingSpaceBeforeDate = ignore
	zeroPaddedFilemode = ignore
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[uploadpackfilter]
	allow = true
[http]
	followRedirects = initial
[protocol]
	version = 2
`

/**
 * Opens the folder of repositories, and makes it when it is absent.
 * @param options.allowLocal whether remotes and imports may be folders of this machine
 */
export function openRepositories(dir: string, options: { readonly allowLocal?: boolean } = {}): Repositories {
  const root = resolve(dir)
  mkdirSync(root, { recursive: true, mode: 0o700 })
  const config = join(root, '.gitconfig')
  writeFileAtomic(config, CONFIG)
  const context: GitContext = { config, home: root, protocols: options.allowLocal === false ? 'https:http:ssh' : 'https:http:ssh:file' }
  const path = (project: ProjectName): string => joinInside(root, `${checkProjectName(project)}.git`)
  const has = (project: ProjectName): boolean => isProjectName(project) && existsSync(join(path(project), 'HEAD'))
  const at = (project: ProjectName): readonly string[] => {
    if (!has(project)) throw fail('not-found', { what: 'project', name: project })
    return ['--git-dir', path(project)]
  }
  const store: Store = { context, root, path, has, at }
  return {
    context,
    path,
    has,
    create: (project) => create(store, project),
    importFrom: (project, source) => importFrom(store, project, source),
    settleHead: (project) => settleHead(store, project),
    fetchCommit: (project, remote, wanted) => fetchCommit(store, project, { remote, ...wanted }),
    remove: (project) => rm(path(project), { recursive: true, force: true }),
    emptyPath: async () => {
      const empty = join(root, '.empty.git')
      if (!existsSync(join(empty, 'HEAD'))) await initialise(store, empty)
      return empty
    },
    ...createGitHost(context, at),
    ...createGitHistory(context, at),
    ...createGitObjects(context, at),
  }
}

interface Store {
  readonly context: GitContext
  readonly root: string
  readonly path: (project: ProjectName) => string
  readonly has: (project: ProjectName) => boolean
  /** The arguments that name the repository. @throws PushwayError `not-found` */
  readonly at: (project: ProjectName) => readonly string[]
}

async function create(store: Store, project: ProjectName): Promise<void> {
  if (!store.has(project)) await initialise(store, store.path(project))
}

/** Makes a bare repository beside and moves it into place, so that a half-made one is never seen. */
async function initialise(store: Store, folder: string, fill?: (folder: string) => Promise<void>): Promise<void> {
  const beside = await mkdtemp(join(store.root, '.new-'))
  try {
    await git(store.context, ['init', '--quiet', '--bare', '--template=', '--', beside])
    await fill?.(beside)
    mkdirSync(resolve(folder, '..'), { recursive: true, mode: 0o700 })
    await rename(beside, folder)
  } catch (error) {
    await rm(beside, { recursive: true, force: true })
    // Somebody else made it in the meantime: as good.
    if (!existsSync(join(folder, 'HEAD'))) throw error
  }
}

async function importFrom(store: Store, project: ProjectName, source: string): Promise<void> {
  if (store.has(project)) throw fail('already-exists', { what: 'Project', name: project })
  const remote = checkRemote(isRemoteUrl(source) ? source : resolve(source))
  await initialise(store, store.path(project), async (folder) => {
    const at = ['--git-dir', folder]
    await fetchFrom(store.context, at, { remote, refspecs: ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'] })
    const head = await runGit(store.context, ['ls-remote', '--symref', '--', remote, 'HEAD'])
    const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(head.stdout.toString())?.[1]
    if (branch && isRefName(branch)) await git(store.context, [...at, 'symbolic-ref', 'HEAD', branch])
  })
  await settleHead(store, project)
}

async function settleHead(store: Store, project: ProjectName): Promise<void> {
  const [refs, head] = await Promise.all([readRefs(store.context, store.at(project)), readDefaultBranch(store.context, store.at(project))])
  if (refs.has(head)) return
  const branches = [...refs.keys()].filter((ref) => ref.startsWith('refs/heads/'))
  const chosen = ['refs/heads/main', 'refs/heads/master'].find((ref) => refs.has(ref)) ?? branches[0]
  if (chosen) await git(store.context, [...store.at(project), 'symbolic-ref', 'HEAD', chosen])
}

interface WantedCommit {
  readonly remote: string
  readonly ref: string
  readonly sha: CommitId | null
}

async function fetchCommit(store: Store, project: ProjectName, { remote, ref, sha }: WantedCommit): Promise<void> {
  const at = store.at(project)
  if (!isRefName(ref) || !ref.startsWith('refs/'))
    throw fail('usage', { problem: `${ref} is not the name of a ref.`, hint: 'Name it in full: refs/heads/main.' })
  if (sha === null) {
    await git(store.context, [...at, 'update-ref', '-d', ref])
    return
  }
  if (!isCommitId(sha)) throw fail('usage', { problem: `${sha} is not a commit id.`, hint: 'Give all its 40 digits.' })
  const address = checkRemote(remote)
  if (!(await hasCommit(store.context, at, sha))) {
    // By ref first: every server gives that. By id for a ref that has moved on.
    const refspecs = [`+${ref}:refs/pushway/remote/${ref.slice('refs/'.length)}`]
    const byRef = await fetchFrom(store.context, at, { remote: address, refspecs }).catch((error: unknown) => error)
    if (!(await hasCommit(store.context, at, sha))) {
      if (byRef instanceof Error) throw byRef
      await fetchFrom(store.context, at, { remote: address, refspecs: [sha] })
    }
  }
  await git(store.context, [...at, 'update-ref', ref, sha])
  await settleHead(store, project)
}

async function hasCommit(context: GitContext, at: readonly string[], sha: CommitId): Promise<boolean> {
  return (await runGit(context, [...at, 'cat-file', '-e', `${sha}^{commit}`])).exit === 0
}

async function fetchFrom(context: GitContext, at: readonly string[], from: { readonly remote: string; readonly refspecs: readonly string[] }): Promise<void> {
  const { remote, refspecs } = from
  const result = await runGit(context, [...at, 'fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--force', '--', remote, ...refspecs])
  if (result.exit !== 0) throw fail('remote-unreachable', { remote: withoutCredentials(remote), problem: lastLine(result.stderr).replace(/\.$/, '') })
}

function isRemoteUrl(source: string): boolean {
  return /^(https?|ssh):\/\//.test(source)
}

/** The address itself when git may be given it. @throws PushwayError `usage` */
export function checkRemote(remote: string): string {
  const fine = (isRemoteUrl(remote) && URL.canParse(remote)) || (isAbsolute(remote) && !remote.includes('\0'))
  if (!fine)
    throw fail('usage', {
      problem: `${withoutCredentials(remote)} can't be a remote.`,
      hint: 'Use an https://, http:// or ssh:// address, or the absolute path of a folder.',
    })
  return remote
}
