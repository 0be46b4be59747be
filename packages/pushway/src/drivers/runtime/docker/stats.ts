// What containers use now.

import type { InstanceStats } from '../../../ports/runtime.ts'
import { statsAnswer } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'
import type { Member } from './members.ts'

/** Takes about a second: the engine measures CPU time over one. */
export async function readStats(context: DockerContext, members: readonly Member[], signal: AbortSignal): Promise<readonly InstanceStats[]> {
  const all = await Promise.all(
    members.map(async ({ container }) => {
      const one = () =>
        context.engine.find(statsAnswer, { method: 'GET', path: `/containers/${container}/stats`, query: { stream: false, 'one-shot': true }, signal })
      const before = await one()
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const after = await one()
      return before && after ? [toStats(container, before, after)] : []
    }),
  )
  return all.flat()
}

type Sample = ReturnType<typeof statsAnswer.parse>

function toStats(container: string, before: Sample, after: Sample): InstanceStats {
  const { memory_stats: memory, networks = {} } = after
  const seconds = (Date.parse(after.read) - Date.parse(before.read)) / 1000
  const used = (after.cpu_stats.cpu_usage.total_usage - before.cpu_stats.cpu_usage.total_usage) / 1e9
  // As `docker stats`: the page cache that can be given back does not count.
  const cache = memory.stats?.inactive_file ?? memory.stats?.total_inactive_file ?? 0
  const total = (key: 'rx_bytes' | 'tx_bytes') => Object.values(networks).reduce((sum, one) => sum + one[key], 0)
  return {
    id: container.slice(0, 12),
    cpuCores: seconds > 0 ? Math.max(0, used / seconds) : 0,
    memoryBytes: Math.max(0, (memory.usage ?? 0) - cache),
    ...(memory.limit === undefined ? {} : { memoryLimitBytes: memory.limit }),
    processes: after.pids_stats?.current ?? 0,
    receivedBytes: total('rx_bytes'),
    sentBytes: total('tx_bytes'),
  }
}
