// `pushway run` without the rest of the program: bundled into one file, so that a short run starts fast.

import { register } from '../cli/commands/run.ts'
import { createRoot, parseCall } from '../cli/root.ts'
import { reportFailure } from './failure.ts'
import { version } from './version.ts'

/** As the program itself with these arguments (the first one is `run`); gives the exit code. */
export async function runAlone(argv: readonly string[]): Promise<number> {
  let exit = 0
  const program = createRoot(version)
  register(program, {
    exit: (code) => {
      exit = code
    },
  })
  try {
    return (await parseCall(program, argv)) ?? exit
  } catch (error) {
    return reportFailure(error)
  }
}
