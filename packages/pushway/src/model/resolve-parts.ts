// From what a release says of mounts and networks to what a runtime is given: names filled in, files of the commit written out.

import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppFile, Mount } from '@pushway/core/app/parts.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Release, ReleasedService } from '@pushway/core/release/types.ts'
import type { GroupSpec, ResolvedMount, ResolvedNetwork } from '../ports/runtime.ts'
import { placeOnce } from '../util/place-once.ts'
import type { Workshop } from './workshop.ts'

interface Place {
  readonly shop: Workshop
  readonly release: Release
  readonly service: ReleasedService
  /** Fills secrets into a text. */
  readonly fill: (text: string) => string
}

type Parts = Pick<GroupSpec, 'project' | 'mounts' | 'networks' | 'restart' | 'resources' | 'container'>

/**
 * What a service's containers are made with besides its program.
 * @throws PushwayError `not-found` when a file of the repository, a config or a secret is not there
 */
export async function resolveParts(place: Place): Promise<Parts> {
  const { release, service } = place
  const networks = networksOf(place)
  const mounts = await Promise.all((service.mounts ?? []).map((mount) => resolveMount(place, mount)))
  return {
    ...(release.shared?.name === undefined ? {} : { project: release.shared.name }),
    ...(mounts.length > 0 ? { mounts } : {}),
    ...(networks ? { networks } : {}),
    ...(service.restart ? { restart: service.restart } : {}),
    ...(service.resources ? { resources: service.resources } : {}),
    ...(service.container ? { container: service.container } : {}),
  }
}

/** Undefined leaves the choice to the runtime: one network for all. */
function networksOf({ release, service }: Place): readonly ResolvedNetwork[] | undefined {
  const known = release.shared?.networks
  if (!known) return undefined
  const wanted = service.networks ?? (known.default ? [{ network: 'default' }] : undefined)
  return wanted?.flatMap(({ network, ...rest }) => {
    const found = known[network]
    return found ? [{ ...rest, network: found }] : []
  })
}

async function resolveMount(place: Place, mount: Mount): Promise<ResolvedMount> {
  const { shared } = place.release
  switch (mount.kind) {
    case 'tmpfs':
    case 'image':
      return mount
    case 'volume': {
      const { volume, ...rest } = mount
      const found = volume === undefined ? undefined : shared?.volumes?.[volume]
      if (volume !== undefined && !found) throw fail('not-found', { what: 'volume', name: volume })
      return { ...rest, ...(found ? { volume: found } : {}) }
    }
    case 'bind': {
      const { from, object: _, ...rest } = mount
      return from === 'machine' ? rest : { ...rest, path: await writeOut(place, mount) }
    }
    case 'file': {
      const { source, ...rest } = mount
      const file = (mount.from === 'config' ? shared?.configs : shared?.secrets)?.[source]
      if (!file) throw fail('not-found', { what: mount.from, name: source })
      const content = await contentOf(place, file)
      return { ...rest, name: file.name, contentBase64: content.toString('base64') }
    }
  }
}

/** A service may write into what it mounts: each service of an environment has its own, as long as its content in the repository is the same. */
async function writeOut({ shop, release, service }: Place, mount: Extract<Mount, { kind: 'bind' }>): Promise<string> {
  const { git, server } = shop.world
  const { path, object = 'none' } = mount
  const owner = createHash('sha256')
    .update(JSON.stringify([release.project, release.environment, service.name, path, object]))
    .digest('hex')
    .slice(0, 32)
  const dir = await placeOnce(server.filesDir, owner, async (to) => {
    const there = await git.exportPath(release.project, release.commit, { path, to: join(to, 'content') })
    if (there) return
    if (!mount.createPath) throw fail('not-found', { what: 'file of the repository', name: path })
    await mkdir(join(to, 'content'))
  })
  return join(dir, 'content')
}

async function contentOf({ shop, release, fill }: Place, file: AppFile): Promise<Buffer> {
  const { source, name } = file
  switch (source.kind) {
    case 'content':
      return Buffer.from(fill(source.content))
    case 'environment':
      if (source.value === undefined) throw fail('not-found', { what: 'variable', name: source.variable })
      return Buffer.from(fill(source.value))
    case 'machine':
      return readFile(source.path).catch(() => {
        throw fail('not-found', { what: `file of ${name}`, name: source.path })
      })
    case 'project': {
      const bytes = await shop.world.git.readFile(release.project, release.commit, source.path)
      if (!bytes) throw fail('not-found', { what: 'file of the repository', name: source.path })
      return Buffer.from(bytes)
    }
    case 'external': {
      // Made by others than the app's files: here that is a secret of the project.
      const value = shop.world.settings.secrets({ project: release.project, environment: release.environment })[name]?.value
      if (!value) throw fail('not-found', { what: 'secret', name })
      return Buffer.from(value.reveal())
    }
  }
}
