// Provides a Node.js version with its npm: the machine's own when it fits, else the real binaries from the npm packages.

import { accessSync, constants, existsSync, mkdirSync, readdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { execFileText } from '../exec.ts'
import { placeOnce } from '../place-once.ts'
import { fitsVersion, newestFit, parseVersion, type Version } from './node-version.ts'
import { fetchPackage, nodePackageName, publishedVersions } from './npm-package.ts'

export interface ProvidedNode {
  /** Holds `node`, `npm`, `npx` and nothing that hides other programs. */
  readonly binDir: string
  readonly node: string
  /** `18.20.8`. */
  readonly version: string
}

export interface ProvideOptions {
  /** `defaultCacheDir()` unless there is a reason for another one. */
  readonly cacheDir: string
  readonly log?: (line: string) => void
  readonly signal?: AbortSignal
  /** Ask the registry for a newer fit even when this machine's own or a cached one fits. */
  readonly checkLatest?: boolean
}

/** The major of npm that each major of Node.js shipped with. */
const npmOf: Readonly<Record<number, number>> = { 12: 6, 14: 6, 15: 7, 16: 8, 17: 8, 18: 10, 19: 9, 20: 10, 21: 10, 22: 10, 23: 10, 24: 11 }

const inFlight = new Map<string, Promise<ProvidedNode>>()

/**
 * A Node.js that fits `version` ("18", "18.x", ">=18", "lts/*", "latest", "20.11.1"), fetched once and kept under `cacheDir/node/`.
 * Safe to call at the same time from several processes.
 * @throws PushwayError `toolchain-missing` with why
 */
export function provideNode(version: string, options: ProvideOptions): Promise<ProvidedNode> {
  const key = `${options.cacheDir}\0${version}\0${options.checkLatest ?? false}`
  const running = inFlight.get(key)
  if (running) return running
  const work = provide(version, options).finally(() => inFlight.delete(key))
  inFlight.set(key, work)
  return work
}

async function provide(wanted: string, options: ProvideOptions): Promise<ProvidedNode> {
  const root = join(options.cacheDir, 'node')
  const own = parseVersion(process.versions.node) as Version
  const fits = fitsVersion(wanted, own)
  if (fits === undefined) throw missing(wanted, 'it is not a version, a range or a name of Node.js that is known')
  try {
    if (fits && options.checkLatest !== true) return await provideOwn(root)
    return await provideFetched(wanted, root, options)
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason
    throw error instanceof Error && 'code' in error && error.code === 'toolchain-missing' ? error : missing(wanted, (error as Error).message)
  }
}

/** The running Node.js, as a folder of links: its own folder may hold programs that must not come first on a PATH. */
async function provideOwn(root: string): Promise<ProvidedNode> {
  const version = process.versions.node
  const name = `${version}-own`
  const npm = findBeside('npm')
  const npx = findBeside('npx')
  const linked = join(root, name, 'bin')
  const current = existsSync(join(linked, 'node')) && realpathSync(join(linked, 'node')) === realpathSync(process.execPath)
  if (existsSync(join(root, name)) && !current) rmSync(join(root, name), { recursive: true, force: true })
  const dir = await placeOnce(root, name, (to) => {
    mkdirSync(join(to, 'bin'))
    symlinkSync(process.execPath, join(to, 'bin', 'node'))
    if (npm) symlinkSync(npm, join(to, 'bin', 'npm'))
    if (npx) symlinkSync(npx, join(to, 'bin', 'npx'))
  })
  return { binDir: join(dir, 'bin'), node: join(dir, 'bin', 'node'), version }
}

async function provideFetched(wanted: string, root: string, options: ProvideOptions): Promise<ProvidedNode> {
  const cached = cachedVersions(root)
  const exact = parseVersion(wanted)?.join('.')
  const packageName = nodePackageName()
  if (packageName === undefined) throw missing(wanted, `there are no binaries for ${process.platform} on ${process.arch}`)
  const version = exact && cached.includes(exact) ? exact : await chooseVersion(wanted, cached, { root, packageName, options })
  const dir = await placeOnce(root, version, async (to) => {
    options.log?.(`Fetching Node.js ${version} (${packageName})`)
    await fetchPackage(packageName, version, { to, signal: options.signal, keep: (path) => path === 'bin/node' || path === 'LICENSE' })
    const npmRange = String(npmOf[Number.parseInt(version, 10)] ?? 11)
    await fetchPackage('npm', npmRange, { to: join(to, 'lib', 'node_modules', 'npm'), signal: options.signal })
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(to, 'bin', 'npm'))
    symlinkSync('../lib/node_modules/npm/bin/npx-cli.js', join(to, 'bin', 'npx'))
    const says = (await execFileText([join(to, 'bin', 'node'), '--version'], { timeoutMs: 30_000 })).trim()
    if (says !== `v${version}`) throw missing(version, `the package's program says it is ${says}`)
  })
  return { binDir: join(dir, 'bin'), node: join(dir, 'bin', 'node'), version }
}

/** The newest published version that fits; without a registry the newest cached one. */
async function chooseVersion(wanted: string, cached: readonly string[], from: { root: string; packageName: string; options: ProvideOptions }): Promise<string> {
  const known = await publishedVersions(from.packageName, from.root, from.options.signal).catch((error: Error) => error)
  if (known instanceof Error) {
    const fit = newestFit(wanted, cached)
    if (fit === undefined) throw missing(wanted, `the package registry did not answer (${known.message})`)
    from.options.log?.(`The package registry did not answer; using the cached Node.js ${fit}`)
    return fit
  }
  const fit = newestFit(wanted, known)
  if (fit === undefined) throw missing(wanted, `no published version of ${from.packageName} fits`)
  return fit
}

function cachedVersions(root: string): readonly string[] {
  return existsSync(root) ? readdirSync(root).filter((name) => parseVersion(name) !== undefined) : []
}

/** A program beside the running Node.js, else on the PATH. */
function findBeside(name: string): string | undefined {
  const folders = [dirname(process.execPath), dirname(realpathSync(process.execPath)), ...(process.env.PATH ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function missing(version: string, problem: string): Error {
  return fail('toolchain-missing', { tool: 'Node.js', version, problem: problem.replace(/\.$/, '') })
}
