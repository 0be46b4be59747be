// actions/cache, cache/restore and cache/save, as built-in actions; archives and versions are those of @actions/cache, so that both find each other's.
// Follows the inputs, outputs and rules of https://github.com/actions/cache

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type ArchiveEntry, findArchiveProblem } from '@pushway/core/results/archive.ts'
import { cacheKeyProblem } from '@pushway/core/results/cache.ts'
import { globToRegExp } from '@pushway/core/text/glob.ts'
import { execProgram } from '../../util/exec.ts'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'
import { connectServices, fetchFile, sendFile } from './services.ts'
import { isOnPath } from './which.ts'

const salt = '1.0'
const mostKeys = 10

/** `actions/cache`: restores; what the post stage needs is saved. */
export async function restoreCache(kit: Kit): Promise<void> {
  await restore(kit, { keepState: true })
}

/** `actions/cache/restore`. */
export async function restoreOnly(kit: Kit): Promise<void> {
  await restore(kit, { keepState: false })
}

/** What is cached and how it is found. */
export interface CacheCall {
  readonly paths: readonly string[]
  readonly key: string
  readonly restoreKeys: readonly string[]
}

/** Restores and gives the key that was found; undefined when there is none. @throws ActionFailure */
export async function restoreFor(
  kit: Kit,
  { paths, key, restoreKeys, lookOnly = false }: CacheCall & { readonly lookOnly?: boolean },
): Promise<string | undefined> {
  const services = connectServices(kit.env)
  const request = { key, restore_keys: restoreKeys, version: cacheVersion(paths) }
  const found = await services.call('CacheService/GetCacheEntryDownloadURL', request)
  if (found?.ok !== true) return undefined
  if (!lookOnly) await unpack(kit, paths, String(found.signed_download_url))
  return String(found.matched_key)
}

async function restore(kit: Kit, { keepState }: { keepState: boolean }): Promise<void> {
  const { paths, key } = named(kit)
  const keys = [key, ...kit.lines('restore-keys')]
  if (keys.length > mostKeys) throw new ActionFailure(`Key Validation Error: Keys are limited to a maximum of ${mostKeys}.`)
  kit.setOutput('cache-primary-key', key)
  if (keepState) kit.saveState('key', key)
  const matched = await restoreFor(kit, { paths, key, restoreKeys: keys.slice(1), lookOnly: kit.flag('lookup-only') })
  if (matched === undefined) {
    if (kit.flag('fail-on-cache-miss')) throw new ActionFailure(`Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: ${key}`)
    return kit.info(`Cache not found for input keys: ${keys.join(', ')}`)
  }
  kit.setOutput('cache-matched-key', matched)
  kit.setOutput('cache-hit', String(matched === key))
  if (keepState) kit.saveState('matched', matched)
  kit.info(kit.flag('lookup-only') ? `Cache found and can be restored from key: ${matched}` : `Cache restored from key: ${matched}`)
}

/** The post stage of `actions/cache`: saves unless the very key was restored. */
export async function saveAfterwards(kit: Kit): Promise<void> {
  const key = kit.state('key') || kit.input('key')
  if (kit.state('matched') === key) return kit.info(`Cache hit occurred on the primary key ${key}, not saving cache.`)
  await saveFor(kit, { key, paths: kit.lines('path') })
}

/** `actions/cache/save`. */
export async function saveOnly(kit: Kit): Promise<void> {
  await saveFor(kit, named(kit))
}

function named(kit: Kit): { readonly paths: readonly string[]; readonly key: string } {
  kit.required('path')
  const key = kit.required('key')
  const problem = [key, ...kit.lines('restore-keys')].map(cacheKeyProblem).find((found) => found !== undefined)
  if (problem !== undefined) throw new ActionFailure(`Key Validation Error: ${problem}.`)
  return { paths: kit.lines('path'), key }
}

/** A cache that can't be saved is a warning, as on GitHub: it was only to save time. */
export async function saveFor(kit: Kit, { key, paths }: Omit<CacheCall, 'restoreKeys'>): Promise<void> {
  const files = await matched(kit, paths)
  if (files.length === 0)
    return kit.warning('Path Validation Error: Path(s) specified in the action for caching do(es) not exist, hence no cache is being saved.')
  const services = connectServices(kit.env)
  const version = cacheVersion(paths)
  const reserved = await services.call('CacheService/CreateCacheEntry', { key, version }, ['already_exists'])
  if (!reserved) return kit.info(`Failed to save: Unable to reserve cache with key ${key}, another job may be creating this cache.`)
  const dir = mkdtempSync(join(kit.temp, 'cache-'))
  try {
    const file = join(dir, archiveName())
    await pack(kit, { dir, file, files })
    const { size } = await sendFile(String(reserved.signed_upload_url), file)
    await services.call('CacheService/FinalizeCacheEntryUpload', { key, version, size_bytes: String(size) })
    kit.info(`Cache Size: ~${Math.round(size / 2 ** 20)} MB (${size} B)`)
    kit.info(`Cache saved with key: ${key}`)
  } catch (error) {
    if (!(error instanceof ActionFailure)) throw error
    kit.warning(`Failed to save: ${error.message}`)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

async function matched(kit: Kit, paths: readonly string[]): Promise<readonly string[]> {
  const glob = await import('@actions/glob')
  const globber = await glob.create(paths.join('\n'), { implicitDescendants: false })
  return (await globber.glob()).map((file) => relative(kit.workspace, file) || '.')
}

function hasZstd(): boolean {
  return isOnPath('zstd')
}

function archiveName(): string {
  return hasZstd() ? 'cache.tzst' : 'cache.tgz'
}

/** As @actions/cache makes it: only the same paths and compression find each other. */
function cacheVersion(paths: readonly string[]): string {
  return createHash('sha256')
    .update([...paths, hasZstd() ? 'zstd-without-long' : 'gzip', salt].join('|'))
    .digest('hex')
}

async function pack(kit: Kit, { dir, file, files }: { dir: string; file: string; files: readonly string[] }): Promise<void> {
  const list = join(dir, 'manifest.txt')
  writeFileSync(list, files.join('\0'))
  const compress = hasZstd() ? ['--use-compress-program', 'zstd -T0'] : ['-z']
  await tar(['--posix', ...compress, '-cf', file, '--exclude', relative(kit.workspace, file), '-P', '-C', kit.workspace, '--null', '--files-from', list])
}

/** Every entry is looked at before any is unpacked. */
async function unpack(kit: Kit, paths: readonly string[], url: string): Promise<void> {
  const dir = mkdtempSync(join(kit.temp, 'cache-'))
  try {
    const file = join(dir, archiveName())
    await fetchFile(url, file)
    const problem = findArchiveProblem(await listArchive(file), { workspace: kit.workspace, covers: coveredBy(kit, paths) })
    if (problem) throw new ActionFailure(`The cache was refused, nothing of it is used: ${problem.entry}: ${problem.problem}.`)
    await tar([...decompress(), '-xf', file, '-P', '-C', kit.workspace])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function decompress(): readonly string[] {
  return hasZstd() ? ['--use-compress-program', 'unzstd'] : ['-z']
}

async function tar(args: readonly string[]): Promise<void> {
  const { exit, stderr } = await execProgram(['tar', ...args], { timeoutMs: 60 * 60_000 })
  // 1: a file changed while it was read.
  if (exit > 1) throw new ActionFailure(`tar ended with exit code ${exit}: ${stderr.trim().split('\n').at(-1)}`)
}

/** Through a plain tar beside it: the reader of entries knows no zstd. */
async function listArchive(file: string): Promise<readonly ArchiveEntry[]> {
  const plain = `${file}.tar`
  const program = hasZstd() ? ['zstd', '-d', '-q', '-f', '-o', plain, file] : ['sh', '-c', 'exec gzip -dc -- "$1" > "$2"', 'sh', file, plain]
  const { exit, stderr } = await execProgram(program, { timeoutMs: 60 * 60_000 })
  if (exit !== 0) throw new ActionFailure(`The cache could not be read: ${stderr.trim()}`)
  const { list } = await import('tar')
  const entries: ArchiveEntry[] = []
  const kinds: Readonly<Record<string, ArchiveEntry['kind']>> = {
    ...{ File: 'file', OldFile: 'file', ContiguousFile: 'file', Directory: 'folder', GNUDumpDir: 'folder' },
    ...{ SymbolicLink: 'link', Link: 'hard-link' },
  }
  const read = (entry: { path: string; type: string; linkpath?: string | undefined }) =>
    void entries.push({ path: entry.path, kind: kinds[entry.type] ?? 'other', ...(entry.linkpath === undefined ? {} : { target: entry.linkpath }) })
  await list({ file: plain, strict: true, onReadEntry: read }).catch((error: Error) => {
    throw new ActionFailure(`The cache could not be read: ${error.message}`)
  })
  rmSync(plain, { force: true })
  return entries
}

/** A path is covered when itself or a folder it is in matches one of the patterns. */
function coveredBy(kit: Pick<Kit, 'workspace' | 'home'>, patterns: readonly string[]): (path: string) => boolean {
  const matchers = patterns
    .filter((pattern) => !pattern.startsWith('!'))
    .map((pattern) => globToRegExp(resolve(kit.workspace, pattern.replace(/^~(?=\/|$)/, kit.home)).replace(/\/+$/, '')))
  return (path) => {
    const parts = path.split('/')
    return parts.some((_, i) => matchers.some((matcher) => matcher.test(parts.slice(0, i + 1).join('/') || '/')))
  }
}
