// pushway shell: a team's own script, or a shell, in which docker-compose and docker are ours.

import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { selfCommand } from '../../util/self.ts'

/** Adds `pushway shell`. */
export function register(program: Command, context: Pick<CommandContext, 'exit' | 'engineAnswers'>): void {
  program
    .command('shell')
    .summary('a script with our docker-compose and docker on its PATH')
    .description(
      "Runs a script (or, without one, a shell) with docker-compose and docker compose as pushway compose. The script's first two arguments are ENV and VERSION in its environment, for the variables of compose files; what is set already stays.",
    )
    .passThroughOptions()
    .argument('[command...]', 'the script and its arguments: -- ./deploy.sh staging 1.2.0')
    .action(async (words: readonly string[]) => {
      const argv = words.length > 0 ? words : [process.env.SHELL || '/bin/sh']
      const bin = mkdtempSync(join(tmpdir(), 'pushway-shell-'))
      try {
        writePrograms(bin)
        const engine = await context.engineAnswers()
        const env = { ...argumentVariables(words), ...process.env, ...(engine ? { PUSHWAY_BUILDER: 'docker' } : {}), PUSHWAY_OWN_COMPOSE: '1' }
        context.exit(await runScript(argv, { ...env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` }))
      } finally {
        rmSync(bin, { recursive: true, force: true })
      }
    })
}

/** `./deploy.sh staging 1.2.0` → ENV and VERSION, as such scripts read their arguments. */
function argumentVariables([, environment, version]: readonly string[]): Readonly<Record<string, string>> {
  return { ...(environment === undefined ? {} : { ENV: environment }), ...(version === undefined ? {} : { VERSION: version }) }
}

function writePrograms(bin: string): void {
  const programs: Readonly<Record<string, readonly string[]>> = {
    docker: [...selfCommand(), 'internal', 'docker'],
    'docker-compose': [...selfCommand(), 'internal', 'docker', 'compose'],
  }
  for (const [name, argv] of Object.entries(programs)) {
    const words = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${words} "$@"\n`)
    chmodSync(join(bin, name), 0o700)
  }
}

/** Its exit code; a signal's as shells give it. @throws PushwayError `usage` when it can't be started */
function runScript([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // Ctrl+C reaches the script itself: what it then gives is the answer.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  const child = spawn(program, args, { env, stdio: 'inherit', shell: false })
  return new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const problem = error.code === 'ENOENT' ? 'there is no such program' : error.code === 'EACCES' ? 'it may not be executed (chmod +x)' : error.message
      reject(
        fail('usage', {
          problem: `${program} can't be started: ${problem}.`,
          hint: 'Name the script with its path: pushway shell -- ./deploy.sh staging 1.2.0',
        }),
      )
    })
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  }).finally(() => process.off('SIGINT', ignore))
}
