// What setup-python, setup-go and setup-java share: programs of the machine by version, and the cache of what they download.

import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { execProgram } from '../../util/exec.ts'
import { fitsVersion, newestFit } from '../../util/toolchain/node-version.ts'
import { ActionFailure } from '../actions/types.ts'
import { type CacheCall, restoreFor, saveFor } from './cache.ts'
import { findFiles } from './find-files.ts'
import type { Kit } from './kit.ts'

/** A program of this machine. */
export interface FoundTool {
  readonly program: string
  /** `3.11.7`. */
  readonly version: string
}

/** All folders where programs of a tool may be: the PATH, and those of GitHub's tool cache layout (`Python/3.11.7/x64/bin`). */
export function toolFolders(kit: Kit, name: string): readonly string[] {
  const path = (kit.env.PATH ?? '').split(delimiter).filter((dir) => dir !== '')
  const caches = [kit.env.RUNNER_TOOL_CACHE, '/opt/hostedtoolcache'].filter((dir) => dir !== undefined)
  const kept = caches.flatMap((dir) =>
    entries(join(dir, name)).flatMap((version) => entries(join(dir, name, version)).map((arch) => join(dir, name, version, arch, 'bin'))),
  )
  return [...new Set([...kept, ...path])]
}

export function entries(dir: string): readonly string[] {
  return existsSync(dir) ? readdirSync(dir).sort() : []
}

/** Those of `programs` that say a version, each once. */
export async function askVersions(
  programs: readonly string[],
  ask: { readonly args: readonly string[]; readonly version: RegExp },
): Promise<readonly FoundTool[]> {
  const found = new Map<string, FoundTool>()
  for (const program of programs) {
    const real = resolved(program)
    if (real === undefined || found.has(real)) continue
    const said = await execProgram([program, ...ask.args], { timeoutMs: 20_000 }).catch(() => undefined)
    const version = said?.exit === 0 ? ask.version.exec(`${said.stdout}\n${said.stderr}`)?.[1] : undefined
    if (version !== undefined) found.set(real, { program, version })
  }
  return [...found.values()]
}

function resolved(file: string): string | undefined {
  try {
    return realpathSync(file)
  } catch {
    return undefined
  }
}

/** The newest that fits. @throws ActionFailure for a version that is no version */
export function chooseTool(tools: readonly FoundTool[], wanted: string): FoundTool | undefined {
  if (fitsVersion(wanted, [1, 0, 0]) === undefined) throw new ActionFailure(`"${wanted}" is not a version or a range that is understood.`)
  const version = newestFit(wanted, [...new Set(tools.map((tool) => tool.version))])
  return tools.find((tool) => tool.version === version)
}

/** @throws ActionFailure saying what there is */
export function notHere(tool: string, wanted: string, tools: readonly FoundTool[]): ActionFailure {
  const there = [...new Set(tools.map(({ version }) => version))].join(', ')
  return new ActionFailure(
    `${tool} ${wanted} is not on this machine; there is ${there === '' ? 'none' : there}. Ask for one of these, or install it on the machine.`,
  )
}

export function addPath(kit: Kit, dir: string): void {
  if (kit.env.GITHUB_PATH) appendFileSync(kit.env.GITHUB_PATH, `${dir}\n`)
}

export function readVersionFile(kit: Kit, input: string): string {
  const file = join(kit.workspace, kit.input(input))
  if (!existsSync(file)) throw new ActionFailure(`The specified version file at: ${kit.input(input)} does not exist`)
  return readFileSync(file, 'utf8')
}

export interface DownloadCache {
  readonly id: string
  readonly paths: readonly string[]
  /** Files whose content makes the key. */
  readonly lockFiles: readonly string[]
}

/** Restores what was downloaded for the same lock files; what the post stage saves is kept as state. Sets `cache-hit`. */
export async function restoreDownloads(kit: Kit, { id, paths, lockFiles }: DownloadCache): Promise<void> {
  const patterns = kit.lines('cache-dependency-path')
  const files = await findFiles(
    (patterns.length > 0 ? patterns : lockFiles).map((pattern) => join(kit.workspace, pattern)),
    { hidden: true },
  )
  if (files.length === 0)
    throw new ActionFailure(
      `No file in ${kit.workspace} matched to [${(patterns.length > 0 ? patterns : lockFiles).join(' or ')}], which the cache's key is made of.`,
    )
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(file))
  const call: CacheCall = { paths, key: `${id}-${kit.env.RUNNER_OS}-${kit.env.RUNNER_ARCH}-${hash.digest('hex')}`, restoreKeys: [] }
  const matched = await restoreFor(kit, call)
  kit.saveState('cache', JSON.stringify({ ...call, matched }))
  kit.setOutput('cache-hit', String(matched === call.key))
  kit.info(matched === undefined ? `${id} cache is not found` : `Cache restored from key: ${matched}`)
}

/** The post stage of all of them. */
export async function saveDownloads(kit: Kit): Promise<void> {
  const text = kit.state('cache')
  if (text === '') return
  const call = JSON.parse(text) as CacheCall & { readonly matched?: string }
  if (call.matched === call.key) return kit.info(`Cache hit occurred on the primary key ${call.key}, not saving cache.`)
  await saveFor(kit, call)
}
