// The Docker builder: Docker Engine and Podman by their API. BuildKit where the engine has it, the classic builder otherwise; the image lands in the store.

import { join, relative } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { buildImage, type Engine, type EngineProgress, EngineRefusal, pullImage, refused, StreamProblem } from '../../../util/engine-api/index.ts'
import type { BuildOptions, BuildResult } from '../embedded/types.ts'
import { createTrace } from './buildkit-trace.ts'
import { archiveContext } from './context-archive.ts'
import { saveToStore } from './save.ts'

/** The embedded builder's options, as far as an engine has them too. */
export interface EngineBuildOptions
  extends Pick<
    BuildOptions,
    'context' | 'dockerfile' | 'origin' | 'target' | 'buildArgs' | 'labels' | 'tags' | 'store' | 'noCache' | 'noNetwork' | 'log' | 'signal' | 'sourceDateEpoch'
  > {
  readonly engine: Engine
  /** `classic` when it is asked for; `auto`: BuildKit where there. */
  readonly builder: 'auto' | 'classic'
  /** Ask for newer bases. */
  readonly pull?: boolean
  /** Images whose layers may be used; `auth` is a registry's `X-Registry-Auth`. */
  readonly cacheFrom?: readonly { readonly reference: string; readonly auth?: string }[]
  /** Let the image carry what it takes to use its layers as a cache. */
  readonly inlineCache?: boolean
}

/**
 * Builds with the engine and brings the image into `options.store`.
 * @throws PushwayError `command-failed` (a RUN), `engine-refused`, `engine-unreachable`, `usage`, `disk-full`
 */
export async function buildWithEngine(options: EngineBuildOptions): Promise<BuildResult> {
  const { engine, log, signal } = options
  const version = await engine.version()
  const buildKit = options.builder === 'auto' && version.engine === 'docker'
  await fetchCaches(options)
  const archive = await archiveContext(options.context, options.dockerfile ?? join(options.context, 'Dockerfile'))
  const progress = buildKit ? createTrace(log) : createClassic(log)
  log(`Building with ${version.engine === 'podman' ? 'Podman' : 'the Docker Engine'} ${version.version}, ${buildKit ? 'BuildKit' : 'the classic builder'}`)
  try {
    const id = await buildImage(engine, {
      context: archive.stream,
      query: { ...queryOf(options, archive.dockerfile), ...(buildKit ? { version: 2 } : {}) },
      onProgress: progress.take,
      ...(signal ? { signal } : {}),
    })
    const image = await saveToStore(options, id)
    log(`Successfully built ${image.digest.slice(7, 19)} from ${relative(options.context, archive.dockerfilePath) || archive.dockerfile}`)
    for (const tag of options.tags ?? []) log(`Successfully tagged ${tag}`)
    return image
  } catch (error) {
    signal?.throwIfAborted()
    throw toProblem(error, progress)
  } finally {
    archive.stream.destroy()
  }
}

function queryOf(options: EngineBuildOptions, dockerfile: string): Readonly<Record<string, string | number | boolean | object | undefined>> {
  const { buildArgs = {}, labels = {}, cacheFrom = [], sourceDateEpoch } = options
  const more = {
    ...(options.inlineCache ? { BUILDKIT_INLINE_CACHE: '1' } : {}),
    ...(sourceDateEpoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(sourceDateEpoch) }),
  }
  return {
    dockerfile,
    target: options.target,
    buildargs: { ...more, ...buildArgs },
    labels,
    nocache: options.noCache ? true : undefined,
    pull: options.pull ? true : undefined,
    networkmode: options.noNetwork ? 'none' : undefined,
    cachefrom: cacheFrom.length === 0 ? undefined : cacheFrom.map(({ reference }) => reference),
  }
}

/** The engine keeps what it fetched: its builders look for layers there. One that is missing is no error: it is a first build. */
async function fetchCaches({ engine, cacheFrom = [], log, signal }: EngineBuildOptions): Promise<void> {
  for (const { reference, auth } of cacheFrom) {
    try {
      await pullImage(engine, reference, { ...(auth ? { auth } : {}), ...(signal ? { signal } : {}) })
      log(`Using the layers of ${reference}`)
    } catch (error) {
      signal?.throwIfAborted()
      log(`There are no layers of ${reference} to use: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

/** What a builder says, in the words of the embedded one; the last lines are kept for errors. */
export interface BuildProgress {
  readonly take: (progress: EngineProgress) => void
  readonly step: () => string
  readonly tail: () => readonly string[]
}

/** The classic builder's text, line by line. */
function createClassic(log: (line: string) => void): BuildProgress {
  let rest = ''
  let step = ''
  const tail: string[] = []
  const say = (line: string) => {
    if (/^(?:Step|STEP) \d+\/\d+/.test(line)) step = line.replace(/^step \d+\/\d+ ?: /i, '')
    else if (!line.startsWith(' ---> ')) tail.push(line)
    if (tail.length > 5) tail.shift()
    log(/^ ?-{2,3}> Using cache/i.test(line) ? ' ---> CACHED' : line)
  }
  return {
    take({ stream, status }) {
      const lines = (rest + (stream ?? (status ? `${status}\n` : ''))).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') say(line.trimEnd())
    },
    step: () => step,
    tail: () => tail,
  }
}

/** A command that failed is the user's; the rest is the engine's. */
function toProblem(error: unknown, progress: BuildProgress): unknown {
  if (!(error instanceof StreamProblem)) return error instanceof EngineRefusal ? refused('the build', error) : error
  const exit = /(?:exit code|non-zero code|exit status):? (\d+)/i.exec(error.message)?.[1]
  if (exit !== undefined) return fail('command-failed', { command: progress.step(), exit: Number(exit), output: progress.tail().join(' | ').slice(0, 400) })
  if (/no space left on device/i.test(error.message)) return fail('disk-full', { where: 'the container engine’s storage' })
  return fail('engine-refused', { what: 'the build', problem: error.message })
}
