// What a repository's own files say of its head: read as they are, because starting git takes longer than a short run.
// Follows https://git-scm.com/docs/gitrepository-layout

import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface GitHead {
  readonly dir: string
  /** Undefined before the first commit. */
  readonly sha?: string
  /** Undefined when no branch is checked out. */
  readonly ref?: string
  /** The address of `origin`. */
  readonly remote?: string
}

/**
 * The repository around a folder.
 * @returns undefined where there is none, and where only git itself can tell: another layout, references in tables, a configuration that includes others
 */
export function readGitFiles(from: string, env: NodeJS.ProcessEnv = process.env): GitHead | undefined {
  if (Object.keys(env).some((name) => name.startsWith('GIT_DIR') || name === 'GIT_WORK_TREE' || name === 'GIT_CONFIG')) return undefined
  try {
    const dir = topOf(resolve(from))
    return dir === undefined ? undefined : readHead(dir)
  } catch {
    return undefined
  }
}

function topOf(dir: string): string | undefined {
  if (existsSync(join(dir, '.git'))) return dir
  const parent = dirname(dir)
  return parent === dir ? undefined : topOf(parent)
}

function readHead(dir: string): GitHead | undefined {
  const gitDir = gitDirOf(dir)
  const common = commonDirOf(gitDir)
  const config = readFileSync(join(common, 'config'), 'utf8')
  if (/^\s*\[(include|includeif|extensions)/im.test(config) || /^\s*worktree\s*=/im.test(config)) return undefined
  const remote = originOf(config)
  if (remote === null) return undefined
  const head = readFileSync(join(gitDir, 'HEAD'), 'utf8').trim()
  const ref = /^ref:\s*(refs\/.+)$/.exec(head)?.[1]
  const sha = ref === undefined ? head : resolveRef([gitDir, common], ref)
  if (sha !== undefined && !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)) return undefined
  return { dir, ...(sha ? { sha } : {}), ...(ref ? { ref } : {}), ...(remote ? { remote } : {}) }
}

function gitDirOf(dir: string): string {
  const path = join(dir, '.git')
  if (statSync(path).isDirectory()) return path
  const link = /^gitdir: (.+)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
  return resolve(dir, link)
}

/** Where a further working tree keeps what it shares with the others. */
function commonDirOf(gitDir: string): string {
  const file = join(gitDir, 'commondir')
  return existsSync(file) ? resolve(gitDir, readFileSync(file, 'utf8').trim()) : gitDir
}

function resolveRef(dirs: readonly string[], ref: string): string | undefined {
  for (const dir of dirs) {
    const file = join(dir, ref)
    if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  }
  const packed = join(dirs.at(-1) as string, 'packed-refs')
  if (!existsSync(packed)) return undefined
  const line = readFileSync(packed, 'utf8')
    .split('\n')
    .find((one) => one.endsWith(` ${ref}`))
  return line?.split(' ')[0]
}

/** Null: written in a way that git should read. */
function originOf(config: string): string | undefined | null {
  let section = ''
  for (const line of config.split('\n')) {
    const header = /^\s*\[(.*)\]\s*$/.exec(line)
    if (header) section = header[1] as string
    const url = section === 'remote "origin"' ? /^\s*url\s*=\s*(.*?)\s*$/i.exec(line)?.[1] : undefined
    if (url !== undefined) return /["\\;#]/.test(url) ? null : url
  }
  return undefined
}
