// Releases of tags (GitHub's word: release), as objects and as payloads. A `Release` of Pushway is what is deployed; this is a page about a tag.
// Follows https://docs.github.com/rest/releases/releases

import type { EpochMs } from '../text/ids.ts'
import { apiOf, isoTime, nodeId, type Place, type RepositoryFacts, repositoryShape, type Shape, userShape } from './base.ts'

export interface TagRelease {
  readonly id: number
  readonly tag: string
  /** Where the tag is made when it is not there yet: a branch or commit. */
  readonly target: string
  readonly name: string
  readonly body: string
  readonly draft: boolean
  readonly prerelease: boolean
  readonly by: string
  readonly createdAt: EpochMs
  readonly publishedAt?: EpochMs
}

/** The activity types of a change, as GitHub sends them; none while it is a draft. */
export function releaseActivities(before: TagRelease | undefined, after: TagRelease | undefined): readonly string[] {
  if (!after) return before && !before.draft ? ['deleted'] : []
  const wasPublic = before !== undefined && !before.draft
  if (after.draft) return wasPublic ? ['unpublished'] : []
  if (!wasPublic) return before === undefined ? ['created', 'published', kindOf(after)] : ['published', kindOf(after)]
  const changed = before.name !== after.name || before.body !== after.body || before.tag !== after.tag || before.prerelease !== after.prerelease
  return changed ? ['edited', ...(before.prerelease !== after.prerelease ? [kindOf(after)] : [])] : []
}

function kindOf({ prerelease }: TagRelease): string {
  return prerelease ? 'prereleased' : 'released'
}

/** A release as the REST API and payloads show it. */
export function releaseShape(place: Place, release: TagRelease): Shape {
  const { project, server } = place
  const url = `${apiOf(place)}/releases/${release.id}`
  return {
    url,
    assets_url: `${url}/assets`,
    upload_url: `${url}/assets{?name,label}`,
    html_url: `${server}/${project}`,
    id: release.id,
    node_id: nodeId('RE', release.id),
    tag_name: release.tag,
    target_commitish: release.target,
    name: release.name,
    draft: release.draft,
    author: userShape(release.by, server),
    prerelease: release.prerelease,
    created_at: isoTime(release.createdAt),
    published_at: release.publishedAt === undefined ? null : isoTime(release.publishedAt),
    assets: [],
    tarball_url: `${apiOf(place)}/tarball/${release.tag}`,
    zipball_url: `${apiOf(place)}/zipball/${release.tag}`,
    body: release.body,
  }
}

/** The payload of `release`. */
export function releasePayload(repository: RepositoryFacts, release: TagRelease, about: { readonly action: string; readonly actor: string }): Shape {
  return {
    action: about.action,
    release: releaseShape(repository, release),
    repository: repositoryShape(repository),
    sender: userShape(about.actor, repository.server),
  }
}
