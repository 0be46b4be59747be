// One container for each process of a Docker action: created, attached to, removed.

import type { Readable } from 'node:stream'
import { createdAnswer, type Engine, readOutput, refused, waitAnswer } from '../../util/engine-api/index.ts'
import { labelsOf, removeQuietly } from '../../util/engine-jobs.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Running, StartOptions } from '../start-process.ts'
import { bindsOf, moveInside, type Place } from './places.ts'

export interface ActionSandboxOptions {
  readonly engine: Engine
  readonly image: string
  readonly entrypoint?: string
  readonly network: string
  readonly places: readonly Place[]
  /** More mounts: the engine's socket. */
  readonly binds: readonly string[]
  readonly mark: string
}

/** `argv` of what is started are the arguments of the entrypoint. */
export function createActionSandbox(options: ActionSandboxOptions): Sandbox {
  const { engine, image, places } = options
  const start = async (argv: readonly string[], { cwd, env, onOutput }: StartOptions): Promise<Running> => {
    const id = await create(options, { argv, cwd, env })
    const connection = await engine.hijack({ method: 'POST', path: `/containers/${id}/attach`, query: { stream: true, stdout: true, stderr: true } })
    try {
      await engine.tell({ method: 'POST', path: `/containers/${id}/start` })
    } catch (error) {
      connection.destroy()
      await removeQuietly(engine, `/containers/${id}`)
      throw refused(`the action's container of ${image}`, error)
    }
    return {
      ended: finish(engine, { id, output: connection.output, onOutput }),
      signal: (signal) => void engine.tell({ method: 'POST', path: `/containers/${id}/kill`, query: { signal } }).catch(() => undefined),
    }
  }
  const create = async (
    { entrypoint, network, binds, mark }: ActionSandboxOptions,
    { argv, cwd, env }: Omit<StartOptions, 'onOutput'> & { argv: readonly string[] },
  ) => {
    const body = {
      Image: image,
      ...(entrypoint ? { Entrypoint: [entrypoint] } : {}),
      ...(argv.length > 0 ? { Cmd: argv } : {}),
      Env: Object.entries(env).map(([name, value]) => `${name}=${moveInside(value, places)}`),
      WorkingDir: moveInside(cwd, places),
      Labels: labelsOf(mark),
      HostConfig: { Binds: [...bindsOf(places), ...binds], NetworkMode: network },
    }
    try {
      return (await engine.call(createdAnswer, { method: 'POST', path: '/containers/create', body })).Id
    } catch (error) {
      throw refused(`a container of ${image}`, error)
    }
  }
  return { start, close: async () => undefined }
}

async function finish(engine: Engine, { id, output, onOutput }: { id: string; output: Readable; onOutput: (chunk: Buffer) => void }): Promise<number> {
  for await (const { bytes } of readOutput(output, false)) onOutput(bytes)
  const { StatusCode } = await engine.call(waitAnswer, { method: 'POST', path: `/containers/${id}/wait`, idleMs: 2 ** 31 - 1 })
  await removeQuietly(engine, `/containers/${id}`)
  return StatusCode
}
