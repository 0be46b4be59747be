// The program's other processes, started by itself: `pushway internal NAME …`. Not for people.

import { fail } from '@pushway/core/reason/errors.ts'

/** Becomes the process that `args` names; gives its exit code when it ends. */
export async function runInternal(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  switch (name) {
    case 'agent': {
      const { runAgent } = await import('../agent/main.ts')
      const { stateDir, socket } = await place(rest, 'agent')
      await runAgent({ stateDir, socket })
      return 0
    }
    case 'proxy': {
      const { runProxy } = await import('../proxy/main.ts')
      const { stateDir, socket } = await place(rest, 'proxy')
      await runProxy({ stateDir, socket })
      return 0
    }
    case 'worker': {
      const { runWorker } = await import('../runner/worker.ts')
      return runWorker()
    }
    case 'docker': {
      const { runDocker, usesRealCompose } = await import('../drivers/builder/shim/index.ts')
      if (rest[0] === 'compose' && !usesRealCompose(process.env)) {
        const { runCli } = await import('../cli/program.ts')
        const { composition } = await import('./composition.ts')
        return runCli(rest, composition)
      }
      return runDocker(rest, { env: process.env, cwd: process.cwd(), stdin: process.stdin, stdout: process.stdout, stderr: process.stderr })
    }
    case 'action': {
      const { runProcessAction } = await import('../runner/process/index.ts')
      return runProcessAction(rest, process.env)
    }
    default:
      throw fail('usage', { problem: `There is no internal process "${name ?? ''}".`, hint: 'See pushway --help.' })
  }
}

async function place(args: readonly string[], name: string): Promise<{ readonly stateDir: string; readonly socket: string }> {
  const { controlSocket } = await import('../util/control-socket.ts')
  const stateDir = args[args.indexOf('--state') + 1]
  if (!args.includes('--state') || stateDir === undefined)
    throw fail('usage', { problem: `internal ${name} needs --state DIR.`, hint: 'It is started by pushway server.' })
  return { stateDir, socket: controlSocket(stateDir, name) }
}
