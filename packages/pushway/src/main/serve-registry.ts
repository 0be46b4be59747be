// Puts the registry together: who may what, what must stay, which other registries it looks in, and who hears of pushes.

import type { ProjectName } from '@pushway/core/text/ids.ts'
import { registryAccess } from '../http/server.ts'
import type { RawHandler, Services } from '../http/services.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { ImageUses } from '../ports/images.ts'
import type { RegistryIndex } from '../ports/registry-index.ts'
import { refuseInUse } from '../registry/images.ts'
import { createRegistry } from '../registry/index.ts'
import type { Meter } from '../registry/meter.ts'
import { createMirrorService } from '../registry/mirror/index.ts'

interface Parts extends Pick<Services, 'accounts' | 'imagePolicies' | 'mirrors' | 'queries' | 'commands' | 'clock' | 'log'> {
  readonly blobs: BlobStore
  readonly index: RegistryIndex
  readonly imageUses: ImageUses
  readonly meter: Meter
  /** Bytes; the registry's own limit when absent. */
  readonly blobLimit?: number
}

/** The handler of `/v2/`. */
export function serveRegistry(parts: Parts): RawHandler {
  const { blobs, index, meter, queries, commands, mirrors, clock, log, blobLimit } = parts
  return createRegistry({
    ...{ blobs, index, meter },
    ...(blobLimit === undefined ? {} : { blobLimit }),
    access: registryAccess(parts),
    mirror: createMirrorService({
      ...{ mirrors, log, now: () => clock.now(), count: meter.mirror },
      isLocal: (repository) => index.hasRepository(repository) || isOfProject(queries.projectNames(), repository),
    }),
    refuseInUse: (repository, digest) => refuseInUse({ index, uses: parts.imageUses }, repository, digest),
    onPush: ({ repository, tag, digest, source, principal }) =>
      commands.imagePushed({
        repository,
        digest,
        by: principal.name,
        ...(tag ? { tag } : {}),
        ...(source ? { source } : {}),
        ...(principal.run ? { run: principal.run } : {}),
      }),
  })
}

/** Whether a repository is one of a project of ours: no other registry is asked for it, whatever it is called there. */
function isOfProject(projects: readonly ProjectName[], repository: string): boolean {
  const owner = repository.split('/').slice(0, 2).join('/')
  return projects.some((name) => name.toLowerCase() === owner)
}
