// actions/checkout: the repository at the run's commit, in the workspace. All git runs with the rights of a step.

import { joinInside } from '../../util/paths.ts'
import { copyTree } from './copy-tree.ts'
import { type ActionContext, ActionFailure, type BuiltinAction, type Exec, isTrue } from './types.ts'

export const checkout: BuiltinAction = {
  name: 'actions/checkout',
  inputs: [
    ...['repository', 'ref', 'token', 'path', 'fetch-depth', 'fetch-tags', 'clean', 'persist-credentials', 'set-safe-directory', 'show-progress'],
    ...['submodules', 'lfs', 'sparse-checkout', 'sparse-checkout-cone-mode', 'filter', 'github-server-url'],
  ],
  async run(context) {
    const { spec, source, paths } = context.job
    const own = String(spec.contexts.github.repository ?? '')
    const wanted = context.input('repository')
    const other = wanted !== '' && wanted.toLowerCase() !== own.toLowerCase() ? wanted : undefined
    const dir = joinInside(paths.workspace, context.input('path') || '.')
    sayLimits(context)
    if (other === undefined && source.kind === 'tree') return copyTree(context, source.dir, dir)
    if (other === undefined) return cloneCommit(context, dir, { url: source.kind === 'repository' ? source.url : `${spec.server?.url ?? ''}/${own}.git` })
    if (!spec.server) throw new ActionFailure(`actions/checkout of another repository (${other}) needs a server: a local run has only ${own} itself.`)
    if (!/^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/.test(other)) throw new ActionFailure(`"${other}" is not the name of a repository: write owner/name.`)
    await cloneCommit(context, dir, { url: `${spec.server.url}/${other}.git`, other })
  },
}

/** What is there and does less than on GitHub. @throws ActionFailure for another server: the job's token is not for it */
function sayLimits(context: ActionContext): void {
  if (isTrue(context.input('lfs'), false)) context.say('##[warning]lfs: files of Git LFS are not fetched; their pointers are checked out.')
  const server = context.input('github-server-url').replace(/\/+$/, '')
  const own = [context.job.spec.server?.url, String(context.job.spec.contexts.github.server_url ?? '')]
  if (server !== '' && !own.includes(server)) throw new ActionFailure(`github-server-url: ${server} is another server; only this one is checked out from.`)
}

async function cloneCommit(context: ActionContext, dir: string, { url, other }: { readonly url: string; readonly other?: string }): Promise<void> {
  const { github } = context.job.spec.contexts
  const token = context.input('token') || String(github.token ?? context.job.spec.server?.token ?? '')
  if (token !== '') context.addMask(Buffer.from(`x-access-token:${token}`).toString('base64'))
  const credentials = url.startsWith('http') && token !== '' ? headerEnvironment(url, token) : {}
  const git = gitIn(context, dir, credentials)
  await prepareFolder(context, dir, git)
  const wanted = other === undefined ? refsToFetch(context.input('ref'), github) : await refsOfOther(context, git, url)
  const depth = fetchDepth(context)
  const tags = isTrue(context.input('fetch-tags'), false) ? ['--tags'] : ['--no-tags']
  const history = depth === 0 ? ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'] : []
  const shallow = [...(depth === 0 ? [] : [`--depth=${depth}`]), ...(context.input('filter') === '' ? [] : [`--filter=${context.input('filter')}`])]
  const target = await firstThatWorks(wanted, async (ref) => {
    await git('fetch', '--quiet', '--prune', '--no-recurse-submodules', ...tags, ...shallow, url, ref, ...history)
  })
  await git('remote', 'add', 'origin', url)
  await chooseFiles(context, git)
  await checkOut(git, target, other === undefined ? github : {})
  await checkOutSubmodules(context, git, depth)
  context.setOutput('ref', target)
  context.setOutput('commit', (await git('rev-parse', 'HEAD')).trim())
  context.say(`HEAD is now at ${(await git('log', '-1', '--format=%h %s')).trim()}`)
  if (isTrue(context.input('persist-credentials'), true)) persistCredentials(context, credentials)
}

/** The input `ref` of another repository, else the branch its HEAD names. */
async function refsOfOther(context: ActionContext, git: Git, url: string): Promise<readonly string[]> {
  const ref = context.input('ref')
  if (ref !== '') return refsToFetch(ref, {})
  const branch = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(await git('ls-remote', '--symref', url, 'HEAD'))?.[1]
  return [branch ?? 'HEAD']
}

/** `sparse-checkout`: only these folders, or with patterns when cone mode is off. */
async function chooseFiles(context: ActionContext, git: Git): Promise<void> {
  const lines = linesOf(context.input('sparse-checkout'))
  if (lines.length === 0) return
  const strange = lines.find((line) => line.startsWith('-'))
  if (strange !== undefined) throw new ActionFailure(`sparse-checkout: "${strange}" is not a path.`)
  await git('sparse-checkout', 'set', isTrue(context.input('sparse-checkout-cone-mode'), true) ? '--cone' : '--no-cone', ...lines)
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** Relative addresses of submodules are those of this server; the job's token reaches what it may. */
async function checkOutSubmodules(context: ActionContext, git: Git, depth: number): Promise<void> {
  const wanted = context.input('submodules').toLowerCase()
  if (wanted !== 'true' && wanted !== 'recursive') return
  const recursive = wanted === 'recursive' ? ['--recursive'] : []
  await git('submodule', 'sync', '--quiet', ...recursive)
  await git('submodule', 'update', '--init', '--force', '--quiet', ...(depth === 0 ? [] : [`--depth=${depth}`]), ...recursive)
}

/** A branch is checked out as one, so that `git push` of a step knows where; everything else as a detached commit. */
async function checkOut(git: Git, target: string, github: Readonly<Record<string, unknown>>): Promise<void> {
  const branch = /^refs\/heads\/(.+)$/.exec(target === String(github.sha ?? '') ? String(github.ref ?? '') : target)?.[1]
  if (branch === undefined) await git('checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD')
  else {
    await git('update-ref', `refs/remotes/origin/${branch}`, 'FETCH_HEAD')
    await git('checkout', '--quiet', '--force', '-B', branch, `refs/remotes/origin/${branch}`)
  }
}

/** What to fetch: the run's commit, or the input `ref` as a commit, a full ref, a branch's or a tag's name. */
function refsToFetch(input: string, github: Readonly<Record<string, unknown>>): readonly string[] {
  const ref = input === '' || input === github.ref ? String(github.sha ?? '') : input
  if (ref.startsWith('-') || /[\s:^~?*[\\]|\.\./.test(ref) || ref === '') throw new ActionFailure(`"${ref}" is not the name of a branch, a tag or a commit.`)
  return /^[0-9a-f]{40}$/.test(ref) || ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`]
}

async function firstThatWorks(refs: readonly string[], attempt: (ref: string) => Promise<void>): Promise<string> {
  for (const ref of refs.slice(0, -1)) {
    try {
      await attempt(ref)
      return ref
    } catch (error) {
      if (!(error instanceof ActionFailure)) throw error
    }
  }
  const last = refs.at(-1) as string
  await attempt(last)
  return last
}

function fetchDepth(context: ActionContext): number {
  const text = context.input('fetch-depth') || '1'
  if (!/^\d+$/.test(text)) throw new ActionFailure(`fetch-depth must be a number, not "${text}".`)
  return Number(text)
}

type Git = (...args: readonly string[]) => Promise<string>

function gitIn(context: ActionContext, dir: string, credentials: Readonly<Record<string, string>>): Git {
  return async (...args) => {
    const env = { ...credentials, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' }
    const { exit, output } = await context.exec(['git', '-C', dir, ...args], { quiet: true, env })
    if (exit !== 0) throw new ActionFailure(`git ${args[0]} ended with exit code ${exit}: ${output.trim().split('\n').slice(-3).join(' ')}`)
    return output
  }
}

/** An empty repository. What an earlier step or checkout left there is removed unless `clean` is false. */
async function prepareFolder(context: ActionContext, dir: string, git: Git): Promise<void> {
  const keep = isTrue(context.input('clean'), true) ? '' : 'keep'
  const script = 'mkdir -p -- "$1" && if [ -z "$2" ]; then find "$1" -mindepth 1 -maxdepth 1 -exec rm -rf -- {} +; else rm -rf -- "$1/.git"; fi'
  const made = await context.exec(['sh', '-c', script, 'sh', dir, keep], { quiet: true })
  if (made.exit !== 0) throw new ActionFailure(`The folder ${dir} could not be made: ${made.output}`)
  await git('-c', 'init.defaultBranch=main', 'init', '--quiet')
}

/** The token as a header for this server alone, in the environment: never in an argument, never in a file. */
function headerEnvironment(url: string, token: string): Readonly<Record<string, string>> {
  const basic = Buffer.from(`x-access-token:${token}`).toString('base64')
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `http.${new URL(url).origin}/.extraheader`,
    GIT_CONFIG_VALUE_0: `AUTHORIZATION: basic ${basic}`,
  }
}

/** Later steps' git has them too, as on GitHub; they are variables of the job and gone with it. */
function persistCredentials(context: ActionContext, credentials: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(credentials)) context.setEnv(name, value)
  context.addPost(`Post ${checkout.name}`, async (_exec: Exec) => {
    for (const name of Object.keys(credentials)) context.setEnv(name, name === 'GIT_CONFIG_COUNT' ? '0' : '')
  })
}
