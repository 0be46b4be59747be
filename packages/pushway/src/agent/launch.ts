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

/** How to start a step as the instance: what it leaves running goes on, so it has no pid namespace. */
export function launchOfStep(program: Program, place: InstancePlace, words: readonly Word[]): Launch {
  return launch({ program, place, words, step: true })
}

/** How to start `words` (the program itself, or a probe's command) as the instance. */
export function launchOf(program: Program, place: InstancePlace, words: readonly Word[]): Launch {
  return launch({ program, place, words, step: false })
}

function launch({ program, place, words, step }: Whose & { readonly words: readonly Word[]; readonly step: boolean }): Launch {
  const { isolation } = program
  const env = environmentOf(program, place)
  const command = isolateCommand(
    { kind: isolation.kind, why: '', mounts: isolation.mounts, pids: isolation.pids },
    {
      argv: words.map((word) => resolveWord(word, { program, place })),
      hide: isolation.hide,
      keep: [treeOf(place), ...(program.host ? [runOf(place)] : []), ...(isolation.keep ?? [])],
      keepReadOnly: [...(program.host ? [] : [runOf(place)]), ...isolation.keepReadOnly],
      over: overlaysOf(program, place),
      uid: isolation.uid,
      // Outside a pid namespace every signal reaches the program; through one only these two do without ending it.
      pidNamespace: !step && (program.stopSignal === 'SIGTERM' || program.stopSignal === 'SIGINT'),
      env,
    },
  )
  return { ...command, cwd: joinInside(treeOf(place), `.${program.workingDir}`), env: command.env ?? env }
}

/** The folder of what is made for the instance alone: the preload, a host program's files. */
function runOf(place: InstancePlace): string {
  return join(place.dir, 'run')
}

/** Where folders can be covered, an instance sees names of services in `/etc/hosts`, and its own user among the system's. */
function overlaysOf(program: Program, place: InstancePlace): readonly { readonly file: string; readonly target: string }[] {
  const hosts = program.hosts ? [{ file: join(place.dir, 'hosts'), target: '/etc/hosts' }] : []
  const { kind, mounts } = program.isolation
  const users = kind === 'uid' && mounts ? ['passwd', 'group'].map((name) => ({ file: join(place.dir, name), target: `/etc/${name}` })) : []
  return [...hosts, ...users]
}

/** The address on which the instance's ports are. */
export function addressOf(program: Pick<Program, 'host'>): string {
  return program.host?.address ?? '127.0.0.1'
}

interface Whose {
  readonly program: Program
  readonly place: InstancePlace
}

function resolveWord(word: Word, whose: Whose): string {
  if (typeof word === 'string') return word
  return 'fill' in word ? fillText(word.fill, whose) : joinInside(treeOf(whose.place), `.${word.inTree}`)
}

/** The instance's own folder, address and ports in a text. */
export function fillText(text: string, { program, place }: Whose): string {
  const address = addressOf(program)
  return text
    .replaceAll('{run}', runOf(place))
    .replaceAll('{tree}', treeOf(place))
    .replaceAll('{address}', address)
    .replaceAll('{address:tuple}', `{${address.replaceAll('.', ',')}}`)
    .replaceAll(/\{port:(\d+)\}/g, (_, port: string) => String(place.ports[Number(port)] ?? port))
}

/** Nothing of the agent's own environment but PATH reaches a program. */
export function environmentOf(program: Program, place: InstancePlace): Readonly<Record<string, string>> {
  if (program.host) return hostEnvironment(program, place)
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
    PUSHWAY_HOSTS: Object.entries(program.hosts ?? {})
      .map(([name, address]) => `${name}=${address}`)
      .join(','),
  }
}

/** A host program is no Node.js program of a team: nothing is put into it, and it needs no PORT. */
function hostEnvironment(program: Program, place: InstancePlace): Readonly<Record<string, string>> {
  const path = [...program.path, process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'].join(':')
  const own = Object.fromEntries(Object.entries(program.env).map(([name, value]) => [name, fillText(value, { program, place })]))
  return { HOME: runOf(place), ...own, PATH: path, PUSHWAY_INSTANCE: place.id }
}

/** PORT is the machine's port of the first target; a PORT of the team's own is moved when it names a target, else left alone. */
function portEnvironment(program: Program, place: InstancePlace): Readonly<Record<string, string>> {
  const target = program.env.PORT === undefined ? program.ports[0] : Number(program.env.PORT)
  const host = target === undefined ? undefined : place.ports[target]
  return host === undefined ? {} : { PORT: String(host) }
}
