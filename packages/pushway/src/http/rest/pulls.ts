// Pull requests, and what GitHub keeps of them as issues: comments and labels.

import { apiOf, isoTime, nodeId, type Place, type Shape, userShape } from '@pushway/core/github/base.ts'
import { labelShape, pullShape } from '@pushway/core/github/pull.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { Services } from '../services.ts'
import { paged } from './page.ts'
import { RestAnswer, type RestCall, type RestRoute, rest } from './route.ts'
import { commitShape, fileShape } from './shapes.ts'

const base = '/repos/:owner/:repo'
const text = z.string().max(65_536)
const name = z.string().min(1).max(500)
const newPull = z.object({ title: text, head: name, base: name, body: text.nullish(), draft: z.boolean().default(false) })
const edit = z.object({ title: text.optional(), body: text.nullish(), base: name.optional(), state: z.enum(['open', 'closed']).optional() })
const merge = z.object({
  merge_method: z.enum(['merge', 'squash', 'rebase']).default('merge'),
  commit_title: text.optional(),
  commit_message: text.optional(),
  sha: z.string().max(40).optional(),
})

/** The pull request that an address names. */
function placeOfPull({ project, params }: Pick<RestCall<unknown>, 'project' | 'params'>) {
  const number = Number(params.number)
  if (!Number.isSafeInteger(number) || number < 1) throw fail('not-found', { what: 'pull request', name: params.number ?? '' })
  return { project, number }
}

export function pullRoutes(services: Services): readonly RestRoute[] {
  const { queries, commands } = services
  const show = async (call: RestCall<never>) => pullShape(await call.repository(), await queries.pullFacts(placeOfPull(call)))
  return [
    rest({ method: 'GET', path: `${base}/pulls`, action: 'pulls.read', handle: (call) => listPulls(services, call) }),
    rest<z.infer<typeof newPull>>({
      method: 'POST',
      path: `${base}/pulls`,
      action: 'pulls.write',
      body: newPull,
      status: 201,
      async handle(call) {
        const { body, project, who } = call
        const [owner = ''] = project.split('/')
        // `owner:branch`, as GitHub takes it; of this repository only.
        const head = body.head.startsWith(`${owner}:`) ? body.head.slice(owner.length + 1) : body.head
        const pull = await commands.openPull(project, { title: body.title, body: body.body ?? '', head, base: body.base, draft: body.draft }, who)
        return pullShape(await call.repository(), await queries.pullFacts(pull))
      },
    }),
    rest({ method: 'GET', path: `${base}/pulls/:number`, action: 'pulls.read', handle: (call) => show(call as never) }),
    rest<z.infer<typeof edit>>({
      method: 'PATCH',
      path: `${base}/pulls/:number`,
      action: 'pulls.write',
      body: edit,
      async handle(call) {
        await editPull(services, call as never, call.body)
        return show(call as never)
      },
    }),
    ...pullPartRoutes(services),
  ]
}

/** Files, commits and the merge of one pull request. */
function pullPartRoutes({ queries, commands, repositories }: Services): readonly RestRoute[] {
  return [
    rest({
      method: 'GET',
      path: `${base}/pulls/:number/files`,
      action: 'pulls.read',
      async handle(call) {
        const view = await queries.pull(placeOfPull(call))
        const fork = await repositories.mergeBase(call.project, view.base.sha, view.head.sha)
        const files = view.mergeCommit || fork === undefined ? [] : await repositories.diff(call.project, fork, view.head.sha)
        const shown = files.length > 0 ? files : view.files.map((file) => ({ ...file, blob: '' }))
        return paged(call, shown, { show: (file) => fileShape(call.place, file, view.head.sha) })
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/pulls/:number/commits`,
      action: 'pulls.read',
      async handle(call) {
        const { commits } = await queries.pull(placeOfPull(call))
        const found = await Promise.all(commits.map(({ id }) => repositories.commit(call.project, id)))
        return paged(
          call,
          found.flatMap((commit) => (commit ? [commitShape(call.place, commit)] : [])),
        )
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/pulls/:number/merge`,
      action: 'pulls.read',
      async handle(call) {
        if ((await queries.pull(placeOfPull(call))).state !== 'merged')
          throw fail('not-found', { what: 'merge of pull request', name: call.params.number ?? '' })
      },
    }),
    rest<z.infer<typeof merge>>({
      method: 'PUT',
      path: `${base}/pulls/:number/merge`,
      // It writes to the base's branch, too.
      action: 'contents.write',
      body: merge,
      async handle(call) {
        const { merge_method: method, commit_title: title, commit_message: message, sha } = call.body
        if (method === 'rebase') return new RestAnswer(405, { message: 'Rebase merges are not allowed on this repository.', status: '405' })
        const wanted = {
          method,
          ...(title === undefined ? {} : { title }),
          ...(message === undefined ? {} : { message }),
          ...(sha === undefined ? {} : { sha }),
        }
        const merged = await commands.mergePull(placeOfPull(call), wanted, call.who)
        return { sha: merged.mergeCommit, merged: true, message: 'Pull Request successfully merged' }
      },
    }),
  ]
}

async function listPulls({ queries }: Services, call: RestCall): Promise<RestAnswer> {
  const { project, query } = call
  const state = query.get('state') ?? 'open'
  const head = query.get('head')?.replace(/^[^:]*:/, '')
  const wanted = {
    ...(state === 'all' ? {} : { state: state === 'closed' ? ('closed' as const) : ('open' as const) }),
    ...(head ? { head } : {}),
    ...(query.get('base') ? { base: query.get('base') ?? '' } : {}),
    limit: 1000,
  }
  const repository = await call.repository()
  const numbers = queries.pulls(project, wanted).map(({ number }) => number)
  if (query.get('direction') === 'asc') numbers.reverse()
  const answer = paged(call, numbers)
  const facts = await Promise.all((answer.value as number[]).map((number) => queries.pullFacts({ project, number })))
  return new RestAnswer(
    200,
    facts.map((pull) => pullShape(repository, pull)),
    answer.headers,
  )
}

/** What PATCH of a pull request or an issue changes. */
async function editPull({ commands }: Services, call: RestCall<never>, { title, body, base: to, state }: z.infer<typeof edit>): Promise<void> {
  const place = placeOfPull(call)
  const changes = { ...(title === undefined ? {} : { title }), ...(body === undefined ? {} : { body: body ?? '' }), ...(to === undefined ? {} : { base: to }) }
  if (Object.keys(changes).length > 0) await commands.editPull(place, changes, call.who)
  if (state === 'closed') await commands.closePull(place, call.who)
  if (state === 'open') await commands.reopenPull(place, call.who)
}

const comment = z.object({ body: text.min(1, 'must not be empty') })
const labels = z.union([z.object({ labels: z.array(z.union([name, z.object({ name })])) }), z.array(z.union([name, z.object({ name })]))])
const issueEdit = edit.extend({ labels: z.array(z.union([name, z.object({ name })])).optional() })

/** The comment's number in the installation's addresses: the pull request's and its own. */
const commentsEach = 1_000_000

export function issueRoutes(services: Services): readonly RestRoute[] {
  const { queries, commands } = services
  const show = async (call: RestCall<never>) => issueShape(call.place, pullShape(await call.repository(), await queries.pullFacts(placeOfPull(call))))
  return [
    rest({ method: 'GET', path: `${base}/issues/:number`, action: 'issues.read', handle: (call) => show(call as never) }),
    rest<z.infer<typeof issueEdit>>({
      method: 'PATCH',
      path: `${base}/issues/:number`,
      action: 'issues.write',
      body: issueEdit,
      async handle(call) {
        await editPull(services, call as never, call.body)
        if (call.body.labels) await setLabels(services, call as never, call.body.labels.map(labelName))
        return show(call as never)
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/issues/:number/comments`,
      action: 'issues.read',
      async handle(call) {
        const place = placeOfPull(call)
        return paged(call, (await queries.pull(place)).thread, { show: (one) => commentShape(call.place, place.number, one) })
      },
    }),
    rest<z.infer<typeof comment>>({
      method: 'POST',
      path: `${base}/issues/:number/comments`,
      action: 'issues.write',
      body: comment,
      status: 201,
      async handle(call) {
        const place = placeOfPull(call)
        const id = await commands.commentPull(place, call.body.body, call.who)
        return showComment(services, call as never, { ...place, id })
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/issues/comments/:comment`,
      action: 'issues.read',
      handle: (call) => showComment(services, call as never, commentPlace(call)),
    }),
    rest<z.infer<typeof comment>>({
      method: 'PATCH',
      path: `${base}/issues/comments/:comment`,
      action: 'issues.write',
      body: comment,
      async handle(call) {
        const place = commentPlace(call)
        await commands.editComment(place, { id: place.id, body: call.body.body }, call.who)
        return showComment(services, call as never, place)
      },
    }),
    rest({
      method: 'DELETE',
      path: `${base}/issues/comments/:comment`,
      action: 'issues.write',
      async handle(call) {
        const place = commentPlace(call)
        await commands.editComment(place, { id: place.id, body: null }, call.who)
      },
    }),
    ...labelRoutes(services),
  ]
}

function commentPlace({ project, params }: Pick<RestCall<unknown>, 'project' | 'params'>) {
  const id = Number(params.comment)
  if (!Number.isSafeInteger(id)) throw fail('not-found', { what: 'comment', name: params.comment ?? '' })
  return { project, number: Math.floor(id / commentsEach), id: id % commentsEach }
}

async function showComment({ queries }: Services, call: RestCall<never>, { project, number, id }: ReturnType<typeof commentPlace>): Promise<Shape> {
  const found = (await queries.pull({ project, number })).thread.find((one) => one.id === id)
  if (!found) throw fail('not-found', { what: 'comment', name: String(id) })
  return commentShape(call.place, number, found)
}

function commentShape(place: Place, number: number, { id, by, body, at }: { id: number; by: string; body: string; at: number }): Shape {
  const whole = number * commentsEach + id
  return {
    id: whole,
    node_id: nodeId('IC', whole),
    url: `${apiOf(place)}/issues/comments/${whole}`,
    html_url: `${place.server}/${place.project}/pulls/${number}`,
    issue_url: `${apiOf(place)}/issues/${number}`,
    body,
    user: userShape(by, place.server),
    created_at: isoTime(at),
    updated_at: isoTime(at),
    author_association: 'MEMBER',
  }
}

/** A pull request as an issue. */
function issueShape(place: Place, pull: Shape): Shape {
  const url = `${apiOf(place)}/issues/${String(pull.number)}`
  const kept =
    'id node_id number state locked title user body created_at updated_at closed_at assignee assignees labels milestone html_url comments author_association draft'
  return {
    ...Object.fromEntries(kept.split(' ').map((key) => [key, pull[key]])),
    url,
    repository_url: apiOf(place),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    pull_request: { url: pull.url, html_url: pull.html_url, diff_url: pull.diff_url, patch_url: pull.patch_url, merged_at: pull.merged_at },
  }
}

function labelName(label: string | { readonly name: string }): string {
  return typeof label === 'string' ? label : label.name
}

async function setLabels({ queries, commands }: Services, call: RestCall<never>, wanted: readonly string[]): Promise<void> {
  const place = placeOfPull(call)
  const present = (await queries.pull(place)).labels
  await commands.labelPull(place, { add: wanted, remove: present.filter((label) => !wanted.includes(label)) }, call.who)
}

function labelRoutes(services: Services): readonly RestRoute[] {
  const { queries, commands } = services
  const path = `${base}/issues/:number/labels`
  const show = async (call: RestCall<never>) => (await queries.pull(placeOfPull(call))).labels.map((label) => labelShape(call.place, label))
  const namesOf = (body: z.infer<typeof labels>) => (Array.isArray(body) ? body : body.labels).map(labelName)
  return [
    rest({ method: 'GET', path, action: 'issues.read', handle: (call) => show(call as never) }),
    rest<z.infer<typeof labels>>({
      method: 'POST',
      path,
      action: 'issues.write',
      body: labels,
      async handle(call) {
        await commands.labelPull(placeOfPull(call), { add: namesOf(call.body) }, call.who)
        return show(call as never)
      },
    }),
    rest<z.infer<typeof labels>>({
      method: 'PUT',
      path,
      action: 'issues.write',
      body: labels,
      async handle(call) {
        await setLabels(services, call as never, namesOf(call.body))
        return show(call as never)
      },
    }),
    rest({ method: 'DELETE', path, action: 'issues.write', handle: (call) => setLabels(services, call as never, []) }),
    rest({
      method: 'DELETE',
      path: `${path}/:label`,
      action: 'issues.write',
      async handle(call) {
        const label = call.params.label ?? ''
        if (!(await queries.pull(placeOfPull(call))).labels.includes(label)) throw fail('not-found', { what: 'label', name: label })
        await commands.labelPull(placeOfPull(call), { remove: [label] }, call.who)
        return show(call as never)
      },
    }),
  ]
}
