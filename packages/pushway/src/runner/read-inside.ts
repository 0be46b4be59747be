// Reads a file below a folder that steps write: links lead no further than the folder, because the worker may read more than the job.

import { closeSync, constants, existsSync, openSync, readFileSync, realpathSync } from 'node:fs'
import { sep } from 'node:path'
import { joinInside } from '../util/paths.ts'
import { ActionFailure } from './actions/types.ts'

/** Its text; undefined when it is not there. @throws ActionFailure when a link leads out, PushwayError `path-outside` */
export function readFileInside(root: string, path: string): string | undefined {
  const file = joinInside(root, path)
  if (!existsSync(file)) return undefined
  if (!realpathSync(file).startsWith(realpathSync(root) + sep)) throw new ActionFailure(`${path} leads out of the workspace.`)
  const fd = openSync(realpathSync(file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}
