// Ends the job workers of a data folder, with everything their jobs run: for `pushway down --all`.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readWorkerIdentity } from '../../../util/job-spool.ts'
import { endMarkedProcesses, endProcess, isSameProcess } from '../../../util/process-identity.ts'

/** How many were ended. Their jobs are found lost, and said to be so, when a server starts again. */
export function stopWorkers(dataDir: string): number {
  const jobs = join(dataDir, 'jobs')
  const spools = list(jobs).flatMap((run) => list(join(jobs, run)).map((attempt) => join(jobs, run, attempt)))
  const workers = spools.flatMap((spool) => readWorkerIdentity(spool) ?? []).filter(({ pid, startTime }) => isSameProcess(pid, startTime))
  for (const { pid, mark } of workers) {
    endProcess(-pid)
    endProcess(pid)
    endMarkedProcesses(mark)
  }
  return workers.length
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
