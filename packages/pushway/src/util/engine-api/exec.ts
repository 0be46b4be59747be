// A command inside a running container.

import { z } from 'zod'
import type { Engine, RawConnection } from './client.ts'
import { readOutput } from './frames.ts'
import { execDetails } from './schema.ts'

export interface ExecRequest {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly user?: string
  readonly workingDir?: string
  readonly tty?: boolean
  readonly privileged?: boolean
  /** Whether it reads an input. */
  readonly stdin?: boolean
  readonly signal?: AbortSignal
}

export interface StartedExec extends RawConnection {
  /** Its exit code, once it has ended. */
  exitCode(): Promise<number>
  /** Tells a terminal its size. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>
}

const created = z.object({ Id: z.string() })

/** Starts a command in container `id`. */
export async function startExec(engine: Engine, id: string, request: ExecRequest): Promise<StartedExec> {
  const { argv, env = {}, user, workingDir, tty = false, privileged = false, stdin = false, signal } = request
  const body = {
    Cmd: argv,
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    AttachStdin: stdin,
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    Privileged: privileged,
    ...(user ? { User: user } : {}),
    ...(workingDir ? { WorkingDir: workingDir } : {}),
  }
  const { Id } = await engine.call(created, { method: 'POST', path: `/containers/${id}/exec`, body, ...(signal ? { signal } : {}) })
  const connection = await engine.hijack({ method: 'POST', path: `/exec/${Id}/start`, body: { Detach: false, Tty: tty }, ...(signal ? { signal } : {}) })
  return {
    ...connection,
    async exitCode() {
      for (let round = 0; ; round++) {
        const now = await engine.call(execDetails, { method: 'GET', path: `/exec/${Id}/json` })
        // Its output ends a moment before the engine knows that it has ended.
        if (!now.Running || round >= 100) return now.ExitCode ?? -1
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    resize: ({ columns, rows }) => engine.tell({ method: 'POST', path: `/exec/${Id}/resize`, query: { w: columns, h: rows } }),
  }
}

/** Runs a command to its end; gives its exit code and the end of what it wrote. With the request's signal it is left running. */
export async function runExec(engine: Engine, id: string, request: ExecRequest): Promise<{ exit: number; output: string }> {
  const started = await startExec(engine, id, request)
  const { signal } = request
  const onAbort = () => started.destroy()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    let output = ''
    for await (const { bytes } of readOutput(started.output, request.tty ?? false)) output = (output + bytes.toString('utf8')).slice(-4096)
    signal?.throwIfAborted()
    return { exit: await started.exitCode(), output }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    started.destroy()
  }
}
