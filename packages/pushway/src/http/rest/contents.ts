// Files and folders of a repository, and git's own objects: refs, commits, tags, trees, blobs.

import { apiOf, type Place } from '@pushway/core/github/base.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { TreeEntry } from '../../ports/history.ts'
import type { Services } from '../services.ts'
import { commitAt } from './repositories.ts'
import { RestAnswer, type RestCall, type RestRoute, rest } from './route.ts'
import { gitCommitShape, refShape } from './shapes.ts'

const base = '/repos/:owner/:repo'
const sha = z.string().regex(/^[0-9a-f]{40}$/, 'must be 40 hexadecimal digits')
const newRef = z.object({
  ref: z
    .string()
    .regex(/^refs\/(heads|tags)\/.+/, 'must begin with refs/heads/ or refs/tags/')
    .max(1000),
  sha,
})
const movedRef = z.object({ sha, force: z.boolean().default(false) })
const newTag = z.object({ tag: z.string().min(1).max(500), message: z.string().max(65_536), object: sha, type: z.literal('commit') })

export function contentRoutes(services: Services): readonly RestRoute[] {
  return [
    rest({ method: 'GET', path: `${base}/contents`, action: 'contents.read', handle: (call) => contents(services, call, '') }),
    rest({ method: 'GET', path: `${base}/contents/*path`, action: 'contents.read', handle: (call) => contents(services, call, call.params.path ?? '') }),
    rest({ method: 'GET', path: `${base}/readme`, action: 'contents.read', handle: (call) => contents(services, call, 'README.md') }),
    ...refRoutes(services),
    ...objectRoutes(services),
  ]
}

async function contents({ repositories }: Services, { project, query, place, req }: RestCall, path: string): Promise<unknown> {
  const ref = query.get('ref') ?? ''
  const commit = await commitAt({ repositories }, project, ref)
  const clean = path.replace(/^\/+|\/+$/g, '')
  const entry = clean === '' ? undefined : (await repositories.tree(project, commit, { path: clean })).find((one) => one.path === clean)
  if (clean !== '' && !entry) throw fail('not-found', { what: 'file', name: clean })
  if (!entry || entry.type === 'tree') {
    const entries = await repositories.tree(project, commit, { path: clean === '' ? '' : `${clean}/` })
    return entries.map((one) => entryShape(place, one, ref || commit))
  }
  const bytes = await repositories.blob(project, entry.sha)
  if (/raw/.test(req.headers.accept ?? '')) return new RestAnswer(200, Buffer.from(bytes ?? []).toString())
  return { ...entryShape(place, entry, ref || commit), encoding: 'base64', content: wrapped(Buffer.from(bytes ?? []).toString('base64')) }
}

/** As GitHub does, in lines of 60. */
function wrapped(text: string): string {
  return text.replace(/.{60}/g, '$&\n')
}

function entryShape(place: Place, entry: TreeEntry, ref: string) {
  const encoded = entry.path.split('/').map(encodeURIComponent).join('/')
  const url = `${apiOf(place)}/contents/${encoded}?ref=${ref}`
  const git = `${apiOf(place)}/git/${entry.type === 'tree' ? 'trees' : 'blobs'}/${entry.sha}`
  const html = `${place.server}/${place.project}/blob/${ref}/${encoded}`
  return {
    type: entry.type === 'tree' ? 'dir' : entry.type === 'commit' ? 'submodule' : entry.mode === '120000' ? 'symlink' : 'file',
    name: entry.path.split('/').at(-1) ?? '',
    path: entry.path,
    sha: entry.sha,
    size: entry.size ?? 0,
    url,
    html_url: html,
    git_url: git,
    download_url: null,
    _links: { self: url, git, html },
  }
}

function refHelpers(services: Services) {
  return {
    show: async (call: RestCall, ref: string, object: string) => refShape(call.place, ref, { sha: object, type: await typeOf(services, call.project, object) }),
    wholeRef: ({ params }: RestCall<never>) => `refs/${(params.ref ?? '').replace(/^refs\//, '')}`,
  }
}

function refRoutes(services: Services): readonly RestRoute[] {
  const { repositories } = services
  const { show, wholeRef } = refHelpers(services)
  return [
    rest({
      method: 'GET',
      path: `${base}/git/ref/*ref`,
      action: 'contents.read',
      async handle(call) {
        const ref = wholeRef(call as never)
        const object = (await repositories.refs(call.project)).get(ref)
        if (object === undefined) throw fail('not-found', { what: 'ref', name: ref })
        return show(call, ref, object)
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/git/matching-refs/*ref`,
      action: 'contents.read',
      async handle(call) {
        const found = [...(await repositories.refs(call.project))].filter(
          ([ref]) => ref.startsWith(wholeRef(call as never)) && !ref.startsWith('refs/pushway/'),
        )
        return Promise.all(found.map(([ref, object]) => show(call, ref, object)))
      },
    }),
    ...refWriteRoutes(services),
  ]
}

function refWriteRoutes(services: Services): readonly RestRoute[] {
  const { repositories, commands } = services
  const { show, wholeRef } = refHelpers(services)
  const moved = async (call: RestCall<never>, update: { ref: string; before: string | null; after: string | null }) => {
    if (!(await repositories.moveRef(call.project, update)))
      throw fail('request-refused', { problem: `The ref ${update.ref} can't be moved.`, hint: 'Look at it again.' })
    await commands.receivePush({ project: call.project, updates: [update], source: 'git', ...(call.who.byRun ? { byRun: true } : {}) }, call.who.by)
  }
  return [
    rest<z.infer<typeof newRef>>({
      method: 'POST',
      path: `${base}/git/refs`,
      action: 'contents.write',
      body: newRef,
      status: 201,
      async handle(call) {
        const { ref, sha: after } = call.body
        if ((await repositories.refs(call.project)).has(ref))
          throw fail('request-refused', { problem: 'Reference already exists.', hint: 'Update it instead.' })
        await commitAt(services, call.project, after)
        await moved(call as never, { ref, before: null, after })
        return show(call as never, ref, after)
      },
    }),
    rest<z.infer<typeof movedRef>>({
      method: 'PATCH',
      path: `${base}/git/refs/*ref`,
      action: 'contents.write',
      body: movedRef,
      async handle(call) {
        const ref = wholeRef(call as never)
        const before = (await repositories.refs(call.project)).get(ref)
        if (before === undefined || !/^refs\/(heads|tags)\//.test(ref))
          throw fail('request-refused', { problem: 'Reference does not exist.', hint: 'Create it.' })
        const after = await commitAt(services, call.project, call.body.sha)
        const forward = (await repositories.mergeBase(call.project, before, after)) === before
        if (!forward && !call.body.force) throw fail('request-refused', { problem: 'Update is not a fast forward.', hint: 'Send force: true.' })
        await moved(call as never, { ref, before, after })
        return show(call as never, ref, after)
      },
    }),
    rest({
      method: 'DELETE',
      path: `${base}/git/refs/*ref`,
      action: 'contents.write',
      async handle(call) {
        const ref = wholeRef(call as never)
        const before = (await repositories.refs(call.project)).get(ref)
        if (before === undefined || !/^refs\/(heads|tags)\//.test(ref))
          throw fail('request-refused', { problem: 'Reference does not exist.', hint: 'Look at git/matching-refs.' })
        await moved(call as never, { ref, before, after: null })
      },
    }),
  ]
}

async function typeOf({ repositories }: Services, project: string, object: string): Promise<'commit' | 'tag'> {
  return (await repositories.commit(project, object))?.id === object ? 'commit' : 'tag'
}

function objectRoutes(services: Services): readonly RestRoute[] {
  const { repositories, clock } = services
  return [
    rest({
      method: 'GET',
      path: `${base}/git/commits/:sha`,
      action: 'contents.read',
      async handle({ project, params, place }) {
        const found = await repositories.commit(project, params.sha ?? '')
        if (!found) throw fail('not-found', { what: 'commit', name: params.sha ?? '' })
        return gitCommitShape(place, found)
      },
    }),
    rest<z.infer<typeof newTag>>({
      method: 'POST',
      path: `${base}/git/tags`,
      action: 'contents.write',
      body: newTag,
      status: 201,
      async handle({ project, place, body, who }) {
        const object = await commitAt(services, project, body.object)
        const tagger = { name: who.by, email: `${who.by}@localhost`, at: clock.now() }
        const made = await repositories.makeTag(project, { name: body.tag, object, message: body.message, tagger })
        return {
          sha: made,
          node_id: `TAG_${made}`,
          tag: body.tag,
          message: body.message,
          url: `${apiOf(place)}/git/tags/${made}`,
          object: { type: 'commit', sha: object, url: `${apiOf(place)}/git/commits/${object}` },
        }
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/git/trees/*sha`,
      action: 'contents.read',
      async handle({ project, params, place, query }) {
        const name = params.sha ?? ''
        const at = (await repositories.resolve(project, name)) ?? name
        const tree = await repositories.tree(project, at, { recursive: query.has('recursive') })
        if (tree.length === 0) throw fail('not-found', { what: 'tree', name })
        const url = `${apiOf(place)}/git`
        return { sha: at, url: `${url}/trees/${at}`, tree: tree.map((one) => ({ ...one, url: `${url}/${one.type}s/${one.sha}` })), truncated: false }
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/git/blobs/:sha`,
      action: 'contents.read',
      async handle({ project, params, place }) {
        const bytes = await repositories.blob(project, params.sha ?? '')
        if (!bytes) throw fail('not-found', { what: 'blob', name: params.sha ?? '' })
        const content = Buffer.from(bytes).toString('base64')
        return { sha: params.sha, node_id: `B_${params.sha}`, size: bytes.length, url: `${apiOf(place)}/git/blobs/${params.sha}`, content, encoding: 'base64' }
      },
    }),
  ]
}
