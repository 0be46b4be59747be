// actions/setup-go: a Go of this machine, else one that the machine's own `go` fetches and verifies as a module (golang.org/toolchain).
// Follows the inputs and outputs of https://github.com/actions/setup-go

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execProgram } from '../../util/exec.ts'
import { fitsVersion, newestFit } from '../../util/toolchain/node-version.ts'
import { ActionFailure } from '../actions/types.ts'
import type { Kit } from './kit.ts'
import { addPath, askVersions, chooseTool, entries, type FoundTool, notHere, readVersionFile, restoreDownloads, toolFolders } from './setup-tools.ts'

export async function setupGo(kit: Kit): Promise<void> {
  const wanted = wantedVersion(kit)
  const folders = [
    ...toolFolders(kit, 'go'),
    '/usr/local/go/bin',
    ...entries('/usr/lib')
      .filter((name) => /^go-/.test(name))
      .map((name) => `/usr/lib/${name}/bin`),
  ]
  const programs = folders.map((dir) => join(dir, 'go')).filter((file) => existsSync(file))
  process.env.GOTOOLCHAIN = 'local'
  const tools = (await askVersions(programs, { args: ['version'], version: /go version go(\d+\.\d+(?:\.\d+)?)/ })).map(whole)
  const own = tools[0]
  const range = wanted === 'stable' || wanted === 'oldstable' ? await namedRelease(wanted, own, kit) : wanted
  const latest = kit.flag('check-latest') || wanted === 'stable'
  const found = latest ? undefined : chooseTool(tools, range)
  const root = found ? await rootOf(found.program) : await fetchGo(kit, range, tools)
  const version = found?.version ?? (await versionOf(join(root, 'bin', 'go')))
  addPath(kit, join(kit.home, 'go', 'bin'))
  addPath(kit, join(root, 'bin'))
  kit.exportVariable('GOROOT', root)
  // Another version in go.mod must not be fetched behind the workflow's back.
  kit.exportVariable('GOTOOLCHAIN', 'local')
  kit.setOutput('go-version', version)
  kit.info(`Successfully set up Go version ${version}${found ? '' : ' (fetched)'}`)
  if ((kit.input('cache') || 'true') === 'true') await useCache(kit, version)
}

/** `go1.26` is 1.26.0. */
function whole(tool: FoundTool): FoundTool {
  return { ...tool, version: tool.version.split('.').length === 2 ? `${tool.version}.0` : tool.version }
}

function wantedVersion(kit: Kit): string {
  const named = kit.input('go-version')
  const file = kit.input('go-version-file')
  if (named !== '' || file === '') return named.replace(/^go/, '') || '*'
  const text = readVersionFile(kit, 'go-version-file')
  const version = /^toolchain\s+go(\d[\w.]*)/m.exec(text)?.[1] ?? /^go(?:lang)?\s+(\d[\w.]*)/m.exec(text)?.[1] ?? /^\s*(\d[\w.]*)\s*$/m.exec(text)?.[1]
  if (version === undefined) throw new ActionFailure(`${file} names no version of Go.`)
  return version
}

/** The versions for this machine, through the module proxy that its `go` uses. */
async function published(own: FoundTool | undefined): Promise<readonly string[]> {
  if (!own) return []
  const env = { ...process.env, GOFLAGS: '-mod=mod' }
  const { exit, stdout } = await execProgram([own.program, 'list', '-m', '-versions', 'golang.org/toolchain'], { env, timeoutMs: 60_000, cwd: '/' })
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const names = [...stdout.matchAll(/v0\.0\.1-go(\d+\.\d+\.\d+)\.(\w+-\w+)(?=\s|$)/g)].filter((match) => match[2] === `${process.platform}-${arch}`)
  return exit === 0 ? names.map((match) => match[1] as string) : []
}

async function namedRelease(name: 'stable' | 'oldstable', own: FoundTool | undefined, kit: Kit): Promise<string> {
  const newest = newestFit('*', await published(own)) ?? own?.version
  if (newest === undefined) throw notHere('Go', name, [])
  const [major, minor] = newest.split('.')
  kit.info(`${name} is ${major}.${Number(minor) - (name === 'stable' ? 0 : 1)}`)
  return `${major}.${Number(minor) - (name === 'stable' ? 0 : 1)}`
}

/** @throws ActionFailure when there is no such version, or no `go` that could fetch it */
async function fetchGo(kit: Kit, range: string, tools: readonly FoundTool[]): Promise<string> {
  if (fitsVersion(range, [1, 0, 0]) === undefined) throw new ActionFailure(`"${range}" is not a version or a range of Go.`)
  const version = newestFit(range, await published(tools[0]))
  const own = tools[0]
  if (version === undefined || !own) {
    const kept = chooseTool(tools, range)
    if (kept) return rootOf(kept.program)
    throw notHere('Go', range, tools)
  }
  kit.info(`Fetching Go ${version} (golang.org/toolchain)`)
  const cache = join(kit.env.PUSHWAY_TOOLCHAIN_CACHE ?? kit.temp, 'go-modules')
  const env = { ...process.env, GOTOOLCHAIN: `go${version}`, GOMODCACHE: cache, GOFLAGS: '-modcacherw' }
  const { exit, stdout, stderr } = await execProgram([own.program, 'env', 'GOROOT'], { env, timeoutMs: 10 * 60_000, cwd: '/' })
  if (exit !== 0 || !existsSync(join(stdout.trim(), 'bin', 'go')))
    throw new ActionFailure(`Go ${version} could not be fetched: ${stderr.trim().split('\n').at(-1)}`)
  return stdout.trim()
}

async function rootOf(program: string): Promise<string> {
  return (await execProgram([program, 'env', 'GOROOT'], { cwd: '/' })).stdout.trim()
}

async function versionOf(program: string): Promise<string> {
  return /go(\d+\.\d+(?:\.\d+)?)/.exec((await execProgram([program, 'version'], { cwd: '/' })).stdout)?.[1] ?? ''
}

/** Without a go.sum there is nothing to keep, and that is no mistake: it is on unless told. */
async function useCache(kit: Kit, version: string): Promise<void> {
  if (kit.lines('cache-dependency-path').length === 0 && !existsSync(join(kit.workspace, 'go.sum'))) return kit.setOutput('cache-hit', 'false')
  await restoreDownloads(kit, { id: `setup-go-${version}`, paths: ['~/go/pkg/mod', '~/.cache/go-build'], lockFiles: ['go.sum'] })
}
