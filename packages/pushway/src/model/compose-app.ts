// The app of compose files at a commit: every file they name is read from the repository, and pinned by its git object.

import type { AppFile, Mount } from '@pushway/core/app/parts.ts'
import type { App, Service } from '@pushway/core/app/types.ts'
import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import type { Parsed } from '@pushway/core/text/diagnostic.ts'

export interface ComposeFile {
  readonly file: string
  readonly text: string
}

export interface ComposeAtCommit {
  readonly files: readonly ComposeFile[]
  /** The compose project's name when the files say none. */
  readonly name: string
  readonly runtime: EnvironmentConfig['runtime']
  readonly env: Readonly<Record<string, string>>
  /** A file of the repository at the commit; undefined when it is not there. */
  readonly read: (path: string) => Promise<string | undefined>
}

/** Deepest chain of files that name other files. */
const maxRounds = 30

/** Loads, reads what was asked for and was not there yet, and loads again until nothing is missing: loading itself reads nothing. */
export async function composeAt({ files, name, runtime, env, read }: ComposeAtCommit): Promise<Parsed<App>> {
  const { loadCompose } = await import('@pushway/core/compose/load.ts')
  const { parseDotenv } = await import('@pushway/core/compose/dotenv.ts')
  const [first] = files
  const folder = first?.file.includes('/') ? first.file.slice(0, first.file.lastIndexOf('/') + 1) : ''
  const dotenv = await read(`${folder}.env`)
  // The environment's own variables win over the file in the repository.
  const given =
    dotenv === undefined ? { values: {} as Readonly<Record<string, string>>, diagnostics: [] } : parseDotenv({ file: `${folder}.env`, text: dotenv, env })
  const whole = { ...given.values, ...env }
  const profiles = (whole.COMPOSE_PROFILES ?? '').split(',').map((profile) => profile.trim())
  const known = new Map<string, string | undefined>()
  for (let round = 0; ; round++) {
    const asked = new Set<string>()
    const parsed = loadCompose(files, {
      env: whole,
      profiles,
      name,
      runtime,
      read: (path) => {
        if (!known.has(path)) asked.add(path)
        return known.get(path)
      },
    })
    if (asked.size === 0 || round === maxRounds) return { ...parsed, diagnostics: [...given.diagnostics, ...parsed.diagnostics] }
    await Promise.all([...asked].map(async (path) => known.set(path, await read(path))))
  }
}

/** The app with every file and folder of the repository named by its git object, so that a changed one changes the release. */
export async function pinFiles(app: App, objectOf: (path: string) => Promise<string | undefined>): Promise<App> {
  const paths = [
    ...app.services.flatMap((service) => (service.mounts ?? []).flatMap(projectPath)),
    ...filesOf(app).flatMap(({ source }) => projectPath(source)),
  ]
  const found = await Promise.all([...new Set(paths)].map(async (path) => [path, await objectOf(path)] as const))
  const objects = new Map(found.filter((entry): entry is [string, string] => entry[1] !== undefined))
  if (objects.size === 0) return app
  return {
    ...app,
    services: app.services.map((service) => pinService(service, objects)),
    ...(app.configs ? { configs: pinAll(app.configs, objects) } : {}),
    ...(app.secrets ? { secrets: pinAll(app.secrets, objects) } : {}),
  }
}

function filesOf({ configs, secrets }: App): readonly AppFile[] {
  return [...Object.values(configs ?? {}), ...Object.values(secrets ?? {})]
}

function projectPath(place: Mount | AppFile['source']): readonly string[] {
  if (place.kind === 'bind') return place.from === 'project' ? [place.path] : []
  return place.kind === 'project' ? [place.path] : []
}

function pinService(service: Service, objects: ReadonlyMap<string, string>): Service {
  if (!service.mounts) return service
  const mounts = service.mounts.map((mount): Mount => {
    const object = mount.kind === 'bind' && mount.from === 'project' ? objects.get(mount.path) : undefined
    return mount.kind === 'bind' && object !== undefined ? { ...mount, object } : mount
  })
  return { ...service, mounts }
}

function pinAll(files: Readonly<Record<string, AppFile>>, objects: ReadonlyMap<string, string>): Readonly<Record<string, AppFile>> {
  return Object.fromEntries(
    Object.entries(files).map(([key, file]) => {
      const { source } = file
      const object = source.kind === 'project' ? objects.get(source.path) : undefined
      return [key, source.kind === 'project' && object !== undefined ? { ...file, source: { ...source, object } } : file]
    }),
  )
}
