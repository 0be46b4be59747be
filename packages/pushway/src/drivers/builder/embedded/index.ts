// The embedded builder: a Dockerfile becomes a real OCI image on the machine's own userland, without an engine. Same files, same digest.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix, relative } from 'node:path'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { readImage } from '../../../oci/config.ts'
import { hostAnnotations, platformOf, writeImage } from '../../../oci/image.ts'
import { buildLabels } from '../../../oci/media-types.ts'
import { listContext } from './context.ts'
import { CopyError, planCopy } from './copy.ts'
import type { HereDocument } from './here-document.ts'
import { type LayerCache, materialise, openLayerCache, stepKey, writeLayer } from './layers.ts'
import { type BuildPlan, copySource, findImage, type PlannedStage, planBuild } from './plan.ts'
import { runCommand } from './run.ts'
import { adoptConfig, applyMetadata, continueStage, expandDocumentIn, expandIn, newStage, type Stage, stageConfig } from './stage.ts'
import { diffTrees, listTree, type Tree } from './tree.ts'
import type { BuildOptions, BuildResult, CopyInstruction, Instruction } from './types.ts'
import { WordError } from './words.ts'

export type { BuildOptions, BuildResult } from './types.ts'

/** A build on its way. */
interface Building {
  readonly options: BuildOptions
  readonly plan: BuildPlan
  readonly cache: LayerCache
  /** Removed at the end. */
  readonly scratch: string
  readonly stages: Map<number, Stage>
  readonly trees: Map<string, Tree>
  context?: Promise<Tree>
  saidMapped: boolean
}

/** `cached`: the step's layer was made before. */
type StepResult = 'cached' | 'made' | 'no-layer'

/**
 * Builds an image into `options.store`.
 *
 * RUN works in the stage's folder with the machine's own programs; what can't be done so is refused before the first step.
 * @throws PushwayError `dockerfile-invalid` (all findings), `command-failed` (a RUN), `usage`, `toolchain-missing`, `disk-full`
 */
export async function buildImage(options: BuildOptions): Promise<BuildResult> {
  const file = options.dockerfile ?? join(options.context, 'Dockerfile')
  const plan = await planBuild(relative(options.context, file) || file, readDockerfile(file), options)
  for (const warning of plan.warnings) options.log(formatDiagnostic(warning))
  const scratch = mkdtempSync(join(tmpdir(), 'pushway-build-'))
  const cache = openLayerCache(options.cacheDir, options.store.blobs)
  const building: Building = { options, plan, cache, scratch, stages: new Map(), trees: new Map(), saidMapped: false }
  try {
    await buildStages(building)
    const final = building.stages.get(plan.stages.at(-1)?.index ?? -1)
    if (!final) throw fail('bug', { problem: 'a build ended without its last stage' })
    return await finishImage(building, final)
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 3 })
  }
}

function readDockerfile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw fail('usage', { problem: `There is no Dockerfile at ${file}.`, hint: 'Name it: docker build -f FILE PATH.' })
  }
}

async function buildStages(building: Building): Promise<void> {
  const { plan, options } = building
  const total = plan.stages.reduce((sum, stage) => sum + 1 + stage.text.instructions.length, 0)
  let step = 0
  for (const planned of plan.stages) {
    options.log(`Step ${++step}/${total} : ${planned.text.from.text}`)
    const stage = await startStage(building, planned)
    building.stages.set(planned.index, stage)
    for (const instruction of planned.text.instructions) {
      options.signal?.throwIfAborted()
      options.log(`Step ${++step}/${total} : ${instruction.text}`)
      const started = performance.now()
      const result = await located(building, instruction, () => performStep(building, { stage, planned }, instruction))
      const took = `${((performance.now() - started) / 1000).toFixed(1)}s`
      stage.history.push({ instruction: instruction.text, emptyLayer: result === 'no-layer' })
      if (result === 'cached') options.log(' ---> CACHED')
      if (result === 'made') options.log(` ---> ${stage.layers.at(-1)?.digest.slice(7, 19)} (${took})`)
    }
  }
}

/** Findings that only show while building get their line too. */
async function located<T>(building: Building, instruction: Instruction, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof CopyError || error instanceof WordError)) throw error
    const message = `${instruction.text.split(' ')[0]}: ${error.message}`
    throw refuse('dockerfile-invalid', building.plan.file, [{ severity: 'error', code: 'dockerfile-step', message, at: instruction.at }])
  }
}

async function startStage({ options, plan, stages }: Building, { base, name, text }: PlannedStage): Promise<Stage> {
  if (base.kind === 'stage') {
    const from = stages.get(base.index)
    if (from) return continueStage(name, from)
  }
  const stage = newStage(name, plan.text.escapeChar)
  if (base.kind === 'host' && base.base.node !== undefined) stage.node = base.base.node
  if (base.kind === 'image') await adoptImage(stage, options, { digest: base.image.digest, at: text.from })
  return stage
}

async function adoptImage(stage: Stage, options: BuildOptions, image: { digest: string; at: Instruction }): Promise<void> {
  const { manifest, file } = await readImage(options.store.blobs, image.digest)
  if (manifest.annotations?.[buildLabels.base] !== 'host') {
    const message = `${image.at.text}: that image was not made on this machine's own userland, so nothing can be run on it here`
    throw refuse('dockerfile-invalid', image.at.at.file, [{ severity: 'error', code: 'dockerfile-base', message, at: image.at.at }])
  }
  stage.foldersKnown = false
  stage.layers.push(...manifest.layers.map(({ digest, size }) => ({ digest, size })))
  for (const line of file.history ?? []) stage.history.push({ instruction: line.created_by ?? '', emptyLayer: line.empty_layer ?? false })
  adoptConfig(stage, file.config ?? {})
  const node = manifest.annotations[buildLabels.node]
  if (node !== undefined) stage.node = node
}

async function performStep(building: Building, at: { stage: Stage; planned: PlannedStage }, instruction: Instruction): Promise<StepResult> {
  const { stage, planned } = at
  switch (instruction.kind) {
    case 'workdir':
      return enterFolder(building, stage, expandIn(stage, instruction.word))
    case 'copy':
      return copyStep(building, { stage, within: planned.index }, instruction)
    case 'run':
      return runStep(building, stage, instruction)
    default:
      applyMetadata(stage, instruction, { given: building.plan.given, global: building.plan.globals })
      return 'no-layer'
  }
}

/** WORKDIR makes the folder when it is not there. */
async function enterFolder(building: Building, stage: Stage, word: string): Promise<StepResult> {
  stage.workdir = posix.resolve(stage.workdir, word)
  await learnFolders(building, stage)
  const missing: string[] = []
  for (let path = stage.workdir.slice(1); path !== '' && path !== '.' && !stage.folders.has(path); path = posix.dirname(path)) missing.unshift(path)
  if (missing.length === 0) return 'no-layer'
  const entries = missing.map((path) => ({ path, type: 'directory' as const, mode: 0o755 }))
  stage.layers.push(await writeLayer(building.options.store.blobs, entries))
  for (const path of missing) stage.folders.add(path)
  return 'made'
}

async function copyStep(building: Building, at: { stage: Stage; within: number }, copy: CopyInstruction): Promise<StepResult> {
  const { stage } = at
  const { options, cache } = building
  const source = copy.documents ? await documentTree(building, stage, copy.documents) : await copyTree(building, at.within, copy)
  const to = expandIn(stage, copy.to)
  await learnFolders(building, stage)
  const entries = planCopy({
    sources: copy.sources.map((word) => expandIn(stage, word)),
    to,
    workdir: stage.workdir,
    ...source,
    normalise: copy.from === undefined,
    isFolder: (path) => stage.folders.has(path),
    owner: ownerOf(copy.chown === undefined ? undefined : expandIn(stage, copy.chown)),
    ...(copy.chmod === undefined ? {} : { mode: modeOf(expandIn(stage, copy.chmod)) }),
  })
  const before = { ...stage, layers: [...stage.layers] }
  const layer = await writeLayer(options.store.blobs, entries)
  stage.layers.push(layer)
  const folders = entries.filter((entry) => entry.type === 'directory').map((entry) => entry.path)
  for (const path of folders) stage.folders.add(path)
  // The bytes are always read, so what is kept is only that they were seen: the step says CACHED when nothing changed.
  const key = stepKey(before, { copy: copy.text, layer: layer.digest })
  if (!options.noCache && (await cache.find(key))) return 'cached'
  await cache.keep(key, { ...layer, folders: [] })
  return 'made'
}

/** Images that were built before do not say which folders they have: look. */
async function learnFolders(building: Building, stage: Stage): Promise<void> {
  if (stage.foldersKnown) return
  stage.foldersKnown = true
  const tree = await listTree(await materialise(stage, building.options.store.blobs, () => mkdtempSync(join(building.scratch, 'stage-'))))
  for (const [path, node] of tree) if (node.type === 'directory') stage.folders.add(path)
}

async function copyTree(building: Building, within: number, copy: CopyInstruction): Promise<{ tree: Tree; treeName: string }> {
  const { options, plan, scratch } = building
  if (copy.from === undefined) {
    building.context ??= listContext(options.context, options.dockerfile ?? join(options.context, 'Dockerfile'))
    return { tree: await building.context, treeName: 'the build context' }
  }
  const index = copySource(plan.text, copy.from, within)
  let stage = index === undefined ? undefined : building.stages.get(index)
  if (stage === undefined) {
    const image = await findImage(options, copy.from)
    if (!image) throw new CopyError(`there is no image ${copy.from}`)
    stage = newStage(copy.from, '\\')
    await adoptImage(stage, options, { digest: image.digest, at: copy })
  }
  const dir = await materialise(stage, options.store.blobs, () => mkdtempSync(join(scratch, 'stage-')))
  const key = `${dir} ${stage.layers.length}`
  const tree = building.trees.get(key) ?? (await listTree(dir))
  building.trees.set(key, tree)
  return { tree, treeName: `stage ${copy.from}` }
}

/** Here-documents as files; variables in them are the stage's, where they are not quoted. */
async function documentTree(building: Building, stage: Stage, documents: readonly HereDocument[]): Promise<{ tree: Tree; treeName: string }> {
  const dir = mkdtempSync(join(building.scratch, 'documents-'))
  for (const { name, text, quoted } of documents) writeFileSync(join(dir, name), quoted ? text : expandDocumentIn(stage, text), { mode: 0o644 })
  return { tree: await listTree(dir), treeName: 'the Dockerfile' }
}

/** `user[:group]` in numbers; the names that host bases have are root and node. */
function ownerOf(chown: string | undefined): { uid: number; gid: number } {
  if (chown === undefined) return { uid: 0, gid: 0 }
  const names: Readonly<Record<string, number>> = { root: 0, node: 1000 }
  const id = (part: string): number => {
    const value = /^\d+$/.test(part) ? Number(part) : names[part]
    if (value === undefined) throw new CopyError(`--chown=${chown}: "${part}" is not a number, root or node`)
    return value
  }
  const [user = '', group] = chown.split(':')
  return { uid: id(user), gid: id(group ?? user) }
}

function modeOf(chmod: string): number {
  if (!/^[0-7]{3,4}$/.test(chmod)) throw new CopyError(`--chmod=${chmod} is not an octal mode such as 755`)
  return Number.parseInt(chmod, 8)
}

async function runStep(building: Building, stage: Stage, run: Extract<Instruction, { kind: 'run' }>): Promise<StepResult> {
  const { options, cache, scratch } = building
  const args = Object.fromEntries(stage.args)
  const key = stepKey(stage, { run: run.command, shell: stage.shell, args, user: stage.user })
  const known = options.noCache ? undefined : await cache.find(key)
  if (known) {
    stage.layers.push({ digest: known.digest, size: known.size })
    for (const path of known.folders) stage.folders.add(path)
    return 'cached'
  }
  if (!building.saidMapped) options.log(" ---> RUN works in the image's folder, with the programs of this machine")
  building.saidMapped = true
  const root = await materialise(stage, options.store.blobs, () => mkdtempSync(join(scratch, 'stage-')))
  const before = await listTree(root)
  await runCommand({
    command: run.command,
    text: run.text,
    shell: stage.shell,
    root,
    workdir: stage.workdir,
    variables: { ...args, ...Object.fromEntries(stage.env) },
    machine: options.env,
    home: mkdtempSync(join(scratch, 'home-')),
    npmCache: join(options.cacheDir, 'npm'),
    log: options.log,
    ...(await toolchainOf(options, stage)),
    ...(options.signal ? { signal: options.signal } : {}),
  })
  const after = await listTree(root)
  const layer = await writeLayer(options.store.blobs, diffTrees(before, after))
  stage.layers.push(layer)
  // The folder is what the layer makes of it already.
  if (stage.tree) stage.tree.applied = stage.layers.length
  const folders = [...after].filter(([, node]) => node.type === 'directory').map(([path]) => path)
  for (const path of folders) stage.folders.add(path)
  await cache.keep(key, { ...layer, folders })
  return 'made'
}

async function toolchainOf(options: BuildOptions, stage: Stage): Promise<{ toolchain?: string }> {
  if (stage.node === undefined) return {}
  const provide = options.provideNode ?? (await import('../../../util/toolchain/node.ts')).provideNode
  const node = await provide(stage.node, { cacheDir: options.toolchainCache, log: options.log, ...(options.signal ? { signal: options.signal } : {}) })
  return { toolchain: node.binDir }
}

async function finishImage({ options, plan }: Building, stage: Stage): Promise<BuildResult> {
  for (const [name, value] of Object.entries(options.labels ?? {})) stage.labels.set(name, value)
  const file = options.dockerfile ?? join(options.context, 'Dockerfile')
  const origin = options.origin ?? { context: '.', dockerfile: relative(options.context, file) }
  const image = await writeImage(options.store.blobs, {
    layers: stage.layers,
    config: stageConfig(stage),
    history: stage.history,
    platform: platformOf(process.platform, process.arch),
    annotations: {
      ...hostAnnotations(stage.node),
      [buildLabels.context]: origin.context,
      [buildLabels.dockerfile]: origin.dockerfile,
      ...(options.target === undefined ? {} : { [buildLabels.target]: options.target }),
    },
  })
  const tags = options.tags ?? []
  for (const tag of tags.length > 0 ? tags : [undefined]) options.store.tag(tag, image)
  options.log(`Successfully built ${image.digest.slice(7, 19)} from ${plan.file}`)
  for (const tag of tags) options.log(`Successfully tagged ${tag}`)
  return { digest: image.digest, size: image.size }
}
