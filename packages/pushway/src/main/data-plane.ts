// The data plane: the proxy and the agent, found running or started, and started again when they are gone.

import { ensureProxy } from '../drivers/router/embedded/index.ts'
import { ensureAgent } from '../drivers/runtime/process/index.ts'
import type { ProgramLog } from '../ports/world.ts'
import { selfCommand } from '../util/self.ts'
import type { DataFolder } from './data-folder.ts'

const lookEveryMs = 2_000

/** Adopts or starts both; looks after them until `signal`. */
export async function startDataPlane(folder: DataFolder, options: { log: ProgramLog; signal: AbortSignal }): Promise<void> {
  const agent = () => ensureAgent({ stateDir: folder.path('agent'), launch: [...selfCommand(), 'internal', 'agent', '--state', folder.path('agent')] })
  const proxy = () => ensureProxy({ stateDir: folder.path('proxy'), launch: [...selfCommand(), 'internal', 'proxy', '--state', folder.path('proxy')] })
  const [agentRuns, proxyRuns] = await Promise.all([agent(), proxy()])
  options.log.info('data plane', { agent: agentRuns.adopted ? 'adopted' : 'started', proxy: proxyRuns.adopted ? 'adopted' : 'started' })
  void lookAfter([agent, proxy], options)
}

async function lookAfter(
  ensure: readonly (() => Promise<{ readonly adopted: boolean }>)[],
  { log, signal }: { log: ProgramLog; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, lookEveryMs)
      timer.unref()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    if (signal.aborted) return
    for (const one of ensure) {
      const found = await one().catch((error: unknown) => void log.error('a process of the data plane could not be started', { problem: String(error) }))
      if (found && !found.adopted) log.warn('a process of the data plane was gone and has been started again')
    }
  }
}
