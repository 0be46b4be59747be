// Stops what a data folder's server has left running: instances, agent, proxy.

import { stopProxy } from '../drivers/router/embedded/index.ts'
import { stopAgent } from '../drivers/runtime/process/index.ts'
import { controlSocket } from '../util/control-socket.ts'
import { openDataFolder } from './data-folder.ts'

/** Instances first, then the agent, then the proxy. @throws PushwayError `data-in-use` while its server runs */
export async function stopAll(data: string): Promise<readonly string[]> {
  const folder = openDataFolder(data)
  try {
    await stopAgent(controlSocket(folder.path('agent'), 'agent'), true)
    await stopProxy(controlSocket(folder.path('proxy'), 'proxy'))
    return ['instances', 'agent', 'proxy']
  } finally {
    folder.release()
  }
}
