// RUN, done: in the image's own root where this machine allows it, else in the image's folder.

import { mkdtempSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { addLayer, type Building, listStage, sayOnce, stageFolder, takeLayer, userFiles } from './building.ts'
import { CopyError } from './copy.ts'
import { stepKey } from './layers.ts'
import { withLock } from './lock.ts'
import { mountsKey, resolveMounts } from './mounts.ts'
import { runCommand } from './run.ts'
import { runInImage, type Toolchain } from './run-image.ts'
import type { Stage } from './stage.ts'
import { diffTrees } from './tree.ts'
import type { BuildOptions, Instruction } from './types.ts'
import { type FoundUser, findUser } from './users.ts'

type RunInstruction = Extract<Instruction, { kind: 'run' }>

/** Whether RUN in a stage sees the image's own root. */
function seesImage({ view }: Pick<Building, 'view'>, host: boolean): boolean {
  return view.kind === 'image' && (view.overlay || !host)
}

/** Makes the layer of a RUN, or takes the one that was made before from the same. */
export async function runStep(building: Building, at: { stage: Stage; within: number }, run: RunInstruction): Promise<'cached' | 'made'> {
  const { options, cache, plan } = building
  const { stage } = at
  const network = options.noNetwork ? 'none' : run.network
  const args = Object.fromEntries(stage.args)
  const inImage = seesImage(building, stage.host)
  const parts = { run: run.command, shell: stage.shell, args, user: stage.user, mounts: await mountsKey(building, at, run), network, inImage }
  const key = stepKey(stage, { ...parts, epoch: options.sourceDateEpoch ?? 0 })
  const known = options.noCache ? undefined : await cache.find(key)
  if (known) {
    takeLayer(stage, known)
    return 'cached'
  }
  const dir = await stageFolder(building, stage)
  const before = await listStage(building, stage, dir)
  const variables = { ...plan.proxies, ...args, ...Object.fromEntries(stage.env) }
  if (inImage) await runSeeing(building, at, { run: { ...run, network }, variables })
  else await runInFolder(building, stage, { run, variables, dir })
  const after = await listStage(building, stage, dir)
  const changed = diffTrees(before, after, { relativeLinks: stage.host })
  const layer = await addLayer(building, stage, changed)
  // The folder is what the layer makes of it already.
  if (stage.tree) stage.tree.applied = stage.layers.length
  await cache.keep(key, layer)
  return 'made'
}

interface Running {
  readonly run: RunInstruction
  readonly variables: Readonly<Record<string, string>>
}

async function runSeeing(building: Building, at: { stage: Stage; within: number }, { run, variables }: Running): Promise<void> {
  const { stage } = at
  sayOnce(building, "RUN sees the image's own root and nothing of this machine's other files")
  const user = await findRunUser(building, stage)
  const mounts = await resolveMounts(building, at, run)
  const toolchain = await toolchainOf(building.options, stage)
  const locks = mounts.mounts.flatMap(({ source }) => (source.kind !== 'tmpfs' && source.lock ? [source.lock] : []))
  await withLock(locks, () =>
    runInImage(building, stage, {
      command: run.command,
      text: run.text,
      network: run.network,
      mounts,
      variables,
      ...(user ? { user } : {}),
      ...(toolchain ? { toolchain } : {}),
    }),
  )
}

/** Where all files are the builder's, so is every user: then USER is for the image only. */
async function findRunUser(building: Building, stage: Stage): Promise<FoundUser | undefined> {
  if (stage.user === undefined) return undefined
  const files = /^0*(?::0*)?$|^root$/.test(stage.user) ? { passwd: 'root:x:0:0::/root:', group: 'root:x:0:' } : await userFiles(building, stage)
  const found = findUser(stage.user, files)
  if (typeof found === 'string') throw new CopyError(`USER ${stage.user}: ${found}`)
  if (found.uid === 0 && found.gid === 0) return undefined
  if (building.view.kind === 'image' && building.view.ids === 'range') return found
  sayOnce(building, `USER ${stage.user} is recorded; RUN keeps being root here, because only root may give this build users of its own`)
  return undefined
}

async function runInFolder(building: Building, stage: Stage, { run, variables, dir }: Running & { dir: string }): Promise<void> {
  const { options, view, scratch } = building
  sayOnce(
    building,
    `RUN works in the image's folder, with the programs of this machine: ${view.kind === 'folder' ? view.why : 'there is no overlay file system here'}`,
  )
  const toolchain = await toolchainOf(options, stage)
  await runCommand({
    command: run.command,
    text: run.text,
    shell: stage.shell,
    root: dir,
    workdir: stage.workdir,
    variables,
    machine: options.env,
    home: mkdtempSync(join(scratch, 'home-')),
    npmCache: join(options.cacheDir, 'npm'),
    log: options.log,
    ...(toolchain ? { toolchain: toolchain.bin } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

async function toolchainOf(options: BuildOptions, stage: Stage): Promise<Toolchain | undefined> {
  if (stage.node === undefined) return undefined
  const provide = options.provideNode ?? (await import('../../../util/toolchain/node.ts')).provideNode
  const node = await provide(stage.node, { cacheDir: options.toolchainCache, log: options.log, ...(options.signal ? { signal: options.signal } : {}) })
  // The folder may hold links to a program elsewhere: its own installation is needed too.
  const installed = dirname(dirname(realpathSync(join(node.binDir, 'node'))))
  const folders = [dirname(node.binDir), installed].filter((dir, index, all) => !/^\/(?:usr(?:\/.*)?)?$/.test(dir) && all.indexOf(dir) === index)
  return { bin: node.binDir, folders: node.binDir.startsWith('/usr/') ? folders.slice(1) : folders }
}
