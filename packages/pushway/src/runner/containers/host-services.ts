// Services of a job on a machine without a container engine: known images are programs of the machine, never with root's rights.

import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRecipe, type HostProgramFacts, type HostProgramRecipe, recipeNames } from '@pushway/core/host-program/recipes.ts'
import { systemProgram } from '../../util/isolation/index.ts'
import { markVariable } from '../../util/process-identity.ts'
import { createLineSplitter } from '../line-splitter.ts'
import type { Sandbox } from '../sandbox.ts'
import { splitWords } from '../split-words.ts'
import type { ContainersContext } from './open-containers.ts'
import { readOptions } from './options.ts'
import type { ContainerSpec } from './spec.ts'

export interface HostServicesOptions {
  readonly services: readonly (readonly [name: string, spec: ContainerSpec])[]
  readonly sandbox: Sandbox
  /** Of the job's processes, where they have one of their own. */
  readonly uid: number | undefined
  /** Where the job's processes may write. */
  readonly temp: string
  /** By which they are found at the job's end. */
  readonly mark: string
  readonly say: (text: string) => void
  readonly signal: AbortSignal
}

export interface HostServices {
  readonly context: Pick<ContainersContext, 'services'>
  /** Their files; they themselves end with the job's other processes. */
  close(): void
}

/** The user that has no rights, for programs that a job of root starts. */
const nobody = 65534
const answerWithinMs = 60_000

/** @throws Error which service can't be had, and why */
export async function startHostServices(options: HostServicesOptions): Promise<HostServices> {
  const dirs: string[] = []
  const close = () => {
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    const started = await Promise.all(options.services.map(async ([name, spec]) => [name, await startOne(options, { name, spec, dirs })] as const))
    return { context: { services: Object.fromEntries(started) }, close }
  } catch (error) {
    close()
    throw error
  }
}

type Started = ContainersContext['services'][string]

async function startOne(options: HostServicesOptions, { name, spec, dirs }: { name: string; spec: ContainerSpec; dirs: string[] }): Promise<Started> {
  const refuse = (why: string) => new Error(`the service ${name} (${spec.image}): no container engine answers on this machine, and ${why}`)
  const recipe = findRecipe(spec.image)
  if (!recipe) throw refuse(`only ${recipeNames()} run as programs of the machine`)
  const { env, ports } = carried(spec, recipe, refuse)
  const path = programPath(recipe)
  if (path === undefined) throw refuse(`its programs are not on it (package ${recipe.debianPackage})`)
  const { port, published } = await choosePort(ports, recipe, refuse)
  const dir = makeDir(options)
  dirs.push(dir)
  const facts: HostProgramFacts = { dir, port, env, args: spec.command ? splitWords(spec.command) : [] }
  const problem = recipe.problem(facts)
  if (problem) throw new Error(`the service ${name} (${spec.image}): ${problem}`)
  options.say(`Starting service ${name}: ${spec.image}, as a program of this machine on port ${port}`)
  await bringUp(options, { name, recipe, facts, path })
  return { id: `host-${name}`, network: 'host', ports: published ? { [String(recipe.port)]: String(port) } : {} }
}

/** Its own checks stand for the image's; everything else that is asked for must be possible. */
function carried(spec: ContainerSpec, recipe: HostProgramRecipe, refuse: (why: string) => Error) {
  const flags = readOptions(spec.options)
  const other = { ...flags.config, ...flags.host, ...flags.own }
  const [asked] = Object.keys(other)
  if (asked !== undefined || flags.reaching.length > 0) throw refuse(`its options other than --health-* and --env need one`)
  if (spec.volumes.length > 0 || flags.volumes.length > 0) throw refuse('its volumes need one')
  if (spec.entrypoint) throw refuse('its entrypoint needs one')
  return { env: { ...spec.env, ...flags.env }, ports: [...spec.ports, ...flags.ports], recipe }
}

async function choosePort(ports: readonly string[], recipe: HostProgramRecipe, refuse: (why: string) => Error): Promise<{ port: number; published: boolean }> {
  if (ports.length > 1) throw refuse('a program of the machine listens on one port')
  const [text] = ports
  const match = text === undefined ? undefined : /^(?:(?:127\.0\.0\.1:)?(\d*):)?(\d+)(?:\/tcp)?$/.exec(text)
  if (text !== undefined && (!match || Number(match[2]) !== recipe.port)) throw refuse(`the port ${text} is not that of ${recipe.image} (${recipe.port})`)
  return { port: match?.[1] ? Number(match[1]) : await freePort(), published: text !== undefined }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

/** Folders that hold all of its programs come first; Debian keeps those of PostgreSQL apart. */
function programPath({ programs }: HostProgramRecipe): string | undefined {
  const versions = '/usr/lib/postgresql'
  const newest = existsSync(versions) ? readdirSync(versions).toSorted((a, b) => Number(b) - Number(a)) : []
  const path = [...newest.map((version) => join(versions, version, 'bin')), ...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin']
  return programs.every((program) => path.some((dir) => existsSync(join(dir, program)))) ? path.join(':') : undefined
}

function makeDir({ uid, temp }: HostServicesOptions): string {
  const asRoot = uid === undefined && process.getuid?.() === 0
  const dir = mkdtempSync(join(asRoot ? tmpdir() : temp, 'pushway-service-'))
  const owner = asRoot ? nobody : uid
  if (owner !== undefined) chownSync(dir, owner, owner)
  return dir
}

interface Program {
  readonly name: string
  readonly recipe: HostProgramRecipe
  readonly facts: HostProgramFacts
  readonly path: string
}

async function bringUp(options: HostServicesOptions, program: Program): Promise<void> {
  const { name, recipe, facts } = program
  for (const [file, text] of Object.entries(recipe.files(facts))) {
    writeFileSync(join(facts.dir, file), text, { mode: 0o600 })
    const owner = options.uid ?? (process.getuid?.() === 0 ? nobody : undefined)
    if (owner !== undefined) chownSync(join(facts.dir, file), owner, owner)
  }
  mkdirSync(facts.dir, { recursive: true })
  for (const argv of recipe.prepare(facts)) await toTheEnd(options, program, argv)
  const said: string[] = []
  const running = await start(options, program, { argv: recipe.start(facts), said })
  let ended: number | undefined
  running.ended.then(
    (code) => {
      ended = code
    },
    () => {
      ended = -1
    },
  )
  for (const before = Date.now(); ; ) {
    if (ended !== undefined) throw new Error(`the service ${name} has ended with exit code ${ended}: ${said.slice(-5).join(' ')}`)
    const asked = await start(options, program, { argv: recipe.ready(facts), said: [] })
    if ((await asked.ended) === 0) break
    if (Date.now() - before > answerWithinMs) throw new Error(`the service ${name} does not answer: ${said.slice(-5).join(' ')}`)
    await sleep(100, undefined, { signal: options.signal })
  }
  for (const argv of recipe.finish(facts)) await toTheEnd(options, program, argv)
  options.say(`Service ${name} answers.`)
}

async function toTheEnd(options: HostServicesOptions, program: Program, argv: readonly string[]): Promise<void> {
  const said: string[] = []
  const code = await (await start(options, program, { argv, said })).ended
  if (code !== 0) throw new Error(`the service ${program.name}: ${argv[0]} ended with exit code ${code}: ${said.slice(-5).join(' ')}`)
}

function start(options: HostServicesOptions, { facts, path }: Program, { argv, said }: { argv: readonly string[]; said: string[] }) {
  const splitter = createLineSplitter((lines) => said.push(...lines.slice(-20)))
  const asRoot = options.uid === undefined && process.getuid?.() === 0
  const drop = asRoot ? [systemProgram('setpriv'), '--reuid', String(nobody), '--regid', String(nobody), '--clear-groups', '--'] : []
  const env = { PATH: path, HOME: facts.dir, LC_ALL: 'C.UTF-8', [markVariable]: options.mark }
  return options.sandbox.start([...drop, ...argv], { cwd: facts.dir, env, onOutput: splitter.push })
}
