// The embedded builder: a Dockerfile becomes a real OCI image on the machine's own userland, without an engine. Same files, same digest.

import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix, relative } from 'node:path'
import { fail, refuse } from '@pushway/core/reason/errors.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { hostAnnotations, platformOf, writeImage } from '../../../oci/image.ts'
import { buildLabels } from '../../../oci/media-types.ts'
import { addLayer, type Building } from './building.ts'
import { CopyError } from './copy.ts'
import { followLinks } from './facts.ts'
import { openLayerCache } from './layers.ts'
import { type PlannedStage, planBuild } from './plan.ts'
import { applyMetadata, expandIn, type Stage, stageConfig } from './stage.ts'
import { startStage } from './start-stage.ts'
import { copyStep } from './step-copy.ts'
import { runStep } from './step-run.ts'
import type { BuildOptions, BuildResult, Instruction } from './types.ts'
import { detectBuildView } from './view/detect.ts'
import { WordError } from './words.ts'

export type { BuildOptions, BuildResult } from './types.ts'

/** `cached`: the step's layer was made before. */
type StepResult = 'cached' | 'made' | 'no-layer'

/**
 * Builds an image into `options.store`.
 *
 * RUN sees the image's own root where this machine has namespaces. Else it works in the stage's folder with the machine's own programs,
 * and what can't be done so is refused before the first step.
 * @throws PushwayError `dockerfile-invalid` (all findings), `command-failed` (a RUN), `usage`, `toolchain-missing`, `disk-full`
 */
export async function buildImage(options: BuildOptions): Promise<BuildResult> {
  const file = options.dockerfile ?? join(options.context, 'Dockerfile')
  const view = options.view ?? (await detectBuildView(options.env))
  const plan = await planBuild(relative(options.context, file) || file, readDockerfile(file), { ...options, view })
  for (const warning of plan.warnings) options.log(formatDiagnostic(warning))
  const scratch = mkdtempSync(join(tmpdir(), 'pushway-build-'))
  chmodSync(scratch, 0o711)
  const cache = openLayerCache(options.cacheDir, options.store.blobs)
  const building: Building = { options, plan, view, cache, scratch, stages: new Map(), trees: new Map(), said: new Set(), userlands: new Map() }
  try {
    await buildStages(building)
    const final = building.stages.get(plan.stages.at(-1)?.index ?? -1)
    if (!final) throw fail('bug', { problem: 'a build ended without its last stage' })
    return await finishImage(building, final)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw fail('disk-full', { where: tmpdir() })
    throw error
  } finally {
    await removeAll(scratch)
  }
}

/** Without root, folders that a RUN made unwritable are opened first. */
async function removeAll(dir: string): Promise<void> {
  try {
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    const { execProgram } = await import('../../../util/exec.ts')
    await execProgram(['chmod', '-R', 'u+rwX', '--', dir])
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
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

async function performStep(building: Building, at: { stage: Stage; planned: PlannedStage }, instruction: Instruction): Promise<StepResult> {
  const { stage, planned } = at
  switch (instruction.kind) {
    case 'workdir':
      return enterFolder(building, stage, expandIn(stage, instruction.word))
    case 'copy':
      return copyStep(building, { stage, within: planned.index }, instruction)
    case 'run':
      return runStep(building, { stage, within: planned.index }, instruction)
    default:
      applyMetadata(stage, instruction, { given: building.plan.given, global: building.plan.globals })
      return 'no-layer'
  }
}

/** WORKDIR makes the folder when it is not there. */
async function enterFolder(building: Building, stage: Stage, word: string): Promise<StepResult> {
  stage.workdir = posix.resolve(stage.workdir, word)
  const missing: string[] = []
  for (let path = followLinks(stage, stage.workdir); path !== '' && path !== '.' && !stage.folders.has(path); path = posix.dirname(path)) missing.unshift(path)
  if (missing.length === 0) return 'no-layer'
  await addLayer(
    building,
    stage,
    missing.map((path) => ({ path, type: 'directory', mode: 0o755 })),
  )
  return 'made'
}

async function finishImage({ options, plan }: Building, stage: Stage): Promise<BuildResult> {
  for (const [name, value] of Object.entries(options.labels ?? {})) stage.labels.set(name, value)
  const file = options.dockerfile ?? join(options.context, 'Dockerfile')
  const origin = options.origin ?? { context: '.', dockerfile: relative(options.context, file) }
  const image = await writeImage(options.store.blobs, {
    layers: stage.layers,
    created: options.sourceDateEpoch ?? 0,
    config: stageConfig(stage),
    history: stage.history,
    platform: platformOf(process.platform, process.arch),
    annotations: {
      ...(stage.host ? hostAnnotations(stage.node) : {}),
      [buildLabels.context]: origin.context,
      [buildLabels.dockerfile]: origin.dockerfile,
      ...(options.target === undefined ? {} : { [buildLabels.target]: options.target }),
    },
  })
  const tags = options.tags ?? []
  for (const tag of tags.length > 0 ? tags : [undefined]) options.store.tag(tag, image)
  options.log(`Successfully built ${image.digest.slice(7, 19)} from ${plan.file}`)
  for (const tag of tags) options.log(`Successfully tagged ${tag}`)
  return image
}
