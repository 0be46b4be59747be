// How the steps of a job reach the engine: opened when the first one needs it, and left clean.

import type { Engine } from '../../util/engine-api/index.ts'
import type { JobContainers } from './open-containers.ts'

export interface DockerAccess {
  /** Undefined when none answers. */
  engine(): Promise<Engine | undefined>
  /** The network that containers of steps join. */
  network(): string
  readonly mark: string
  close(): Promise<void>
}

/** @param containers those of the job, if it has any: their network is joined, and they are removed by themselves */
export function createDockerAccess(mark: string, containers: () => JobContainers | undefined): DockerAccess {
  let opened: Promise<Engine | undefined> | undefined
  const open = async () => containers()?.engine ?? (await import('../../util/engine-jobs.ts')).openEngine()
  return {
    mark,
    engine: () => {
      opened ??= open()
      return opened
    },
    network: () => containers()?.network ?? 'bridge',
    async close() {
      await containers()?.close()
      const engine = containers() ? undefined : await opened
      if (engine) await (await import('../../util/engine-jobs.ts')).removeMarked(engine, mark)
    },
  }
}
