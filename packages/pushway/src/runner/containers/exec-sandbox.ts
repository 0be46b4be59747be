// Processes of a job inside its container. They end with it.

import { type Engine, readOutput, runExec, startExec } from '../../util/engine-api/index.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Running, StartOptions } from '../start-process.ts'
import { moveInside, type Place } from './places.ts'

export interface ExecSandboxOptions {
  readonly engine: Engine
  readonly container: string
  readonly places: readonly Place[]
}

/** In the environment of one process and of all that it starts, so that they are found when they shall stop. */
const stepVariable = 'PUSHWAY_STEP_MARK'
const kill =
  'for dir in /proc/[0-9]*; do if tr "\\0" "\\n" < "$dir/environ" 2>/dev/null | grep -qx "$1"; then kill -s "$2" "${dir#/proc/}" 2>/dev/null; fi; done; true'

export function createExecSandbox({ engine, container, places }: ExecSandboxOptions): Sandbox {
  const inside = (text: string) => moveInside(text, places)
  let count = 0
  const start = async (argv: readonly string[], { cwd, env, onOutput }: StartOptions): Promise<Running> => {
    const mark = String(count++)
    const started = await startExec(engine, container, {
      argv: argv.map(inside),
      env: { ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, inside(value)])), [stepVariable]: mark },
      workingDir: inside(cwd),
    })
    const read = async () => {
      for await (const { bytes } of readOutput(started.output, false)) onOutput(bytes)
      return started.exitCode()
    }
    const signal = (name: NodeJS.Signals) => {
      // What can't be sent has ended already; what can't be ended ends with the container.
      void runExec(engine, container, { argv: ['sh', '-c', kill, 'sh', `${stepVariable}=${mark}`, name.replace('SIG', '')] }).catch(() => undefined)
    }
    return { ended: read(), signal }
  }
  return { start, close: async () => undefined }
}
