// The build context: the files that COPY can see.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import { listTree, type Tree } from './tree.ts'

interface Ignore {
  ignores(path: string): boolean
}

/** `.dockerignore` beside the Dockerfile (`NAME.dockerignore`) goes before the context's own, as in Docker. */
function readIgnoreFile(context: string, dockerfile: string): string {
  const file = [`${dockerfile}.dockerignore`, join(context, '.dockerignore')].find((candidate) => existsSync(candidate))
  return file === undefined ? '' : readFileSync(file, 'utf8')
}

/** Lists the context without what `.dockerignore` leaves out. @throws PushwayError `usage` when there is no such folder */
export async function listContext(context: string, dockerfile: string): Promise<Tree> {
  if (!statSync(context, { throwIfNoEntry: false })?.isDirectory()) {
    throw fail('usage', { problem: `The build context ${context} is not a folder.`, hint: 'Name a folder: docker build PATH.' })
  }
  const patterns = readIgnoreFile(context, dockerfile)
  if (patterns.trim() === '') return listTree(context)
  const { default: dockerignore } = await import('@balena/dockerignore')
  const ignore: Ignore = dockerignore().add(patterns)
  // With exceptions (`!path`) something inside a left-out folder may be wanted: look into all of them.
  const exceptions = /^\s*!/m.test(patterns)
  const tree = await listTree(context, { skip: (path, directory) => (!directory || !exceptions) && ignore.ignores(path) })
  return exceptions ? withoutEmptyIgnored(tree, ignore) : tree
}

/** Left-out folders that were only looked into stay when something in them is wanted. */
function withoutEmptyIgnored(tree: Tree, ignore: Ignore): Tree {
  const wanted = new Set<string>()
  for (const [path, node] of tree) {
    if (node.type === 'directory' && ignore.ignores(path)) continue
    for (let part = path; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('/')))) wanted.add(part)
  }
  return new Map([...tree].filter(([path]) => wanted.has(path)))
}

/** What `--exclude` patterns leave out: the rules of `.dockerignore`. */
export async function excluder(patterns: readonly string[]): Promise<((path: string) => boolean) | undefined> {
  if (patterns.length === 0) return undefined
  const { default: dockerignore } = await import('@balena/dockerignore')
  const ignore: Ignore = dockerignore().add([...patterns])
  return (path) => ignore.ignores(path)
}
