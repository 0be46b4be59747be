// Named pipes for the output of processes, made by one call.

import { chownSync } from 'node:fs'
import { dirname } from 'node:path'
import { execProgram } from '../util/exec.ts'

/** Only the uid, if there is one, and the worker can use them. @throws Error when they can't be made */
export async function makeFifos(files: readonly string[], uid: number | undefined): Promise<readonly string[]> {
  if (files.length === 0) return files
  const made = await execProgram(['mkfifo', '-m', '600', '--', ...files])
  if (made.exit !== 0) throw new Error(`Named pipes could not be made in ${dirname(files[0] as string)}: ${made.stderr.trim()}`)
  if (uid !== undefined) for (const file of files) chownSync(file, uid, uid)
  return files
}
