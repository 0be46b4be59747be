// A disk that a job has filled, by name: programs say it in their own ways, or not at all.

import { statfsSync } from 'node:fs'

/** What the log of the step says. */
export const diskIsFull = 'There is no space left on the disk of the workspace. Let the job write less, or give the machine a larger disk.'

/** Below that nothing of use can be written. */
const leastBytes = 64 * 1024

/** Whether the disk that holds `dir` is full. */
export function isDiskFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir)
    return bavail * bsize < leastBytes
  } catch {
    return false
  }
}

/** Whether the runner itself could not write. */
export function saysDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}
