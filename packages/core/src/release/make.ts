// Makes a release: every image by digest, the configuration rendered, nothing left to look up later.

import { probesFor } from '../app/probe.ts'
import { usualProtocol } from '../app/protocol.ts'
import { canonicalJson } from '../app/render.ts'
import type { App, BuildOptions, ImageSource, PinnedImage, Port, Service } from '../app/types.ts'
import type { ImageBuildInfo } from '../event/types.ts'
import type { ServiceHints } from '../project/types.ts'
import { fail, type PushwayError } from '../reason/errors.ts'
import type { CommitId, Digest, EnvironmentName, EpochMs, ProjectName, ReleaseId, RunId } from '../text/ids.ts'
import { repositoryOf, tagOf } from './reference.ts'
import type { Release, ReleasedService } from './types.ts'

export interface FoundImage {
  readonly repository: string
  readonly digest: Digest
  readonly exclusive?: boolean
}

/** An image that this release's run pushed. */
export interface PushedImage extends FoundImage {
  readonly tag?: string
  readonly source?: ImageBuildInfo
}

/** What is known about images when a release is made; grows from call to call as the shell builds and resolves. */
export interface ResolvedImages {
  /** By this run, oldest first. */
  readonly pushed: readonly PushedImage[]
  /** `NeededBuild.key` → the image that was built for it. */
  readonly built: Readonly<Record<string, FoundImage>>
  /** Reference as written → what it is; resolved once. */
  readonly resolved: Readonly<Record<string, FoundImage>>
  /** Build key or reference → why it could not be had. */
  readonly failed?: Readonly<Record<string, string>>
  /** Digest → ports that the image says it listens on (EXPOSE). */
  readonly exposed?: Readonly<Record<Digest, readonly number[]>>
  /** Registry hosts that mean the embedded registry; any host when absent. */
  readonly aliases?: readonly string[]
}

export interface NeededBuild {
  /** The same for every service with this context, file, target and options. */
  readonly key: string
  readonly service: string
  readonly context: string
  readonly dockerfile: string
  readonly target?: string
  /** The name the file wants for it. */
  readonly image?: string
  readonly options?: BuildOptions
}

export interface NeededResolve {
  readonly reference: string
  readonly service: string
}

export interface ReleaseInput {
  readonly id: ReleaseId
  readonly project: ProjectName
  readonly environment: EnvironmentName
  readonly number: number
  readonly commit: CommitId
  readonly run?: RunId
  readonly createdAt: EpochMs
  readonly app: App
  readonly hints: Readonly<Record<string, ServiceHints>>
  /** File's published port → port on this machine. */
  readonly publish: Readonly<Record<number, number>>
  readonly images: ResolvedImages
  readonly secretVersions: Readonly<Record<string, number>>
  /** Hexadecimal sha256 of UTF-8 text, with or without `sha256:` before it. */
  readonly sha256: (text: string) => string
}

export type ReleaseResult =
  | { readonly kind: 'release'; readonly release: Release }
  /** Build and resolve these, then call again with them in `images`. */
  | { readonly kind: 'needs'; readonly builds: readonly NeededBuild[]; readonly resolves: readonly NeededResolve[] }
  /** One `image-not-pinned` per service without an image. */
  | { readonly kind: 'refused'; readonly problems: readonly PushwayError[] }

type Pin =
  | { readonly kind: 'pinned'; readonly image: PinnedImage }
  | { readonly kind: 'build'; readonly build: NeededBuild }
  | { readonly kind: 'resolve'; readonly resolve: NeededResolve }
  | { readonly kind: 'problem'; readonly problem: PushwayError }

/** The release of an app, or what must be built or resolved first. Follows the rules of "What a release pins". */
export function makeRelease(input: ReleaseInput): ReleaseResult {
  const pins = input.app.services.map((service) => pinService(service, input))
  const problems = pins.flatMap((pin) => (pin.kind === 'problem' ? [pin.problem] : []))
  if (problems.length > 0) return { kind: 'refused', problems }
  const builds = uniqueBy(
    pins.flatMap((pin) => (pin.kind === 'build' ? [pin.build] : [])),
    (build) => build.key,
  )
  const resolves = uniqueBy(
    pins.flatMap((pin) => (pin.kind === 'resolve' ? [pin.resolve] : [])),
    (resolve) => resolve.reference,
  )
  if (builds.length > 0 || resolves.length > 0) return { kind: 'needs', builds, resolves }
  const services = input.app.services.flatMap((service, index): ReleasedService[] => {
    const pin = pins[index]
    return pin?.kind === 'pinned' ? [releasedService(service, pin.image, input)] : []
  })
  const { id, project, environment, number, commit, run, createdAt, secretVersions } = input
  const shared = sharedOf(input.app)
  const contentDigest = contentDigestOf({ services, secretVersions, ...(shared ? { shared } : {}) }, input.sha256)
  return {
    kind: 'release',
    release: {
      id,
      project,
      environment,
      number,
      commit,
      ...(run === undefined ? {} : { run }),
      createdAt,
      services,
      ...(shared ? { shared } : {}),
      secretVersions,
      contentDigest,
    },
  }
}

/** The digest that approvals bind to: what runs and with what, whoever made it and when. Order of services and origin of images do not matter. */
function contentDigestOf(content: Pick<Release, 'services' | 'secretVersions' | 'shared'>, sha256: (text: string) => string): Digest {
  const services = Object.fromEntries(
    content.services.map(({ image, ...service }) => [service.name, { ...service, image: { repository: image.repository, digest: image.digest } }]),
  )
  const hash = sha256(canonicalJson({ services, secretVersions: content.secretVersions, shared: content.shared }))
  return hash.startsWith('sha256:') ? hash : `sha256:${hash}`
}

/** What the services share; undefined when that is only the default network, which has nothing of its own. */
function sharedOf({ services: _, ...shared }: App): Release['shared'] {
  const { networks = {}, volumes, configs, secrets } = shared
  const { default: own, ...others } = networks
  const plain = Object.keys(others).length === 0 && Object.keys(own ?? {}).every((key) => key === 'name')
  return plain && !volumes && !configs && !secrets ? undefined : shared
}

function releasedService(service: Service, image: PinnedImage, { hints, publish, images }: ReleaseInput): ReleasedService {
  const hint = hints[service.name]
  const { image: _, ready: __, live: ___, ports, ...rest } = service
  const mapped = ports.map((port): Port => (port.published === undefined ? port : { ...port, published: publish[port.published] ?? port.published }))
  const hinted = hint?.port !== undefined && !mapped.some((port) => port.target === hint.port)
  const named: readonly Port[] = hinted && hint.port !== undefined ? [...mapped, { target: hint.port, protocol: 'http' }] : mapped
  const exposed = (images.exposed?.[image.digest] ?? []).filter((target) => !named.some((port) => port.target === target))
  const all = [...named, ...exposed.map((target): Port => ({ target, protocol: usualProtocol(target) }))]
  return { ...rest, ports: all, image, ...probesFor({ ...service, ports: all }, hint) }
}

function pinService(service: Service, input: ReleaseInput): Pin {
  return service.image.kind === 'image' ? pinReference(service.name, service.image.reference, input.images) : pinBuild(service.name, service.image, input)
}

function pinReference(service: string, reference: string, images: ResolvedImages): Pin {
  const own = findPushed(reference, images)
  if (own) return { kind: 'pinned', image: { repository: own.repository, digest: own.digest, origin: 'pushed' } }
  const resolved = images.resolved[reference]
  if (resolved) return { kind: 'pinned', image: resolvedImage(resolved) }
  const problem = images.failed?.[reference]
  if (problem !== undefined) return { kind: 'problem', problem: fail('image-not-pinned', { service, problem }) }
  return { kind: 'resolve', resolve: { reference, service } }
}

function resolvedImage({ repository, digest, exclusive }: FoundImage): PinnedImage {
  return { repository, digest, origin: 'resolved', ...(exclusive ? { exclusive } : {}) }
}

/** The run's own image of this repository: of the same tag when it pushed several, else its newest. A reference by digest means only that one. */
function findPushed(reference: string, images: ResolvedImages): PushedImage | undefined {
  const repository = repositoryOf(reference, images.aliases)
  if (repository === undefined) return undefined
  const same = images.pushed.filter((image) => image.repository.toLowerCase() === repository)
  const digest = /@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.exec(reference)?.[1]
  if (digest) return same.find((image) => image.digest === digest)
  return same.findLast((image) => image.tag === tagOf(reference)) ?? same.at(-1)
}

function pinBuild(service: string, build: Extract<ImageSource, { kind: 'build' }>, { app, images }: ReleaseInput): Pin {
  const named = build.image === undefined ? undefined : findPushed(build.image, images)
  const own = named ?? images.pushed.findLast((image) => image.source && isBuildOf(image.source, build)) ?? onlyImage(build, app, images)
  if (own) return { kind: 'pinned', image: { repository: own.repository, digest: own.digest, origin: 'pushed' } }
  const key = buildKey(build)
  const built = images.built[key]
  if (built) return { kind: 'pinned', image: { repository: built.repository, digest: built.digest, origin: 'built' } }
  const problem = images.failed?.[key]
  if (problem !== undefined) return { kind: 'problem', problem: fail('image-not-pinned', { service, problem }) }
  const { kind: _, ...wanted } = build
  return { kind: 'build', build: { key, service, ...wanted } }
}

function buildKey({ context, dockerfile, target, options }: Extract<ImageSource, { kind: 'build' }>): string {
  const key = [cleanPath(context), dockerfilePath(context, dockerfile), target ?? '']
  return [...key, ...(options ? [canonicalJson(options)] : [])].join('|')
}

function isBuildOf(source: ImageBuildInfo, build: Extract<ImageSource, { kind: 'build' }>): boolean {
  if (source.context === undefined || cleanPath(source.context) !== cleanPath(build.context)) return false
  const file = source.dockerfile ?? 'Dockerfile'
  const wanted = dockerfilePath(build.context, build.dockerfile)
  const sameFile = cleanPath(file) === wanted || dockerfilePath(source.context, file) === wanted
  return sameFile && (source.target ?? '') === (build.target ?? '')
}

/** One image was pushed, nothing is known about how it was built, and one service builds the root: they belong together. */
function onlyImage(build: Extract<ImageSource, { kind: 'build' }>, app: App, images: ResolvedImages): PushedImage | undefined {
  const builds = app.services.filter((service) => service.image.kind === 'build')
  const digests = new Set(images.pushed.map((image) => image.digest))
  if (builds.length !== 1 || digests.size !== 1 || cleanPath(build.context) !== '.' || build.target !== undefined) return undefined
  const image = images.pushed.at(-1)
  return image?.source?.context === undefined ? image : undefined
}

/** `./a//b/` → `a/b`; the root is `.`. */
function cleanPath(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else parts.push(part)
  }
  return (path.startsWith('/') ? '/' : '') + (parts.join('/') || (path.startsWith('/') ? '' : '.'))
}

/** A Dockerfile's path from the root: compose writes it from the context. */
function dockerfilePath(context: string, dockerfile: string): string {
  return cleanPath(dockerfile.startsWith('/') ? dockerfile : `${context}/${dockerfile}`)
}

function uniqueBy<T>(all: readonly T[], key: (one: T) => string): readonly T[] {
  return [...new Map(all.map((one) => [key(one), one])).values()]
}
