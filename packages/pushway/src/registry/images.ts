// The Images port: what people ask of the registry beside pushing and pulling.

import { holders } from '@pushway/core/images/collect.ts'
import type {
  GarbageReport,
  ImageConfigView,
  ImageDetails,
  ImageEntry,
  ImageGraph,
  ImagePushEntry,
  ImageUse,
  ManifestNode,
} from '@pushway/core/images/types.ts'
import { describeUse } from '@pushway/core/images/uses.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest, EpochMs, Milliseconds, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { readImage, toImageConfig } from '../oci/config.ts'
import { isImageManifest } from '../oci/media-types.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Evidence } from '../ports/evidence.ts'
import type { Images } from '../ports/images.ts'
import type { Mirrors } from '../ports/mirrors.ts'
import type { StoredManifest } from '../ports/registry-index.ts'
import { createDocuments } from './documents.ts'
import { collectGarbage, type KeeperParts, readGraph } from './garbage.ts'
import { readReferrers } from './referrers.ts'
import { scrub } from './scrub.ts'

/** A push as the project's stream tells it. */
export interface RecordedPush {
  readonly repository: string
  readonly tag?: string
  readonly digest: Digest
  readonly at: EpochMs
  readonly run?: RunId
  readonly runNumber?: number
  readonly by: string
  readonly evidence?: 'made' | 'failed'
}

export interface ImagesParts extends KeeperParts {
  readonly evidence: Evidence
  /** The newest pushes of a project, newest first. */
  readonly pushes: (project: ProjectName) => readonly RecordedPush[]
  /** Removes unpacked images that nothing runs from; gives how many. Absent: there are none. */
  readonly pruneTrees?: () => Promise<number>
  /** Registries whose images are kept here too; absent: none. */
  readonly mirrors?: Pick<Mirrors, 'find' | 'check' | 'expire'>
  /** Told after each pass that was not a dry run. */
  readonly onCollected?: (report: GarbageReport, took: Milliseconds) => void
}

/** A tag of another registry that nobody has pulled for this long is kept no more. */
const mirroredMs: Milliseconds = 30 * 24 * 3_600_000

/** All of it over one registry. */
export function createImages(parts: ImagesParts): Images {
  let collecting: Promise<GarbageReport> | undefined
  const pass = async (): Promise<GarbageReport> => {
    const startedAt = parts.clock.now()
    parts.mirrors?.expire(startedAt - mirroredMs)
    const report = { ...(await collectGarbage(parts, { dryRun: false })), trees: (await parts.pruneTrees?.()) ?? 0 }
    parts.onCollected?.(report, parts.clock.now() - startedAt)
    return report
  }
  return {
    list: async (project) => listEntries(parts, await readGraph(parts), { wanted: isOf(project), pushes: parts.pushes(project) }),
    inspect: async (project, reference) => inspect(parts, await readGraph(parts), { project, found: findImage(parts, isVisible(parts, project), reference) }),
    sbom: (project, reference) => billOf(parts, project, reference),
    history: (project, reference) => history(parts, project, reference),
    remove: async (project, reference) => remove(parts, findImage(parts, isOf(project), reference)),
    scrub: (options) => scrub(parts, options),
    collect({ dryRun }) {
      if (dryRun) return collectGarbage(parts, { dryRun })
      collecting ??= pass().finally(() => {
        collecting = undefined
      })
      return collecting
    },
  }
}

/** A project's repositories: its own name in lower case, and what is below it. */
function isOf(project: ProjectName): (repository: string) => boolean {
  const name = project.toLowerCase()
  return (repository) => repository === name || repository.startsWith(`${name}/`)
}

/** What may be looked at: images of other registries belong to everybody here. */
function isVisible({ mirrors }: ImagesParts, project: ProjectName): (repository: string) => boolean {
  const own = isOf(project)
  return (repository) => own(repository) || mirrors?.find(repository.split('/')[0] ?? '') !== undefined
}

interface Found {
  readonly manifest: StoredManifest
  /** The tag that was named. */
  readonly tag?: string
}

/** `acme/hello:v1`, `acme/hello@sha256:…`, `v1`, `sha256:…`. */
function parseReference(reference: string): { readonly named?: string; readonly tag?: string; readonly digest?: string } {
  const [, before = '', digest] = /^(?:(.*)@)?(sha(?:256|512):[0-9a-f]+)$/.exec(reference) ?? [undefined, reference]
  const [, named, tag] = /^([^:]*\/[^:]*)?:?(.*)$/.exec(before) ?? []
  return { ...(named ? { named } : {}), ...(tag ? { tag } : {}), ...(digest ? { digest } : {}) }
}

/** @throws PushwayError `image-missing`, `usage` when several begin so */
function findImage({ index }: KeeperParts, own: (repository: string) => boolean, reference: string): Found {
  const all = index.allManifests().filter(({ repository }) => own(repository))
  const tags = index.allTags().filter(({ repository }) => own(repository))
  const { named, tag, digest } = parseReference(reference)
  const inRepository = (repository: string) => named === undefined || repository === named
  const wanted = digest ?? (tag !== undefined && /^[0-9a-f]{6,64}$/.test(tag) && !tags.some((one) => one.tag === tag) ? `sha256:${tag}` : undefined)
  if (wanted !== undefined) {
    const found = all.filter((manifest) => inRepository(manifest.repository) && manifest.digest.startsWith(wanted))
    if (new Set(found.map((manifest) => manifest.digest)).size > 1)
      throw fail('usage', { problem: `${found.length} images begin with ${wanted}.`, hint: 'Write more of the digest.' })
    if (found[0]) return { manifest: found[0] }
  }
  const meant = tags.find((one) => inRepository(one.repository) && one.tag === (tag ?? 'latest'))
  const manifest = meant && all.find((one) => one.repository === meant.repository && one.digest === meant.digest)
  if (!manifest || wanted !== undefined) throw fail('image-missing', { image: reference })
  return { manifest, tag: meant.tag }
}

function listEntries(
  { index }: KeeperParts,
  graph: ImageGraph,
  { wanted, pushes }: { wanted: (repository: string) => boolean; pushes: readonly RecordedPush[] },
): readonly ImageEntry[] {
  const lookup = makeLookup(graph)
  const stateOf = (manifest: StoredManifest) => pushes.find((push) => placeOf(push) === placeOf(manifest))?.evidence
  return index
    .allManifests()
    .filter(({ repository }) => wanted(repository))
    .map((manifest) => {
      const evidenceState = stateOf(manifest)
      return { ...entryOf(lookup, manifest), ...(evidenceState ? { evidenceState } : {}) }
    })
    .toReversed()
}

/** A graph by what is asked of it for each image. Places are `repository@digest`. */
interface Lookup {
  readonly nodes: ReadonlyMap<string, ManifestNode>
  readonly tags: ReadonlyMap<string, readonly string[]>
  readonly uses: ReadonlyMap<string, readonly ImageUse[]>
  /** Blob → how many different manifests have it. */
  readonly owners: ReadonlyMap<Digest, number>
}

function makeLookup(graph: ImageGraph): Lookup {
  const nodes = new Map(graph.manifests.map((node) => [placeOf(node), node]))
  const tags = new Map<string, string[]>()
  for (const tag of graph.tags) tags.set(placeOf(tag), [...(tags.get(placeOf(tag)) ?? []), tag.tag])
  const uses = new Map<string, ImageUse[]>()
  const byDigest = new Map<Digest, ImageUse[]>()
  for (const use of graph.uses) byDigest.set(use.digest, [...(byDigest.get(use.digest) ?? []), use])
  const spread = (node: ManifestNode | undefined, found: readonly ImageUse[]): void => {
    if (!node) return
    uses.set(placeOf(node), [...new Set([...(uses.get(placeOf(node)) ?? []), ...found])])
    for (const digest of node.parts?.manifests ?? []) spread(nodes.get(placeOf({ repository: node.repository, digest })), found)
  }
  for (const node of graph.manifests) if (byDigest.has(node.digest)) spread(node, byDigest.get(node.digest) ?? [])
  return { nodes, tags, uses, owners: countOwners(graph) }
}

function placeOf({ repository, digest }: { readonly repository: string; readonly digest: Digest }): string {
  return `${repository}@${digest}`
}

function countOwners(graph: ImageGraph): ReadonlyMap<Digest, number> {
  const owners = new Map<Digest, number>()
  for (const { parts } of new Map(graph.manifests.map((node) => [node.digest, node])).values())
    for (const blob of new Set(parts?.blobs.map((one) => one.digest))) owners.set(blob, (owners.get(blob) ?? 0) + 1)
  return owners
}

function entryOf({ nodes, tags, uses, owners }: Lookup, manifest: StoredManifest): ImageEntry {
  const { repository, digest, mediaType, seenAt, size, subject } = manifest
  const place = placeOf(manifest)
  const blobs = [...new Map((nodes.get(place)?.parts?.blobs ?? []).map((blob) => [blob.digest, blob.size]))]
  const sum = (of: readonly (readonly [Digest, number])[]) => of.reduce((total, [, bytes]) => total + bytes, size)
  return {
    ...{ repository, digest, mediaType, seenAt },
    tags: tags.get(place) ?? [],
    size: sum(blobs),
    own: sum(blobs.filter(([blob]) => owners.get(blob) === 1)),
    ...(subject ? { subject } : {}),
    uses: uses.get(place) ?? [],
  }
}

async function inspect(parts: ImagesParts, graph: ImageGraph, { project, found }: { project: ProjectName; found: Found }): Promise<ImageDetails> {
  const { manifest, tag } = found
  const { repository, digest } = manifest
  const lookup = makeLookup(graph)
  const node = lookup.nodes.get(placeOf(manifest))
  const stored = new Set(graph.blobs.map((blob) => blob.digest))
  const sizes = new Map(graph.blobs.map((blob) => [blob.digest, blob.size]))
  const children = (node?.parts?.manifests ?? []).map((child) => ({ digest: child, size: sizes.get(child) ?? 0, kind: 'manifest' as const }))
  const blobs = (node?.parts?.blobs ?? []).map((blob) => ({ ...blob, kind: 'blob' as const }))
  const referrers = await readReferrers({ index: parts.index, documents: createDocuments(parts.blobs) }, repository, digest)
  const config = await configView(parts.blobs, manifest)
  return {
    ...entryOf(lookup, manifest),
    ...(manifest.subject === undefined ? { evidence: await parts.evidence.check(project, repository, digest) } : {}),
    pushes: pushesOf(parts, project, { manifest }),
    ...(config ? { config } : {}),
    parts: [...children, ...blobs].map((part) => ({ ...part, stored: stored.has(part.digest) })),
    ...originOf(parts, repository, tag),
    referrers: referrers.map((one) => ({ digest: one.digest, ...(one.artifactType ? { artifactType: one.artifactType } : {}) })),
  }
}

/** Of an image of another registry: which one, and when it was last asked what the tag means. */
function originOf({ mirrors }: ImagesParts, repository: string, tag: string | undefined): Pick<ImageDetails, 'mirror'> {
  const found = mirrors?.find(repository.split('/')[0] ?? '')
  if (!found) return {}
  const checkedAt = tag === undefined ? undefined : mirrors?.check(repository, tag)?.checkedAt
  return { mirror: { host: found.host, url: found.url, ...(checkedAt === undefined ? {} : { checkedAt }) } }
}

/** @throws PushwayError `image-without-bill` */
async function billOf(parts: ImagesParts, project: ProjectName, reference: string): Promise<Uint8Array> {
  const { repository, digest } = findImage(parts, isVisible(parts, project), reference).manifest
  const bill = await parts.evidence.sbom(project, repository, digest)
  if (!bill) throw fail('image-without-bill', { image: `${repository}@${digest}` })
  return bill
}

/** What the configuration says; undefined for an index, and for what is no image. */
async function configView(blobs: BlobStore, manifest: StoredManifest): Promise<ImageConfigView | undefined> {
  if (!isImageManifest(manifest.mediaType) || manifest.subject !== undefined) return undefined
  const read = await readImage(blobs, manifest.digest).catch(() => undefined)
  if (!read) return undefined
  const { file } = read
  const config = toImageConfig(read.manifest, file)
  return {
    platform: `${file.os ?? 'linux'}/${file.architecture ?? 'unknown'}`,
    base: config.base,
    command: [...(config.entrypoint ?? []), ...(config.cmd ?? [])],
    workingDir: config.workingDir,
    ...(config.user ? { user: config.user } : {}),
    ports: config.exposedPorts,
    history: (file.history ?? []).map(({ created_by }) => created_by ?? ''),
  }
}

async function history(parts: ImagesParts, project: ProjectName, reference: string | undefined): Promise<readonly ImagePushEntry[]> {
  return pushesOf(parts, project, reference === undefined ? undefined : findImage(parts, isOf(project), reference))
}

function pushesOf(parts: ImagesParts, project: ProjectName, found: Found | undefined): readonly ImagePushEntry[] {
  const uses = parts.uses.current()
  const own = isOf(project)
  return parts
    .pushes(project)
    .filter(({ repository, tag, digest }) => {
      if (!own(repository) || !found) return own(repository)
      return repository === found.manifest.repository && (found.tag === undefined ? digest === found.manifest.digest : tag === found.tag)
    })
    .map(({ evidence: _, ...push }) => ({
      ...push,
      stored: parts.index.manifest(push.repository, push.digest) !== undefined,
      uses: uses.filter((use) => use.digest === push.digest),
    }))
}

/** @throws PushwayError `image-in-use` when an environment needs the manifest, or an index that lists it */
export function refuseInUse(parts: Pick<KeeperParts, 'index' | 'uses'>, repository: string, digest: Digest): void {
  const manifests = []
  for (const stored of parts.index.allManifests()) {
    if (stored.repository !== repository) continue
    const found = parts.index.parts(stored.digest)
    manifests.push({ ...stored, ...(found ? { parts: found } : {}) })
  }
  const held = holders({ repository, digest }, { manifests, uses: parts.uses.current() })
  if (held.length > 0) throw fail('image-in-use', { image: `${repository}@${digest}`, where: [...new Set(held.map(describeUse))].join(', ') })
}

function remove(parts: KeeperParts, { manifest, tag }: Found) {
  const { repository, digest } = manifest
  refuseInUse(parts, repository, digest)
  if (tag !== undefined) {
    parts.index.removeTag(repository, tag)
    return { repository, digest, tags: [tag] }
  }
  const tags = parts.index.allTags().filter((one) => one.repository === repository && one.digest === digest)
  parts.index.removeManifest(repository, digest)
  return { repository, digest, tags: tags.map((one) => one.tag) }
}
