// Stops what a data folder's server has left running: jobs, instances, agent, proxy.

import { stopWorkers } from '../drivers/jobs/host/stop-workers.ts'
import { stopProxy } from '../drivers/router/embedded/index.ts'
import { stopAgent } from '../drivers/runtime/process/index.ts'
import { controlSocket } from '../util/control-socket.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'

const stopMs = 120_000

/** Only when this folder has used an engine: none is asked for without need. */
async function stopContainers(folder: DataFolder): Promise<void> {
  const { existsSync, readdirSync } = await import('node:fs')
  const groups = folder.path('docker', 'groups')
  if (!existsSync(groups) || readdirSync(groups).length === 0) return
  const { openDockerRuntime } = await import('./docker-engine.ts')
  const { openFileBlobs } = await import('../drivers/blobs/files.ts')
  const { docker } = openDockerRuntime(folder, openFileBlobs(folder.path('blobs')), (problem) => process.stderr.write(`${problem}\n`))
  await docker?.stopAll?.(AbortSignal.timeout(stopMs))
}

/** Jobs and instances first, then the agent, then the proxy. @throws PushwayError `data-in-use` while its server runs */
export async function stopAll(data: string): Promise<readonly string[]> {
  const folder = openDataFolder(data)
  try {
    const jobs = stopWorkers(folder.dir)
    await stopAgent(controlSocket(folder.path('agent'), 'agent'), true)
    await stopContainers(folder)
    await stopProxy(controlSocket(folder.path('proxy'), 'proxy'))
    return [...(jobs > 0 ? [`${jobs} job${jobs === 1 ? '' : 's'}`] : []), 'instances', 'agent', 'proxy']
  } finally {
    folder.release()
  }
}
