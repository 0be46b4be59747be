// Images through the engine: load, pull, build. Errors come inside these streams, after a status that says all is well.

import type { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { type Engine, EngineRefusal } from './client.ts'
import { readJsonLines } from './frames.ts'
import { type EngineProgress, type ImageDetails, imageDetails, progressMessage } from './schema.ts'

export type OnProgress = (progress: EngineProgress) => void

/** An image by reference or id; undefined when the engine has none. */
export function findImage(engine: Engine, reference: string, signal?: AbortSignal): Promise<ImageDetails | undefined> {
  return engine.find(imageDetails, { method: 'GET', path: `/images/${reference}/json`, ...(signal ? { signal } : {}) })
}

/** Gives the engine the images of a `docker save` archive. @throws PushwayError `engine-refused` with what the stream says */
export async function loadImages(
  engine: Engine,
  archive: Readable,
  options: { readonly signal?: AbortSignal; readonly onProgress?: OnProgress } = {},
): Promise<void> {
  const { signal, onProgress } = options
  const body = await engine.open({
    method: 'POST',
    path: '/images/load',
    query: { quiet: true },
    headers: { 'content-type': 'application/x-tar' },
    stream: archive,
    ...(signal ? { signal } : {}),
  })
  await readProgress(body, 'loading an image', onProgress)
}

export interface PullOptions {
  readonly platform?: string
  /** `X-Registry-Auth` as it is. */
  readonly auth?: string
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/** Lets the engine fetch an image from its registry. @throws PushwayError `image-pull-failed` with the registry's words */
export async function pullImage(engine: Engine, reference: string, options: PullOptions = {}): Promise<void> {
  const { platform, auth, signal, onProgress } = options
  const { name, tag } = splitReference(reference)
  try {
    const body = await engine.open({
      method: 'POST',
      path: '/images/create',
      query: { fromImage: name, tag, platform },
      ...(auth ? { headers: { 'x-registry-auth': auth } } : {}),
      ...(signal ? { signal } : {}),
    })
    await readProgress(body, reference, onProgress)
  } catch (error) {
    const problem = error instanceof EngineRefusal ? error.message : error instanceof StreamProblem ? error.message : undefined
    if (problem === undefined) throw error
    if (/no space left on device/i.test(problem)) throw fail('disk-full', { where: 'the container engine’s storage' })
    throw fail('image-pull-failed', { image: reference, problem })
  }
}

/** A tag or digest of its own; without either it would be all tags, so `latest`. */
export function splitReference(reference: string): { readonly name: string; readonly tag: string } {
  const digest = reference.indexOf('@')
  if (digest >= 0) return { name: reference.slice(0, digest).replace(/:[^/:]+$/, ''), tag: reference.slice(digest + 1) }
  const tag = /^(.+):([^/:]+)$/.exec(reference)
  return tag?.[1] && tag[2] ? { name: tag[1], tag: tag[2] } : { name: reference, tag: 'latest' }
}

/** An error that came inside a stream. */
export class StreamProblem extends Error {}

/** Reads such a stream to its end, telling what comes. @throws StreamProblem with the engine's words, as a whole sentence of people's own */
export async function readProgress(body: Readable, what: string, onProgress?: OnProgress): Promise<void> {
  for await (const line of readJsonLines(body)) {
    const found = progressMessage.safeParse(line)
    if (!found.success) continue
    const problem = found.data.errorDetail?.message || found.data.error
    if (problem) throw new StreamProblem(problem.trim() || what)
    onProgress?.(found.data)
  }
}

export interface BuildRequest {
  /** The context as a tar archive, Dockerfile included. */
  readonly context: Readable
  /** Query of `POST /build` as the API names it: dockerfile, t, target, buildargs (an object), labels (an object), nocache, pull, … */
  readonly query: Readonly<Record<string, string | number | boolean | object | undefined>>
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/** Builds with the engine's classic builder; gives the image's id. @throws StreamProblem, EngineRefusal with the builder's words */
export async function buildImage(engine: Engine, { context, query, signal, onProgress }: BuildRequest): Promise<string> {
  const body = await engine.open({
    method: 'POST',
    path: '/build',
    // Containers of steps that failed, too, are removed.
    query: { rm: true, forcerm: true, ...query },
    headers: { 'content-type': 'application/x-tar' },
    stream: context,
    ...(signal ? { signal } : {}),
  })
  let id = ''
  await readProgress(body, 'building an image', (progress) => {
    const aux = progress.aux as { readonly ID?: unknown } | undefined
    if (typeof aux?.ID === 'string') id = aux.ID
    onProgress?.(progress)
  })
  if (id === '') throw new StreamProblem('the build ended without an image')
  return id
}

/** Whether the engine's `POST /build` has BuildKit: Docker's has, Podman builds with its own. */
export async function hasBuildKit(engine: Engine): Promise<boolean> {
  return (await engine.version()).engine !== 'podman'
}
