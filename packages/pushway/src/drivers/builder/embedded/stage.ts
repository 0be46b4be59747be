// One stage while it is built: its layers, its configuration, its variables; and the instructions that only change those.

import type { Owner } from '../../../oci/extract.ts'
import type { DraftLayer } from '../../../oci/image.ts'
import type { RunConfigJson } from '../../../oci/schema.ts'
import { readDuration } from './instructions.ts'
import type { CommandForm, Instruction } from './types.ts'
import { expandDocument, expandWord } from './words.ts'

export interface Stage {
  readonly name: string
  readonly layers: DraftLayer[]
  readonly history: { instruction: string; emptyLayer: boolean }[]
  readonly env: Map<string, string>
  readonly args: Map<string, string>
  readonly labels: Map<string, string>
  readonly ports: Set<string>
  readonly volumes: Set<string>
  /** Folders and links of the image, as its layers have them. */
  readonly folders: Set<string>
  readonly links: Map<string, string>
  /** Owners other than root, where the disk can't keep them. */
  readonly owners: Map<string, Owner>
  /** A layer has `/etc/passwd` or `/etc/group`. */
  users: boolean
  /** On the machine's own userland; else the image has a root of its own. */
  host: boolean
  /** Commands that a build on this image begins with. */
  readonly onBuild: string[]
  readonly escapeChar: string
  shell: readonly string[]
  workdir: string
  user?: string
  stopSignal?: string
  entrypoint?: readonly string[]
  cmd?: readonly string[]
  healthcheck?: RunConfigJson['Healthcheck']
  /** The Node.js version its base brings. */
  node?: string
  /** The layers as files, up to `applied` of them. */
  tree?: { readonly dir: string; applied: number }
}

/** A stage before its first instruction. */
export function newStage(name: string, escapeChar: string): Stage {
  return {
    name,
    escapeChar,
    layers: [],
    history: [],
    env: new Map(),
    args: new Map(),
    labels: new Map(),
    ports: new Set(),
    volumes: new Set(),
    folders: new Set(),
    links: new Map(),
    owners: new Map(),
    users: false,
    host: true,
    onBuild: [],
    shell: ['/bin/sh', '-c'],
    workdir: '/',
  }
}

/** A stage that goes on from another one; its ARGs are not inherited. */
export function continueStage(name: string, from: Stage): Stage {
  const { tree: _tree, ...rest } = from
  return {
    ...rest,
    name,
    layers: [...from.layers],
    history: [...from.history],
    env: new Map(from.env),
    args: new Map(),
    labels: new Map(from.labels),
    ports: new Set(from.ports),
    volumes: new Set(from.volumes),
    folders: new Set(from.folders),
    links: new Map(from.links),
    owners: new Map(),
    onBuild: [],
  }
}

/** Takes over what an image's configuration says. */
export function adoptConfig(stage: Stage, config: RunConfigJson): void {
  for (const pair of config.Env ?? []) stage.env.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
  for (const [name, value] of Object.entries(config.Labels ?? {})) stage.labels.set(name, value)
  for (const port of Object.keys(config.ExposedPorts ?? {})) stage.ports.add(port)
  for (const volume of Object.keys(config.Volumes ?? {})) stage.volumes.add(volume)
  stage.workdir = config.WorkingDir || '/'
  if (config.User) stage.user = config.User
  if (config.StopSignal) stage.stopSignal = config.StopSignal
  if (config.Entrypoint?.length) stage.entrypoint = config.Entrypoint
  if (config.Cmd?.length) stage.cmd = config.Cmd
  if (config.Healthcheck) stage.healthcheck = config.Healthcheck
  if (config.Shell?.length) stage.shell = config.Shell
}

/** PATH as every Linux image starts with it. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** A word with the stage's variables: ENV wins over ARG. */
export function expandIn(stage: Stage, word: string): string {
  return expandWord(word, (name) => stage.env.get(name) ?? stage.args.get(name) ?? (name === 'PATH' ? defaultPath : undefined), stage.escapeChar)
}

/** A here-document with the stage's variables. */
export function expandDocumentIn(stage: Stage, text: string): string {
  return expandDocument(text, (name) => stage.env.get(name) ?? stage.args.get(name) ?? (name === 'PATH' ? defaultPath : undefined), stage.escapeChar)
}

function commandArgv(stage: Stage, command: CommandForm): readonly string[] {
  return command.form === 'exec' ? command.argv : [...stage.shell, command.line]
}

function portName(text: string): string {
  return /^\d+(-\d+)?$/.test(text) ? `${text}/tcp` : text.toLowerCase()
}

/** Applies an instruction that makes no layer. `args`: what ARG may take: build arguments, then global defaults. */
export function applyMetadata(stage: Stage, instruction: Instruction, args: { given: ReadonlyMap<string, string>; global: ReadonlyMap<string, string> }): void {
  switch (instruction.kind) {
    case 'arg':
      for (const { name, value } of instruction.pairs) {
        const taken = args.given.get(name) ?? (value === undefined ? args.global.get(name) : expandIn(stage, value))
        if (taken !== undefined) stage.args.set(name, taken)
      }
      return
    case 'env':
    case 'label': {
      // All values of one instruction see the variables as they were before it.
      const values = instruction.pairs.map(({ name, value }) => [expandIn(stage, name), expandIn(stage, value)] as const)
      for (const [name, value] of values) (instruction.kind === 'env' ? stage.env : stage.labels).set(name, value)
      return
    }
    case 'user':
      stage.user = expandIn(stage, instruction.word)
      return
    case 'stopsignal':
      stage.stopSignal = expandIn(stage, instruction.word)
      return
    case 'expose':
      for (const word of instruction.words) for (const port of expandIn(stage, word).split(/\s+/)) stage.ports.add(portName(port))
      return
    case 'volume':
      for (const word of instruction.words) stage.volumes.add(expandIn(stage, word))
      return
    case 'shell':
      stage.shell = instruction.argv
      return
    case 'cmd':
      stage.cmd = commandArgv(stage, instruction.command)
      return
    case 'entrypoint':
      stage.entrypoint = commandArgv(stage, instruction.command)
      // As in Docker: a new entry point forgets the base's command.
      stage.cmd = undefined
      return
    case 'healthcheck':
      stage.healthcheck = healthcheckJson(instruction)
      return
    case 'onbuild':
      stage.onBuild.push(instruction.trigger)
      return
    case 'from':
    case 'copy':
    case 'run':
    case 'workdir':
    case 'nothing':
      return
  }
}

function healthcheckJson({ command, options }: Extract<Instruction, { kind: 'healthcheck' }>): RunConfigJson['Healthcheck'] {
  if (command === undefined) return { Test: ['NONE'] }
  const time = (text: string | undefined) => (text === undefined ? undefined : readDuration(text))
  return {
    Test: command.form === 'exec' ? ['CMD', ...command.argv] : ['CMD-SHELL', command.line],
    Interval: time(options.interval),
    Timeout: time(options.timeout),
    StartPeriod: time(options.startPeriod),
    StartInterval: time(options.startInterval),
    Retries: options.retries === undefined ? undefined : Number(options.retries),
  }
}

/** The stage's configuration as images keep it. */
export function stageConfig(stage: Stage): RunConfigJson {
  const keys = (names: ReadonlySet<string>) => (names.size === 0 ? undefined : Object.fromEntries([...names].sort().map((name) => [name, {}])))
  return {
    Env: stage.env.size === 0 ? undefined : [...stage.env].map(([name, value]) => `${name}=${value}`),
    Labels: stage.labels.size === 0 ? undefined : Object.fromEntries(stage.labels),
    ExposedPorts: keys(stage.ports),
    Volumes: keys(stage.volumes),
    WorkingDir: stage.workdir,
    User: stage.user,
    StopSignal: stage.stopSignal,
    Entrypoint: stage.entrypoint && [...stage.entrypoint],
    Cmd: stage.cmd && [...stage.cmd],
    Healthcheck: stage.healthcheck,
    Shell: stage.shell.join(' ') === '/bin/sh -c' ? undefined : [...stage.shell],
    OnBuild: stage.onBuild.length === 0 ? undefined : [...stage.onBuild],
  }
}
