// Tells one build of the program from another.

import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'

/** A short name of the build that `launch` (an argument array) starts: it changes when its program file, the last file among the arguments, does. */
export function programBuild(launch: readonly string[]): string {
  for (const file of [...launch].reverse()) {
    const found = statSync(file, { throwIfNoEntry: false })
    if (found?.isFile())
      return createHash('sha256')
        .update(`${file}\0${found.size}\0${Math.floor(found.mtimeMs)}`)
        .digest('hex')
        .slice(0, 16)
  }
  return 'unknown'
}
