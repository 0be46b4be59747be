// Makes releases: the team's files at a commit, images pinned, secrets by version.

import { createHash } from 'node:crypto'
import type { App } from '@pushway/core/app/types.ts'
import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { ReleaseInput as CoreInput, FoundImage, NeededBuild, ReleaseResult, ResolvedImages } from '@pushway/core/release/make.ts'
import { repositoryOf, tagOf } from '@pushway/core/release/reference.ts'
import type { Release } from '@pushway/core/release/types.ts'
import { formatDiagnostic, hasErrors } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, Digest, EnvironmentName, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { configuredApp } from './configured-app.ts'
import { secretsIn } from './group-spec.ts'
import { builtImage } from './own-builds.ts'
import type { Workshop } from './workshop.ts'

/** A pull of a large image takes a while. */
const resolveMs = 10 * 60_000

export type ReleaseOutcome =
  | { readonly kind: 'release'; readonly release: Release; readonly warnings: readonly string[] }
  /** These must be built first; then it is asked again. */
  | { readonly kind: 'needs-builds'; readonly builds: readonly NeededBuild[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }

export interface ReleaseInput {
  readonly project: ProjectName
  readonly environment: EnvironmentConfig
  readonly commit: CommitId
  readonly run?: RunId
  /** Take the images of this release (it is promoted) instead of what was pushed. */
  readonly promoted?: Release
}

/** Text → `sha256:…`. */
function sha256(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** The release of a commit for an environment, not stored yet; its number is the next free one. */
export async function prepareRelease(shop: Workshop, input: ReleaseInput): Promise<ReleaseOutcome> {
  const { project, environment, commit } = input
  const app = await configuredApp(shop, { project, commit, environment })
  if (!app.value || hasErrors(app.diagnostics)) return { kind: 'refused', problems: app.diagnostics.map(formatDiagnostic) }
  const { makeRelease } = await import('@pushway/core/release/make.ts')
  const make = (images: ResolvedImages) => makeRelease(coreInput(shop, { input, app: app.value as App, images }))
  const pushed = startingImages(shop, input)
  const first = make(pushed)
  const images = first.kind === 'needs' ? await answerNeeds(shop, input, { pushed, needs: first }) : pushed
  const pinned = first.kind === 'needs' ? make(images) : first
  // Only now it is known which images they are, and so where they listen.
  const made = pinned.kind === 'release' ? make({ ...images, exposed: await exposedPorts(shop, pinned.release) }) : pinned
  if (made.kind === 'refused') return { kind: 'refused', problems: made.problems.map((problem) => `${problem.message} ${problem.next}`) }
  if (made.kind === 'needs') return { kind: 'needs-builds', builds: made.builds }
  const warnings = app.diagnostics.filter(({ severity }) => severity === 'warning').map(formatDiagnostic)
  return { kind: 'release', release: { ...made.release, runtime: environment.runtime }, warnings }
}

async function exposedPorts({ world }: Workshop, { services }: Release): Promise<Readonly<Record<Digest, readonly number[]>>> {
  const digests = [...new Set(services.map(({ image }) => image.digest))]
  return Object.fromEntries(await Promise.all(digests.map(async (digest) => [digest, (await world.server.exposedPorts?.(digest)) ?? []] as const)))
}

function coreInput(shop: Workshop, { input, app, images }: { input: ReleaseInput; app: App; images: ResolvedImages }): CoreInput {
  const { project, environment, commit, run } = input
  return {
    id: shop.world.ids.next(),
    project,
    environment: environment.name,
    number: shop.world.lists.nextReleaseNumber(project),
    commit,
    ...(run ? { run } : {}),
    createdAt: shop.world.clock.now(),
    app,
    hints: environment.services,
    publish: environment.publish,
    images,
    secretVersions: secretsIn(JSON.stringify(app)),
    sha256,
  }
}

function startingImages(shop: Workshop, { project, run, promoted }: ReleaseInput): ResolvedImages {
  const pushed = promoted ? [] : shop.states.project(project).state.images.filter((image) => run !== undefined && image.run === run)
  return { pushed, built: {}, resolved: {}, aliases: shop.world.server.registryAliases }
}

type Needs = Extract<ReleaseResult, { kind: 'needs' }>
/** A sentence says why it can't be had; undefined: it is not there yet. */
type Answer = readonly [name: string, image: FoundImage | string | undefined]

/** What this run did not push: a promoted release has it, or the embedded registry, or it is a mistake. */
async function answerNeeds(shop: Workshop, input: ReleaseInput, { pushed, needs }: { pushed: ResolvedImages; needs: Needs }): Promise<ResolvedImages> {
  const kept = (service: string) => input.promoted?.services.find(({ name }) => name === service)?.image
  const builds = needs.builds.map(({ key, service }): Answer => [key, kept(service) ?? builtImage(shop, input, service)])
  const resolves = await Promise.all(
    needs.resolves.map(
      async ({ reference, service }): Promise<Answer> => [
        reference,
        kept(service) ?? findTag(shop, reference) ?? (await askRuntime(shop, input.environment, reference)),
      ],
    ),
  )
  const found = (answers: readonly Answer[]) => Object.fromEntries(answers.flatMap(([name, image]) => (typeof image === 'object' ? [[name, image]] : [])))
  const failed = Object.fromEntries([...builds, ...resolves].flatMap(([name, image]) => (typeof image === 'string' ? [[name, image]] : [])))
  return { ...pushed, built: found(builds), resolved: found(resolves), failed }
}

/** An image that the embedded registry has not: the runtime's own store may have it, or fetch it. */
async function askRuntime(shop: Workshop, environment: EnvironmentConfig, reference: string): Promise<FoundImage | string> {
  const runtime = shop.world.runtimes[environment.runtime]
  if (!runtime?.resolveImage) return `${reference} is not in the registry`
  try {
    const found = await runtime.resolveImage(reference, true, AbortSignal.timeout(resolveMs))
    return found ?? `${reference} is neither in the registry nor in the ${environment.runtime} runtime's own store`
  } catch (error) {
    // An engine that is away may come back; what it refuses stays refused.
    if (error instanceof PushwayError && error.kind === 'user') return `${error.message} ${error.next}`.replace(/\.$/, '')
    throw error
  }
}

/** What a reference means in the embedded registry now. */
function findTag(shop: Workshop, reference: string): FoundImage | undefined {
  const repository = repositoryOf(reference, shop.world.server.registryAliases)
  if (repository === undefined) return undefined
  const owner = repository.split('/').slice(0, 2).join('/')
  const tag = tagOf(reference) ?? 'latest'
  return shop.states.project(owner).state.images.findLast((image) => image.repository === repository && image.tag === tag)
}

/** A release that deploys nothing: the record that an environment without files was used with a commit. */
export function recordRelease(shop: Workshop, at: { project: ProjectName; environment: EnvironmentName; commit: CommitId; run?: RunId }): Release {
  const { world } = shop
  return {
    id: world.ids.next(),
    project: at.project,
    environment: at.environment,
    number: world.lists.nextReleaseNumber(at.project),
    commit: at.commit,
    ...(at.run ? { run: at.run } : {}),
    createdAt: world.clock.now(),
    services: [],
    secretVersions: {},
    contentDigest: sha256(`${at.project} ${at.environment} ${at.commit}`),
  }
}
