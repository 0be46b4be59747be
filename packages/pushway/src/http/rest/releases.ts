// Releases of tags.

import { releaseShape, type TagRelease } from '@pushway/core/github/release.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { isRefName } from '../../git/names.ts'
import type { StoredDocument } from '../../ports/documents.ts'
import type { Services } from '../services.ts'
import { paged } from './page.ts'
import { type RestCall, type RestRoute, rest } from './route.ts'

const base = '/repos/:owner/:repo/releases'
const tag = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => isRefName(`refs/tags/${name}`), 'is no name of a tag')
const text = z.string().max(125_000)
const fields = {
  target_commitish: z.string().max(500).optional(),
  name: text.nullish(),
  body: text.nullish(),
  draft: z.boolean().optional(),
  prerelease: z.boolean().optional(),
}
const created = z.object({ tag_name: tag, ...fields })
const edited = z.object({ tag_name: tag.optional(), ...fields })
const notes = z.object({ tag_name: tag, target_commitish: z.string().max(500).optional(), previous_tag_name: tag.optional() })

type Kept = Omit<TagRelease, 'id'>

export function releaseRoutes(services: Services): readonly RestRoute[] {
  const { documents } = services
  const all = (project: string) => documents.list<Kept>(project, 'release', { limit: 1000 }).map(withId)
  const find = ({ project, params }: Pick<RestCall, 'project' | 'params'>): TagRelease => {
    const found = documents.get<Kept>(project, 'release', Number(params.id))
    if (!found) throw fail('not-found', { what: 'release', name: params.id ?? '' })
    return withId(found)
  }
  const onTag = (project: string, name: string) => all(project).find((release) => release.tag === name && !release.draft)
  return [
    rest({
      method: 'GET',
      path: base,
      action: 'contents.read',
      handle: (call) => paged(call, all(call.project), { show: (release) => releaseShape(call.place, release) }),
    }),
    rest({
      method: 'GET',
      path: `${base}/latest`,
      action: 'contents.read',
      handle({ project, place }) {
        const latest = all(project).find((release) => !release.draft && !release.prerelease)
        if (!latest) throw fail('not-found', { what: 'release', name: 'latest' })
        return releaseShape(place, latest)
      },
    }),
    rest({
      method: 'GET',
      path: `${base}/tags/*tag`,
      action: 'contents.read',
      handle({ project, place, params }) {
        const found = onTag(project, params.tag ?? '')
        if (!found) throw fail('not-found', { what: 'release of tag', name: params.tag ?? '' })
        return releaseShape(place, found)
      },
    }),
    rest({ method: 'GET', path: `${base}/:id`, action: 'contents.read', handle: (call) => releaseShape(call.place, find(call)) }),
    ...releaseWriteRoutes(services, { find, onTag }),
    notesRoute(services),
  ]
}

interface Finders {
  readonly find: (call: Pick<RestCall, 'project' | 'params'>) => TagRelease
  readonly onTag: (project: string, name: string) => TagRelease | undefined
}

function releaseWriteRoutes(services: Services, { find, onTag }: Finders): readonly RestRoute[] {
  const { documents, clock, commands } = services
  return [
    rest<z.infer<typeof created>>({
      method: 'POST',
      path: base,
      action: 'contents.write',
      body: created,
      status: 201,
      async handle(call) {
        const { body, project, who, place } = call
        const draft = body.draft ?? false
        if (!draft && onTag(project, body.tag_name))
          throw fail('request-refused', { problem: `A release of tag ${body.tag_name} already_exists.`, hint: 'Edit it.' })
        const now = clock.now()
        const kept: Kept = {
          ...{
            tag: body.tag_name,
            target: body.target_commitish ?? (await call.repository()).defaultBranch,
            name: body.name ?? body.tag_name,
            body: body.body ?? '',
          },
          ...{ draft, prerelease: body.prerelease ?? false, by: who.by, createdAt: now },
          ...(draft ? {} : { publishedAt: now }),
        }
        await needTarget(services, project, kept)
        const release = { ...kept, id: documents.add(project, 'release', { about: kept.tag, body: kept, at: now }) }
        await commands.releaseChanged(project, { after: release }, who)
        return releaseShape(place, release)
      },
    }),
    rest<z.infer<typeof edited>>({
      method: 'PATCH',
      path: `${base}/:id`,
      action: 'contents.write',
      body: edited,
      async handle(call) {
        const { body, project, who, place } = call
        const before = find(call as never)
        const after = changed(before, body, clock.now())
        await needTarget(services, project, after)
        const { id, ...kept } = after
        documents.replace(project, 'release', { id, about: kept.tag, body: kept })
        await commands.releaseChanged(project, { before, after }, who)
        return releaseShape(place, after)
      },
    }),
    rest({
      method: 'DELETE',
      path: `${base}/:id`,
      action: 'contents.write',
      async handle(call) {
        const before = find(call)
        documents.remove(call.project, 'release', before.id)
        await commands.releaseChanged(call.project, { before }, call.who)
      },
    }),
  ]
}

function notesRoute({ repositories }: Services): RestRoute {
  return rest<z.infer<typeof notes>>({
    method: 'POST',
    path: `${base}/generate-notes`,
    action: 'contents.write',
    body: notes,
    async handle({ project, body, place }) {
      const to = (await repositories.resolve(project, `refs/tags/${body.tag_name}`)) ?? (await repositories.resolve(project, body.target_commitish ?? 'HEAD'))
      const from = body.previous_tag_name === undefined ? undefined : await repositories.resolve(project, `refs/tags/${body.previous_tag_name}`)
      const commits = to === undefined ? [] : await repositories.commits(project, { to, ...(from ? { without: [from] } : {}), limit: 250 })
      const lines = commits.map(({ message, author }) => `* ${message.split('\n', 1)[0]} by @${author.name}`)
      const range = body.previous_tag_name === undefined ? `commits/${body.tag_name}` : `compare/${body.previous_tag_name}...${body.tag_name}`
      return { name: body.tag_name, body: ["## What's Changed", ...lines, '', `**Full Changelog**: ${place.server}/${project}/${range}`].join('\n') }
    },
  })
}

function withId({ id, body }: StoredDocument<Kept>): TagRelease {
  return { ...body, id }
}

function changed(before: TagRelease, body: z.infer<typeof edited>, now: number): TagRelease {
  const draft = body.draft ?? before.draft
  const { publishedAt, ...rest } = before
  const published = draft ? undefined : (publishedAt ?? now)
  return {
    ...rest,
    tag: body.tag_name ?? before.tag,
    target: body.target_commitish ?? before.target,
    name: body.name === undefined ? before.name : (body.name ?? ''),
    body: body.body === undefined ? before.body : (body.body ?? ''),
    prerelease: body.prerelease ?? before.prerelease,
    draft,
    ...(published === undefined ? {} : { publishedAt: published }),
  }
}

/** A published release needs a commit for its tag. */
async function needTarget({ repositories }: Services, project: string, release: Kept): Promise<void> {
  if (release.draft || (await repositories.resolve(project, `refs/tags/${release.tag}`)) !== undefined) return
  if ((await repositories.resolve(project, release.target)) === undefined)
    throw fail('request-refused', {
      problem: `There is no commit ${release.target} for the tag ${release.tag}.`,
      hint: 'Name a branch or commit as target_commitish.',
    })
}
