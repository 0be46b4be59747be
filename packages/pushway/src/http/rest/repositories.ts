// Repositories, branches, tags, commits and comparisons.

import { apiOf, repositoryShape, userShape } from '@pushway/core/github/base.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { CommitId } from '@pushway/core/text/ids.ts'
import type { CommitRecord } from '../../ports/history.ts'
import type { Services } from '../services.ts'
import { linkHeader, paged, pageOf } from './page.ts'
import { RestAnswer, type RestCall, type RestRoute, rest } from './route.ts'
import { commitShape, fileShape } from './shapes.ts'

const base = '/repos/:owner/:repo'

/** The commit that a branch, tag, ref or id means. @throws PushwayError `not-found` */
export async function commitAt({ repositories }: Pick<Services, 'repositories'>, project: string, ref: string): Promise<CommitId> {
  const name = ref === '' ? await repositories.defaultBranch(project) : ref.replace(/^(heads|tags)\//, 'refs/$1/')
  const sha = await repositories.resolve(project, name)
  if (sha === undefined) throw fail('not-found', { what: 'commit', name: ref || 'on the default branch' })
  return sha
}

async function recordOf({ repositories }: Pick<Services, 'repositories'>, project: string, ref: string): Promise<CommitRecord> {
  const id = await commitAt({ repositories }, project, ref)
  const found = await repositories.commit(project, id)
  if (!found) throw fail('not-found', { what: 'commit', name: id })
  return found
}

export function repositoryRoutes(services: Services): readonly RestRoute[] {
  const { repositories } = services
  const branches = async (project: string) => [...(await repositories.refs(project))].filter(([ref]) => ref.startsWith('refs/heads/'))
  return [
    rest({ method: 'GET', path: base, action: 'project.read', handle: async ({ repository }) => repositoryWithRights(await repository()) }),
    rest({
      method: 'GET',
      path: `${base}/branches`,
      action: 'contents.read',
      handle: async (call) =>
        paged(call, await branches(call.project), {
          show: ([ref, sha]) => ({
            name: ref.slice('refs/heads/'.length),
            commit: { sha, url: `${apiOf(call.place)}/commits/${sha}` },
            protected: false,
          }),
        }),
    }),
    rest({
      method: 'GET',
      path: `${base}/branches/*branch`,
      action: 'contents.read',
      async handle({ project, params, place }) {
        const name = params.branch ?? ''
        const found = await recordOf(services, project, `refs/heads/${name}`)
        return { name, commit: commitShape(place, found), protected: false, _links: { self: `${apiOf(place)}/branches/${name}`, html: '' } }
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/tags`,
      action: 'contents.read',
      async handle(call) {
        const { project, place } = call
        const tags = [...(await repositories.refs(project)).keys()].filter((ref) => ref.startsWith('refs/tags/')).toReversed()
        const shown = await Promise.all(tags.map(async (ref) => ({ name: ref.slice('refs/tags/'.length), sha: await commitAt(services, project, ref) })))
        return paged(call, shown, {
          show: ({ name, sha }) => ({
            name,
            commit: { sha, url: `${apiOf(place)}/commits/${sha}` },
            zipball_url: '',
            tarball_url: '',
          }),
        })
      },
    }),
    ...commitRoutes(services),
    ...systemRoutes(services),
  ]
}

function commitRoutes(services: Services): readonly RestRoute[] {
  const { repositories } = services
  return [
    rest({ method: 'GET', path: `${base}/commits`, action: 'contents.read', handle: (call) => listCommits(services, call) }),
    rest({
      method: 'GET',
      path: `${base}/commits/*ref`,
      action: 'contents.read',
      async handle({ project, params, place }) {
        const found = await recordOf(services, project, params.ref ?? '')
        const parent = found.parents[0]
        return commitShape(place, found, parent === undefined ? [] : await repositories.diff(project, parent, found.id))
      },
    }),
    rest({ method: 'GET', path: `${base}/compare/*basehead`, action: 'contents.read', handle: (call) => compare(services, call) }),
  ]
}

/** What is about no repository. */
function systemRoutes(services: Services): readonly RestRoute[] {
  return [
    rest({
      method: 'GET',
      path: '/user',
      action: 'session.own',
      handle: ({ who, place }) => userShape(who.by, place.server),
    }),
    rest({
      method: 'GET',
      path: '/users/:user',
      action: 'session.own',
      handle: ({ params, place }) => userShape(params.user ?? '', place.server),
    }),
    rest({
      method: 'GET',
      path: '/rate_limit',
      action: 'session.own',
      handle() {
        const rate = { limit: 1_000_000, remaining: 1_000_000, reset: Math.floor(services.clock.now() / 1000) + 3600, used: 0 }
        return { resources: { core: rate, search: rate, graphql: rate }, rate }
      },
    }),
    rest({
      method: 'GET',
      path: '/meta',
      action: 'api.describe',
      handle: () => ({ verifiable_password_authentication: true, installed_version: services.version }),
    }),
  ]
}

function repositoryWithRights(facts: Parameters<typeof repositoryShape>[0]) {
  const merging = { allow_merge_commit: true, allow_squash_merge: true, allow_rebase_merge: false, delete_branch_on_merge: false }
  return { ...repositoryShape(facts), ...merging, permissions: { pull: true, push: true, admin: false } }
}

async function listCommits(services: Services, call: RestCall): Promise<RestAnswer> {
  const { project, query, place } = call
  const to = await commitAt(services, project, query.get('sha') ?? '')
  const { size, skip } = pageOf(call)
  const path = query.get('path')
  const found = await services.repositories.commits(project, { to, limit: size + 1, skip, ...(path ? { path } : {}) })
  return new RestAnswer(
    200,
    found.slice(0, size).map((commit) => commitShape(place, commit)),
    linkHeader(call, found.length > size),
  )
}

async function compare(services: Services, { project, params, place }: RestCall): Promise<unknown> {
  const { repositories } = services
  const [from, to] = (params.basehead ?? '').split(/\.{2,3}/).map((side) => side.replace(/^[^/:]+:/, ''))
  if (!from || !to) throw fail('request-refused', { problem: 'Two commits are compared: BASE...HEAD.', hint: 'Name both.' })
  const [base, head] = [await commitAt(services, project, from), await commitAt(services, project, to)]
  const fork = await repositories.mergeBase(project, base, head)
  if (fork === undefined) throw fail('not-found', { what: 'common ancestor of', name: `${from} and ${to}` })
  const ahead = (await repositories.commits(project, { to: head, without: [base], limit: 250 })).toReversed()
  const behind = (await repositories.commits(project, { to: base, without: [head], limit: 10_000 })).length
  const [baseCommit, forkCommit] = await Promise.all([repositories.commit(project, base), repositories.commit(project, fork)])
  const url = `${apiOf(place)}/compare/${from}...${to}`
  return {
    url,
    html_url: `${place.server}/${project}/compare/${from}...${to}`,
    permalink_url: `${place.server}/${project}/compare/${base}...${head}`,
    diff_url: `${url}.diff`,
    patch_url: `${url}.patch`,
    base_commit: baseCommit && commitShape(place, baseCommit),
    merge_base_commit: forkCommit && commitShape(place, forkCommit),
    status: ahead.length === 0 ? (behind === 0 ? 'identical' : 'behind') : behind === 0 ? 'ahead' : 'diverged',
    ahead_by: ahead.length,
    behind_by: behind,
    total_commits: ahead.length,
    commits: ahead.map((commit) => commitShape(place, commit)),
    files: (await repositories.diff(project, fork, head)).map((file) => fileShape(place, file, head)),
  }
}
