// Where the host driver keeps workspaces, spools and caches of jobs, and what their steps must not see.

import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { JobRef } from '../../../ports/jobs.ts'
import type { Isolation } from '../../../util/isolation/index.ts'
import type { JobFolders } from '../../../util/job-spool.ts'
import { joinInside } from '../../../util/paths.ts'

/** `owner/name` and job ids come from outside: joined in one place. */
export function jobFolders(ref: JobRef, options: { readonly dataDir: string; readonly toolsDir: string; readonly isolated: boolean }): JobFolders {
  const { dataDir, toolsDir } = options
  const cache = joinInside(join(dataDir, 'cache', 'jobs'), ref.project)
  const attempt = `${ref.job}-${ref.attempt}`
  return {
    spool: joinInside(join(dataDir, 'jobs'), `${ref.run}/${attempt}`),
    job: joinInside(join(dataDir, 'work'), `${ref.project}/${ref.run}-${attempt}`),
    tools: toolsDir,
    jobTools: options.isolated ? join(cache, 'tools') : toolsDir,
    npmCache: join(cache, 'npm'),
    buildCache: join(cache, 'build'),
  }
}

/**
 * The data folder is hidden, and for root also root's home: it may be closed to the project's uid, and holds keys.
 * What steps need to run at all (Node.js, the program itself) stays, read-only.
 */
export function hiddenFolders(
  isolation: Isolation,
  options: { readonly dataDir: string; readonly self: readonly string[] },
): {
  readonly hide: readonly string[]
  readonly keepReadOnly: readonly string[]
} {
  if (isolation.kind === 'none') return { hide: [], keepReadOnly: [] }
  const home = isolation.kind === 'uid' && homedir() !== '/' ? [realpathSync(homedir())] : []
  const node = dirname(dirname(realpathSync(process.execPath)))
  const needed = [node, ...programFolders(options.self)]
  const hide = [realpathSync(options.dataDir), ...home]
  return { hide, keepReadOnly: needed.filter((dir) => home.some((outer) => dir.startsWith(`${outer}/`))) }
}

/** The folder that holds the program with its assets and packages. */
function programFolders(self: readonly string[]): readonly string[] {
  const entry = self.at(-1) ?? ''
  let dir = dirname(entry)
  while (dir !== dirname(dir) && !existsSync(join(dir, 'node_modules'))) dir = dirname(dir)
  return [dir === dirname(dir) ? dirname(entry) : dir].filter((found) => existsSync(found)).map((found) => realpathSync(found))
}

/** The folders whose parents an isolated job's uid must be able to pass. */
export function makeParents(folders: JobFolders): void {
  for (const dir of [folders.job, folders.npmCache, folders.buildCache, folders.jobTools]) mkdirSync(dirname(dir), { recursive: true, mode: 0o755 })
  mkdirSync(folders.tools, { recursive: true, mode: 0o755 })
}
