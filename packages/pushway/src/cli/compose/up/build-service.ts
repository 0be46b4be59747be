// The image of a service with `build`: its context packed and given to the engine's builder.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { BuildModel, ServiceModel } from '@pushway/core/compose/app/model.ts'
import { composeLabel } from '@pushway/core/compose/run/labels.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import { createTrace } from '../../../drivers/builder/docker/buildkit-trace.ts'
import { archiveContext } from '../../../drivers/builder/docker/context-archive.ts'
import { buildImage, EngineRefusal, hasBuildKit, StreamProblem } from '../../../util/engine-api/index.ts'
import type { ProjectSituation } from '../situation.ts'
import { imageName } from './image-name.ts'

export interface BuildWishes {
  readonly noCache?: boolean
  readonly pull?: boolean
  readonly quiet?: boolean
  readonly args?: Readonly<Record<string, string>>
}

/** Builds the image of service `key`; gives its id. @throws PushwayError `command-failed`, `usage` (no Dockerfile), `not-yet` */
export async function buildService(situation: ProjectSituation, key: string, wishes: BuildWishes = {}): Promise<string> {
  const { engine, name, model, progress } = situation
  const service = model.services[key] as ServiceModel
  const build = service.build as BuildModel
  refuseUnknown(key, build)
  const { path, remove } = dockerfileOf(build)
  const image = imageName(name, key, service)
  const log = (line: string) => (wishes.quiet ? undefined : progress.line(`#${key} ${line}`))
  const trace = createTrace(log)
  const archive = await archiveContext(build.context, path)
  progress.say(key, 'Building')
  try {
    const query = {
      ...queryOf(situation, key, wishes),
      dockerfile: archive.dockerfile,
      t: image,
      ...((await hasBuildKit(engine)) ? { version: 2 } : {}),
    }
    const id = await buildImage(engine, { context: archive.stream, query, onProgress: trace.take })
    for (const tag of build.tags ?? []) {
      const at = /^(.+?)(?::([^/:]+))?$/.exec(tag)
      await engine.tell({ method: 'POST', path: `/images/${id}/tag`, query: { repo: at?.[1] ?? tag, tag: at?.[2] ?? 'latest' } })
    }
    progress.say(key, 'Built')
    return id
  } catch (error) {
    progress.say(key, 'Error')
    if (!(error instanceof EngineRefusal || error instanceof StreamProblem)) throw error
    for (const line of trace.tail()) process.stderr.write(`${line}\n`)
    throw fail('engine-refused', { what: `the build of ${key}`, problem: error.message.trim().replace(/\.$/, '') })
  } finally {
    archive.stream.destroy()
    remove()
  }
}

function queryOf({ name, model, project }: ProjectSituation, key: string, wishes: BuildWishes) {
  const service = model.services[key] as ServiceModel
  const build = service.build as BuildModel
  // An argument without a value is the variable of that name.
  const args = Object.entries({ ...build.args, ...wishes.args }).flatMap(([arg, value]) => {
    const known = value ?? project.env[arg]
    return known === undefined ? [] : [[arg, known] as const]
  })
  return {
    buildargs: Object.fromEntries(args),
    labels: { ...build.labels, [composeLabel.project]: name, [composeLabel.service]: key },
    target: build.target,
    networkmode: build.network,
    platform: service.platform ?? build.platforms?.[0],
    nocache: wishes.noCache || build.no_cache ? true : undefined,
    pull: wishes.pull || build.pull ? true : undefined,
    shmsize: build.shm_size,
    extrahosts: build.extra_hosts?.map((host) => host.replace('=', ':')).join(',') || undefined,
    cachefrom: build.cache_from,
  }
}

/** The file, or one with the text that the compose file has. */
function dockerfileOf(build: BuildModel): { readonly path: string; readonly remove: () => void } {
  if (build.dockerfile_inline === undefined) return { path: resolve(build.context, build.dockerfile ?? 'Dockerfile'), remove: () => undefined }
  const folder = mkdtempSync(join(tmpdir(), 'pushway-compose-'))
  writeFileSync(join(folder, 'Dockerfile'), build.dockerfile_inline, { mode: 0o600 })
  return { path: join(folder, 'Dockerfile'), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** What needs a conversation with BuildKit that its plain API does not have: refused, because the image would be another. */
function refuseUnknown(key: string, build: BuildModel): void {
  const refused = (['secrets', 'ssh', 'additional_contexts', 'entitlements', 'ulimits', 'privileged'] as const).find((name) => {
    const value = build[name]
    return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
  })
  if (refused) throw fail('not-yet', { what: `services.${key}.build.${refused} in pushway compose` })
  if (/^(https?:|git@|ssh:|git:)/.test(build.context)) throw fail('not-yet', { what: `services.${key}.build from ${build.context} in pushway compose` })
}
