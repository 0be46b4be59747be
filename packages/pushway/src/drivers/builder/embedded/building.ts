// A build on its way: what its steps share.

import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Owner } from '../../../oci/extract.ts'
import { resolveInside } from '../../../oci/resolve-inside.ts'
import type { TarEntry } from '../../../oci/tar-write.ts'
import { applyFacts, factsOf, type LayerFacts } from './facts.ts'
import { type LayerCache, materialise, writeLayer } from './layers.ts'
import type { BuildPlan } from './plan.ts'
import type { Stage } from './stage.ts'
import { listTree, type Tree } from './tree.ts'
import type { BuildOptions } from './types.ts'
import type { UserFiles } from './users.ts'
import { type BuildView, idBase, ownerInImage } from './view/types.ts'
import { baseUsers, makeUserland } from './view/userland.ts'

export interface Building {
  readonly options: BuildOptions
  readonly plan: BuildPlan
  readonly view: BuildView
  readonly cache: LayerCache
  /** Removed at the end. Others may pass through it, not look around in it. */
  readonly scratch: string
  readonly stages: Map<number, Stage>
  readonly trees: Map<string, Tree>
  /** Sentences that are said once. */
  readonly said: Set<string>
  readonly userlands: Map<string, string>
  context?: Promise<Tree>
}

export function sayOnce(building: Building, text: string): void {
  if (!building.said.has(text)) building.options.log(` ---> ${text}`)
  building.said.add(text)
}

/** A new folder of the build; with `range` ids it belongs to the image's root. */
export function scratchDir({ scratch, view }: Building, name: string, mode = 0o755): string {
  const dir = mkdtempSync(join(scratch, `${name}-`))
  chmodSync(dir, mode)
  giveToImage(view, dir)
  return dir
}

/** Lets a file of this machine belong to a user of the image, root when none is named. */
export function giveToImage(view: BuildView, file: string, owner: Owner = { uid: 0, gid: 0 }): void {
  if (view.kind === 'image' && view.ids === 'range') chownSync(file, idBase + owner.uid, idBase + owner.gid)
}

/** The stage's files on this machine. */
export function stageFolder(building: Building, stage: Stage): Promise<string> {
  return materialise(stage, building.options.store.blobs, { view: building.view, makeDir: () => scratchDir(building, 'stage') })
}

/** What is in a stage's folder now, with the image's owners. */
export function listStage(building: Building, stage: Stage, dir: string): Promise<Tree> {
  const { view } = building
  return listTree(dir, { ownerOf: (path, onDisk) => ownerInImage(view, onDisk) ?? stage.owners.get(path) })
}

/** Adds a layer of these entries to a stage. */
export async function addLayer(building: Building, stage: Stage, entries: readonly TarEntry[]): Promise<{ digest: string; size: number; facts: LayerFacts }> {
  const layer = await writeLayer(building.options.store.blobs, entries, building.options.sourceDateEpoch)
  const facts = factsOf(entries)
  takeLayer(stage, { ...layer, facts })
  return { ...layer, facts }
}

/** Adds a layer that was made before. */
export function takeLayer(stage: Stage, { facts, ...layer }: { digest: string; size: number; facts: LayerFacts }): void {
  stage.layers.push({ digest: layer.digest, size: layer.size })
  applyFacts(stage, facts)
  stage.users ||= facts.users
}

/** The root of a host base: this machine's userland, made once a build. */
export function userland(building: Building, stage: Stage): string {
  const node = stage.node !== undefined
  const key = String(node)
  const known = building.userlands.get(key)
  if (known !== undefined) return known
  const dir = scratchDir(building, 'userland')
  const range = building.view.kind === 'image' && building.view.ids === 'range'
  makeUserland(dir, { node, ...(range ? { owner: { uid: idBase, gid: idBase } } : {}) })
  building.userlands.set(key, dir)
  return dir
}

/** The accounts of a stage's image. Its files are unpacked only when a layer has changed the base's own. */
export async function userFiles(building: Building, stage: Stage): Promise<UserFiles> {
  const base = stage.host ? baseUsers(stage.node !== undefined) : { passwd: '', group: '' }
  if (!stage.users) return base
  const dir = await stageFolder(building, stage)
  const read = (name: 'passwd' | 'group') => {
    const file = resolveInside(dir, `etc/${name}`)
    return file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : base[name]
  }
  return { passwd: read('passwd'), group: read('group') }
}

/** A folder of the cache that stays between builds. */
export function cacheFolder({ options, view }: Building, parts: readonly string[], owner: Owner & { readonly mode?: number }): string {
  const dir = join(options.cacheDir, ...parts)
  if (!existsSync(dir)) {
    mkdirSync(dir, { recursive: true })
    chmodSync(dir, owner.mode ?? 0o755)
    giveToImage(view, dir, owner)
  }
  return dir
}
