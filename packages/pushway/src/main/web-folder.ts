// Where the built UI is.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { selfCommand } from '../util/self.ts'

/** The folder of the built UI: beside the bundle, or the bundle's when the program runs from its sources. Undefined: not built. */
export function webFolder(): string | undefined {
  const entry = selfCommand().at(-1) ?? ''
  const dist = entry.endsWith('.ts') ? fileURLToPath(new URL('../../dist', import.meta.url)) : join(entry, '..')
  const folder = join(dist, 'web')
  return existsSync(folder) ? folder : undefined
}
