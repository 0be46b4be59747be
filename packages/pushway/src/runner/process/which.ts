// Whether a program is on the PATH of this process.

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => dir !== '' && isExecutable(join(dir, program)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
