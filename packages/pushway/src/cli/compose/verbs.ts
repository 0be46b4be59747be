// The verbs of `pushway compose`, a file each. A new verb is a new file and a line here.

import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { register as config } from './config.ts'
import { register as cp } from './cp.ts'
import { register as down } from './down.ts'
import { register as exec } from './exec.ts'
import { register as images } from './images.ts'
import { register as lifecycle } from './lifecycle.ts'
import { register as logs } from './logs.ts'
import { register as look } from './look.ts'
import { register as ps } from './ps.ts'
import { register as refused } from './refused.ts'
import { register as run } from './run.ts'
import { register as up } from './up.ts'
import { register as version } from './version.ts'

export interface ComposeVerb {
  /** Adds the verb to `pushway compose`. */
  readonly register: (compose: Command, context: CommandContext) => void
}

/** In the order in which the help shows them. */
export const verbs: readonly ComposeVerb[] = [config, up, down, ps, logs, images, lifecycle, exec, cp, run, look, version, refused].map((register) => ({
  register,
}))
