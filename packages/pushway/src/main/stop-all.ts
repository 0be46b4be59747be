// Stops what a data folder's server has left running: jobs, instances, agent, proxy.

import { stopWorkers } from '../drivers/jobs/host/stop-workers.ts'
import { stopProxy } from '../drivers/router/embedded/index.ts'
import { stopAgent } from '../drivers/runtime/process/index.ts'
import { controlSocket } from '../util/control-socket.ts'
import { openDataFolder } from './data-folder.ts'

/** Jobs and instances first, then the agent, then the proxy. @throws PushwayError `data-in-use` while its server runs */
export async function stopAll(data: string): Promise<readonly string[]> {
  const folder = openDataFolder(data)
  try {
    const jobs = stopWorkers(folder.dir)
    await stopAgent(controlSocket(folder.path('agent'), 'agent'), true)
    await stopProxy(controlSocket(folder.path('proxy'), 'proxy'))
    return [...(jobs > 0 ? [`${jobs} job${jobs === 1 ? '' : 's'}`] : []), 'instances', 'agent', 'proxy']
  } finally {
    folder.release()
  }
}
