// What the parts of the driver share.

import type { BlobStore } from '../../../ports/blobs.ts'
import type { Engine, EngineInfo } from '../../../util/engine-api/index.ts'
import type { createLocks } from '../../../util/locks.ts'
import type { Reach } from './container-body.ts'
import type { GroupStore } from './state.ts'

export interface DockerContext {
  readonly engine: Engine
  readonly store: GroupStore
  readonly blobs: BlobStore
  readonly locks: ReturnType<typeof createLocks>
  /** How this machine reaches the engine's containers. */
  reach(): Promise<Reach>
}

/** Bridges of another machine, of a virtual one, or of a user's own network namespace can't be reached from here. */
export function reachOf(info: EngineInfo, local: boolean): Reach {
  const rootless = (info.SecurityOptions ?? []).some((option) => /name=rootless/.test(option))
  const virtual = /docker desktop|colima|orbstack|rancher/i.test(info.OperatingSystem)
  return local && !rootless && !virtual && process.platform === 'linux' ? 'bridge' : 'published'
}
