// What is spawned for an instance: its command, working directory and environment.

import { join } from 'node:path'
import type { Program, Word } from '../ports/agent.ts'
import { isolateCommand } from '../util/isolation/index.ts'
import { joinInside } from '../util/paths.ts'

/** An instance's own folders and ports. */
export interface InstancePlace {
  readonly id: string
  /** Holds `tree/` (the image's files) and `run/` (the preload). */
  readonly dir: string
  /** Target port → port of this machine. */
  readonly ports: Readonly<Record<number, number>>
}

export interface Launch {
  readonly argv: readonly string[]
  readonly uid?: number
  readonly gid?: number
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

function treeOf(place: InstancePlace): string {
  return join(place.dir, 'tree')
}

/** How to start `words` (the program itself, or a probe's command) as the instance. */
export function launchOf(program: Program, place: InstancePlace, words: readonly Word[]): Launch {
  const { isolation } = program
  const env = environmentOf(program, place)
  const command = isolateCommand(
    { kind: isolation.kind, why: '', mounts: isolation.mounts, pids: isolation.pids },
    {
      argv: words.map((word) => resolveWord(word, place)),
      hide: isolation.hide,
      keep: [treeOf(place)],
      keepReadOnly: [join(place.dir, 'run'), ...isolation.keepReadOnly],
      uid: isolation.uid,
      // Outside a pid namespace every signal reaches the program; through one only these two do without ending it.
      pidNamespace: program.stopSignal === 'SIGTERM' || program.stopSignal === 'SIGINT',
      env,
    },
  )
  return { ...command, cwd: joinInside(treeOf(place), `.${program.workingDir}`), env: command.env ?? env }
}

function resolveWord(word: Word, place: InstancePlace): string {
  return typeof word === 'string' ? word : joinInside(treeOf(place), `.${word.inTree}`)
}

/** Nothing of the agent's own environment but PATH reaches a program. */
export function environmentOf(program: Program, place: InstancePlace): Readonly<Record<string, string>> {
  const { env } = program
  const ports = Object.entries(place.ports)
  const path = [...program.path, env.PATH ?? '', process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'].filter((part) => part !== '').join(':')
  const preload = `--require=${JSON.stringify(join(place.dir, 'run', 'preload.cjs'))}`
  return {
    HOME: treeOf(place),
    ...env,
    PATH: path,
    ...portEnvironment(program, place),
    NODE_OPTIONS: env.NODE_OPTIONS ? `${env.NODE_OPTIONS} ${preload}` : preload,
    PUSHWAY_INSTANCE: place.id,
    PUSHWAY_PORTS: ports.map(([target, host]) => `${target}=${host}`).join(','),
    PUSHWAY_SERVICES: Object.entries(program.services)
      .map(([name, address]) => `${name}=${address}`)
      .join(','),
  }
}

/** PORT is the machine's port of the first target; a PORT of the team's own is moved when it names a target, else left alone. */
function portEnvironment(program: Program, place: InstancePlace): Readonly<Record<string, string>> {
  const target = program.env.PORT === undefined ? program.ports[0] : Number(program.env.PORT)
  const host = target === undefined ? undefined : place.ports[target]
  return host === undefined ? {} : { PORT: String(host) }
}
