// Which stages are built, on what, and what is refused beforehand: everything that can be known before the first step runs.

import { fail, PushwayError, refuse } from '@pushway/core/reason/errors.ts'
import { type Diagnostic, hasErrors, type Position } from '@pushway/core/text/diagnostic.ts'
import { readImage, readImageConfig } from '../../../oci/config.ts'
import type { LayoutImage } from '../layout.ts'
import { formatReference, parseReference } from '../reference.ts'
import { type HostBase, hostBase, refusedBase } from './bases.ts'
import { parseDockerfile, readTrigger } from './parse.ts'
import { mappedProblems } from './run.ts'
import type { BuildOptions, DockerfileText, Instruction, StageText } from './types.ts'
import { expandWord, WordError } from './words.ts'

export type StageBase =
  | { readonly kind: 'host'; readonly base: HostBase }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly image: LayoutImage }

export interface PlannedStage {
  readonly index: number
  readonly name: string
  readonly text: StageText
  readonly base: StageBase
}

export interface BuildPlan {
  readonly file: string
  readonly text: DockerfileText
  readonly globals: ReadonlyMap<string, string>
  readonly given: ReadonlyMap<string, string>
  /** In the order they are built; the last one is the image. */
  readonly stages: readonly PlannedStage[]
  readonly warnings: readonly Diagnostic[]
  /** Build arguments that every RUN has without an ARG. */
  readonly proxies: Readonly<Record<string, string>>
}

interface Planning {
  readonly options: BuildOptions
  readonly text: DockerfileText
  readonly globals: ReadonlyMap<string, string>
  readonly diagnostics: Diagnostic[]
}

/** Variables that exist without an ARG, for FROM and for stages that declare them. */
function automaticArgs(): [string, string][] {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  return ['TARGET', 'BUILD'].flatMap((side): [string, string][] => [
    [`${side}PLATFORM`, `linux/${arch}`],
    [`${side}OS`, 'linux'],
    [`${side}ARCH`, arch],
  ])
}

/**
 * Plans a build.
 * @throws PushwayError `dockerfile-invalid` with every finding; `usage` for an unknown target
 */
export async function planBuild(file: string, source: string, options: BuildOptions): Promise<BuildPlan> {
  const parsed = parseDockerfile(file, source)
  if (parsed.value === undefined) throw refuse('dockerfile-invalid', file, parsed.diagnostics)
  const text = parsed.value
  const given = new Map(Object.entries(options.buildArgs ?? {}))
  const planning: Planning = { options, text, globals: new Map(), diagnostics: [...parsed.diagnostics] }
  const globals = readGlobals(planning, given)
  const last = targetIndex(text, options.target)
  const stages: PlannedStage[] = []
  await addStage({ ...planning, globals }, last, stages)
  const hosts = await hostStages(stages, options)
  for (const stage of stages) {
    const host = hosts.has(stage.index)
    const runs = stage.text.instructions.some(({ kind }) => kind === 'run')
    if (options.view?.kind === 'folder' && !host && runs)
      report(planning, stage.text.from.at, `FROM ${stage.text.from.image}: RUN in that image needs namespaces, which are not allowed here`)
    else if (options.view?.kind === 'folder' || (host && !options.view?.overlay)) checkRuns(stage, planning.diagnostics)
  }
  warnUnused(planning, given)
  if (hasErrors(planning.diagnostics)) throw refuse('dockerfile-invalid', file, planning.diagnostics)
  const proxies = Object.fromEntries([...given].filter(([name]) => /_proxy$/i.test(name)))
  return { file, text, globals, given, stages, warnings: planning.diagnostics, proxies }
}

/** The stages on the machine's own userland. */
async function hostStages(stages: readonly PlannedStage[], { store }: BuildOptions): Promise<ReadonlySet<number>> {
  const hosts = new Set<number>()
  for (const { index, base } of stages) {
    const host =
      base.kind === 'host' ||
      (base.kind === 'stage' && hosts.has(base.index)) ||
      (base.kind === 'image' && (await readImageConfig(store.blobs, base.image.digest)).base === 'host')
    if (host) hosts.add(index)
  }
  return hosts
}

function readGlobals(planning: Planning, given: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const globals = new Map<string, string>(automaticArgs())
  for (const instruction of planning.text.globals) {
    if (instruction.kind !== 'arg') continue
    for (const { name, value } of instruction.pairs) {
      const taken = given.get(name) ?? (value === undefined ? undefined : tryExpand(planning, instruction.at, { word: value, globals }))
      if (taken !== undefined) globals.set(name, taken)
    }
  }
  return globals
}

function tryExpand(planning: Planning, at: Position, { word, globals }: { word: string; globals: ReadonlyMap<string, string> }): string {
  try {
    return expandWord(word, (name) => globals.get(name), planning.text.escapeChar)
  } catch (error) {
    if (!(error instanceof WordError)) throw error
    report(planning, at, error.message)
    return ''
  }
}

function report(planning: Planning, at: Position, message: string): void {
  planning.diagnostics.push({ severity: 'error', code: 'dockerfile-instruction', message, at })
}

function targetIndex(text: DockerfileText, target: string | undefined): number {
  if (target === undefined) return text.stages.length - 1
  const index = findStage(text, target, text.stages.length)
  if (index !== undefined) return index
  const names = text.stages.flatMap((stage) => stage.from.name ?? []).join(', ')
  throw fail('usage', { problem: `The Dockerfile has no stage ${target}.`, hint: names ? `Its stages are: ${names}.` : 'None of its stages has a name.' })
}

/** A stage by name or number, among those before `before`. */
function findStage(text: DockerfileText, name: string, before: number): number | undefined {
  for (let index = before - 1; index >= 0; index--) if (text.stages[index]?.from.name === name.toLowerCase()) return index
  return /^\d+$/.test(name) && Number(name) < before ? Number(name) : undefined
}

/** Adds a stage behind everything it needs; each once. */
async function addStage(planning: Planning, index: number, stages: PlannedStage[]): Promise<void> {
  const text = planning.text.stages[index]
  if (text === undefined || stages.some((stage) => stage.index === index)) return
  const base = await resolveBase(planning, text, index)
  if (base?.kind === 'stage') await addStage(planning, base.index, stages)
  const triggers = base === undefined ? [] : await readTriggers(planning, base, text)
  const instructions = [...triggers, ...text.instructions]
  for (const instruction of instructions) {
    for (const { name, what } of namedSources(instruction)) {
      const from = copySource(planning.text, name, index)
      if (from !== undefined) await addStage(planning, from, stages)
      else if (!(await findImage(planning.options, name))) {
        const outside = await fetchOutside(planning.options, name)
        if (typeof outside === 'string')
          report(planning, instruction.at, `${what}: there is no such stage before it, nor an image of that name here; ${outside}`)
      }
    }
  }
  if (base) stages.push({ index, name: text.from.name ?? String(index), text: { from: text.from, instructions }, base })
}

/** The stages and images that an instruction takes files from. */
function namedSources(instruction: Instruction): readonly { readonly name: string; readonly what: string }[] {
  if (instruction.kind === 'copy' && instruction.from !== undefined) return [{ name: instruction.from, what: `COPY --from=${instruction.from}` }]
  if (instruction.kind !== 'run') return []
  return instruction.mounts.flatMap(({ type, options: { from } }) =>
    type === 'bind' && from !== undefined ? [{ name: from, what: `RUN --mount=from=${from}` }] : [],
  )
}

/** What ONBUILD of the base lets this stage begin with. */
async function readTriggers(planning: Planning, base: StageBase, { from }: StageText): Promise<readonly Instruction[]> {
  const texts = await triggerTexts(planning, base)
  return texts.flatMap((trigger) => {
    const say = (message: string) => report(planning, from.at, `ONBUILD ${trigger} of ${from.image}: ${message}`)
    return readTrigger(trigger, from.at, { escapeChar: planning.text.escapeChar, report: (message, severity) => severity !== 'warning' && say(message) }) ?? []
  })
}

async function triggerTexts(planning: Planning, base: StageBase): Promise<readonly string[]> {
  if (base.kind === 'stage') return (planning.text.stages[base.index]?.instructions ?? []).flatMap((one) => (one.kind === 'onbuild' ? [one.trigger] : []))
  if (base.kind === 'host') return []
  return (await readImage(planning.options.store.blobs, base.image.digest)).file.config?.OnBuild ?? []
}

/** The index of the stage that `COPY --from` names, from within stage `within`. */
export function copySource(text: DockerfileText, from: string, within: number): number | undefined {
  return findStage(text, from, within)
}

async function resolveBase(planning: Planning, { from }: StageText, index: number): Promise<StageBase | undefined> {
  const platform = from.platform === undefined ? undefined : tryExpand(planning, from.at, { word: from.platform, globals: planning.globals })
  if (platform !== undefined && platform !== planning.globals.get('TARGETPLATFORM')) {
    report(planning, from.at, `FROM --platform=${platform}: images are made for this machine, ${planning.globals.get('TARGETPLATFORM')}`)
    return undefined
  }
  const name = tryExpand(planning, from.at, { word: from.image, globals: planning.globals })
  const stage = planning.text.stages.findIndex((other, at) => at < index && other.from.name === name.toLowerCase())
  if (stage >= 0) return { kind: 'stage', index: stage }
  try {
    const image = name === 'scratch' ? undefined : await findImage(planning.options, name)
    if (image) return { kind: 'image', image }
    const base = hostBase(name)
    if (base) return { kind: 'host', base }
    const outside = await fetchOutside(planning.options, name)
    if (typeof outside !== 'string') return { kind: 'image', image: outside }
    report(planning, from.at, `${refusedBase(name)}; ${outside}`)
  } catch (error) {
    if (!(error instanceof PushwayError)) throw error
    report(planning, from.at, `FROM ${name}: ${error.message} ${error.next}`)
  }
  return undefined
}

async function fetchOutside(options: BuildOptions, name: string): Promise<LayoutImage | string> {
  const full = formatReference(parseReference(name))
  return (await options.fetchOutside?.(full)) ?? 'and no other registry may be asked'
}

/** An image that was made here before: in the store, or brought into it. */
export async function findImage(options: BuildOptions, name: string): Promise<LayoutImage | undefined> {
  const full = formatReference(parseReference(name))
  return options.store.find(full) ?? (await options.fetchImage?.(full))
}

/** In a folder, what a RUN names is the machine's. */
function checkRuns({ text }: PlannedStage, diagnostics: Diagnostic[]): void {
  for (const instruction of text.instructions) {
    if (instruction.kind !== 'run') continue
    const mounts = instruction.mounts.map(({ type }) => `RUN --mount=type=${type} needs mount namespaces, which are not allowed here`)
    const network = instruction.network === 'none' ? ['RUN --network=none needs namespaces, which are not allowed here'] : []
    for (const message of [...mappedProblems(instruction.command), ...mounts, ...network])
      diagnostics.push({ severity: 'error', code: 'dockerfile-run', message, at: instruction.at })
  }
}

/** Arguments that need no ARG. */
const predefined = /^(?:(?:https?|ftp|no|all)_proxy|SOURCE_DATE_EPOCH|BUILDKIT_\w+)$/i

function warnUnused(planning: Planning, given: ReadonlyMap<string, string>): void {
  const all: readonly Instruction[] = [...planning.text.globals, ...planning.text.stages.flatMap((stage) => stage.instructions)]
  const declared = new Set(all.flatMap((instruction) => (instruction.kind === 'arg' ? instruction.pairs.map((pair) => pair.name) : [])))
  const unused = [...given.keys()].filter((name) => !declared.has(name) && !predefined.test(name))
  const first = planning.text.stages[0]
  if (unused.length === 0 || first === undefined) return
  const message = `no ARG takes the build argument ${unused.join(', ')}`
  planning.diagnostics.push({ severity: 'warning', code: 'dockerfile-instruction', message, at: first.from.at })
}
