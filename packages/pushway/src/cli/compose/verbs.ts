// The verbs of `pushway compose`, a file each. A new verb is a new file and a line here.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { register as config } from './config.ts'
import { register as version } from './version.ts'

export interface ComposeVerb {
  /** Adds the verb to `pushway compose`. */
  readonly register: (compose: Command, context: CommandContext) => void
}

export const verbs: readonly ComposeVerb[] = [{ register: config }, { register: version }]
