// COPY and ADD, done: a layer of what they name.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Owner } from '../../../oci/extract.ts'
import type { TarEntry } from '../../../oci/tar-write.ts'
import { isArchive, unpackArchive } from './archive.ts'
import { addLayer, type Building, listStage, stageFolder, userFiles } from './building.ts'
import { parseMode } from './chmod.ts'
import { excluder, listContext } from './context.ts'
import { CopyError, planCopy } from './copy.ts'
import { followLinks } from './facts.ts'
import type { HereDocument } from './here-document.ts'
import { stepKey } from './layers.ts'
import { copySource, findImage } from './plan.ts'
import { isRemote } from './read-copy.ts'
import { expandDocumentIn, expandIn, newStage, type Stage } from './stage.ts'
import { adoptImage } from './start-stage.ts'
import { byPath, listTree, type Tree } from './tree.ts'
import type { CopyInstruction } from './types.ts'
import { findUser } from './users.ts'

interface Source {
  readonly tree: Tree
  readonly treeName: string
  readonly sources: readonly string[]
  /** Files of the context: their modes are made the same everywhere. */
  readonly normalise: boolean
  /** Files of archives, stages and images keep their owners. */
  readonly keepOwners?: boolean
}

/** Makes the layer; says whether it is as it was the last time. */
export async function copyStep(building: Building, at: { stage: Stage; within: number }, copy: CopyInstruction): Promise<'cached' | 'made'> {
  const { stage } = at
  const sources = await findSources(building, at, copy)
  const to = targetOf(stage, expandIn(stage, copy.to))
  const owner = await ownerOf(building, stage, copy)
  const mode = copy.chmod === undefined ? undefined : modeOf(expandIn(stage, copy.chmod))
  const excludes = await excluder((copy.exclude ?? []).map((pattern) => expandIn(stage, pattern)))
  const several = sources.reduce((sum, source) => sum + source.sources.length, 0) > 1
  const entries = new Map<string, TarEntry>()
  for (const source of sources) {
    const planned = planCopy({
      ...source,
      // Each kind of source is planned alone: the rule for several of them is asked of all.
      to: several && sources.length > 1 && !to.endsWith('/') ? `${to}/` : to,
      workdir: '/',
      isFolder: (path) => stage.folders.has(path),
      anyLinks: !stage.host,
      ...(source.keepOwners && copy.chown === undefined ? {} : { owner }),
      ...(mode ? { mode } : {}),
      ...(excludes ? { excludes } : {}),
      ...(copy.parents ? { parents: true } : {}),
    })
    for (const entry of planned) entries.set(entry.path, entry)
  }
  const before = { ...stage, layers: [...stage.layers] }
  const layer = await addLayer(
    building,
    stage,
    [...entries.values()].sort((a, b) => byPath(a.path, b.path)),
  )
  // The bytes are always read, so what is kept is only that they were seen: the step says CACHED when nothing changed.
  const key = stepKey(before, { copy: copy.text, layer: layer.digest })
  if (!building.options.noCache && (await building.cache.find(key))) return 'cached'
  await building.cache.keep(key, layer)
  return 'made'
}

/** Where it goes, absolute, links of the image followed; a `/` at the end stays. */
function targetOf(stage: Stage, to: string): string {
  const absolute = to.startsWith('/') ? to : `${stage.workdir}/${to}`
  const folder = /(?:^|\/)\.?$/.test(to)
  const real = followLinks(stage, absolute)
  return `/${real}${folder && real !== '' ? '/' : ''}`
}

async function findSources(building: Building, at: { stage: Stage; within: number }, copy: CopyInstruction): Promise<readonly Source[]> {
  const { stage } = at
  if (copy.documents) return [{ ...(await documentTree(building, stage, copy.documents)), sources: copy.sources, normalise: true }]
  const words = copy.sources.map((word) => expandIn(stage, word))
  if (copy.keyword === 'COPY')
    return [{ ...(await copyTree(building, at.within, copy)), sources: words, normalise: copy.from === undefined, keepOwners: copy.from !== undefined }]
  const found: Source[] = []
  const plain: string[] = []
  for (const word of words) {
    if (isRemote(word)) found.push(await remoteSource(building, copy, { url: word, to: expandIn(stage, copy.to), stage }))
    else plain.push(word)
  }
  if (plain.length === 0) return found
  const { tree, treeName } = await copyTree(building, at.within, copy)
  const rest: string[] = []
  for (const word of plain) {
    const file = tree.get(word.replace(/^\.?\/+/, ''))?.file
    if (copy.unpack !== false && file !== undefined && (await isArchive(file))) found.push(await archiveSource(building, { file, name: word }))
    else rest.push(word)
  }
  return rest.length === 0 ? found : [...found, { tree, treeName, sources: rest, normalise: true }]
}

async function archiveSource(building: Building, archive: { file: string; name: string }): Promise<Source> {
  const dir = mkdtempSync(join(building.scratch, 'archive-'))
  const owners = new Map<string, Owner>()
  await unpackArchive(archive.file, { to: dir, name: archive.name, owners })
  return { tree: await listTree(dir, { ownerOf: (path) => owners.get(path) }), treeName: archive.name, sources: ['.'], normalise: false, keepOwners: true }
}

/** A URL is fetched on every build; a checksum is compared first. */
async function remoteSource(building: Building, copy: CopyInstruction, at: { url: string; to: string; stage: Stage }): Promise<Source> {
  const { options, scratch } = building
  const dir = mkdtempSync(join(scratch, 'remote-'))
  if (options.fetchUrl === undefined) throw new CopyError(`${at.url}: this build may not fetch anything`)
  const file = join(dir, 'content')
  const fetched = await options.fetchUrl(at.url, file)
  const wanted = copy.checksum && expandIn(at.stage, copy.checksum)
  if (wanted && wanted !== `sha256:${fetched.sha256}`) throw new CopyError(`${at.url} is not what --checksum says: it has sha256:${fetched.sha256}`)
  if (copy.unpack && (await isArchive(file))) return archiveSource(building, { file, name: at.url })
  const name = fetched.name ?? decodeURIComponent(new URL(at.url).pathname.split('/').at(-1) ?? '')
  if (/(?:^|\/)\.?$/.test(at.to) && !/^[^/\0]+$/.test(name))
    throw new CopyError(`${at.url} names no file: say where it goes with a path that does not end with /`)
  const node = (await listTree(dir)).get('content')
  const safe = /^[^/\0]+$/.test(name) && name !== '..' && name !== '.' ? name : 'content'
  // As Docker: what comes from elsewhere is for root alone.
  const only: Tree = new Map(node ? [[safe, { ...node, mode: 0o600 }]] : [])
  return { tree: only, treeName: at.url, sources: [safe], normalise: false }
}

async function copyTree(building: Building, within: number, copy: CopyInstruction): Promise<{ tree: Tree; treeName: string }> {
  const { options } = building
  if (copy.from === undefined) {
    building.context ??= listContext(options.context, options.dockerfile ?? join(options.context, 'Dockerfile'))
    return { tree: await building.context, treeName: 'the build context' }
  }
  const stage = await sourceStage(building, { name: copy.from, within, at: copy })
  return { tree: await stageTree(building, stage), treeName: `stage ${copy.from}` }
}

/** The stage or image that `--from` names. */
export async function sourceStage(building: Building, from: { name: string; within: number; at: Parameters<typeof adoptImage>[2]['at'] }): Promise<Stage> {
  const { options, plan } = building
  const index = copySource(plan.text, from.name, from.within)
  const known = index === undefined ? undefined : building.stages.get(index)
  if (known) return known
  const image = await findImage(options, from.name)
  if (!image) throw new CopyError(`there is no image ${from.name}`)
  const stage = newStage(from.name, '\\')
  await adoptImage(stage, building, { digest: image.digest, at: from.at })
  return stage
}

/** Its files; listed once for as many layers. */
export async function stageTree(building: Building, stage: Stage): Promise<Tree> {
  const dir = await stageFolder(building, stage)
  const key = `${dir} ${stage.layers.length}`
  const tree = building.trees.get(key) ?? (await listStage(building, stage, dir))
  building.trees.set(key, tree)
  return tree
}

/** Here-documents as files; variables in them are the stage's, where they are not quoted. */
async function documentTree(building: Building, stage: Stage, documents: readonly HereDocument[]): Promise<{ tree: Tree; treeName: string }> {
  const dir = mkdtempSync(join(building.scratch, 'documents-'))
  for (const { name, text, quoted } of documents) writeFileSync(join(dir, name), quoted ? text : expandDocumentIn(stage, text), { mode: 0o644 })
  return { tree: await listTree(dir), treeName: 'the Dockerfile' }
}

async function ownerOf(building: Building, stage: Stage, copy: CopyInstruction): Promise<Owner> {
  if (copy.chown === undefined) return { uid: 0, gid: 0 }
  const text = expandIn(stage, copy.chown)
  const plain = /^(?:\d+|root)(?::(?:\d+|root))?$/.test(text)
  const found = findUser(text, plain ? { passwd: 'root:x:0:0::/root:', group: 'root:x:0:' } : await userFiles(building, stage), true)
  if (typeof found === 'string') throw new CopyError(`--chown=${text}: ${found}`)
  return { uid: found.uid, gid: found.gid }
}

function modeOf(chmod: string): (bits: number, isFolder: boolean) => number {
  const mode = parseMode(chmod)
  if (mode === undefined) throw new CopyError(`--chmod=${chmod} is not a mode such as 755 or u=rwX,go=rX`)
  return mode
}
