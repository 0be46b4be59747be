// A real proxy process for tests.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { askProxy, ensureProxy } from '../../packages/pushway/src/drivers/router/embedded/index.ts'
import { tempDir } from './temp.ts'

export interface TestProxy {
  readonly stateDir: string
  readonly socket: string
  readonly launch: readonly string[]
  /** Another argument array that starts the same program, as a newer build would have it. */
  readonly nextLaunch: readonly string[]
  /** Starts it or adopts it, and remembers its process to end it. */
  ensure(launch?: readonly string[]): ReturnType<typeof ensureProxy>
  pid(): Promise<number>
  close(): Promise<void>
}

/** Starts a proxy on a folder of its own. */
export async function startTestProxy(): Promise<TestProxy> {
  const stateDir = tempDir('proxy')
  const program = (name: string) => [
    process.execPath,
    '--import',
    import.meta.resolve('tsx'),
    fileURLToPath(new URL(name, import.meta.url)),
    '--state',
    stateDir,
  ]
  const launch = program('./proxy-program.ts')
  const pids = new Set<number>()
  const ensure = async (wanted: readonly string[] = launch) => {
    const found = await ensureProxy({ stateDir, launch: wanted })
    pids.add(found.pid)
    return found
  }
  const { socket } = await ensure()
  return {
    stateDir,
    socket,
    launch,
    nextLaunch: nextBuild(stateDir, launch),
    ensure,
    pid: async () => (await askProxy(socket))?.pid ?? 0,
    async close() {
      for (const pid of pids) endProcess(pid)
    },
  }
}

/** A program file of its own that loads the same one. */
function nextBuild(stateDir: string, launch: readonly string[]): readonly string[] {
  const [node = '', ...rest] = launch
  const file = join(stateDir, 'next.mjs')
  writeFileSync(file, `await import(${JSON.stringify(pathToFileURL(rest[2] as string).href)})\n`)
  return [node, ...rest.slice(0, 2), file, ...rest.slice(3)]
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
