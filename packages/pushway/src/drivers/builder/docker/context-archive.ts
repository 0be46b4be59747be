// The build context as engines take it: a tar archive of what `.dockerignore` leaves, the Dockerfile always in it.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { type TarEntry, writeTar } from '../../../oci/tar-write.ts'
import { listContext } from '../embedded/context.ts'
import { toTarEntry } from '../embedded/tree.ts'

export interface ContextArchive {
  readonly stream: Readable
  /** The Dockerfile's name in it. */
  readonly dockerfile: string
  readonly dockerfilePath: string
}

/**
 * Packs the context. A Dockerfile that is outside of it, or left out, gets a name that nothing else has, and the engine is told to ignore it, as
 * Docker's own client does.
 * @throws PushwayError `usage` when there is no such folder or Dockerfile
 */
export async function archiveContext(context: string, dockerfilePath: string): Promise<ContextArchive> {
  const text = readText(dockerfilePath)
  const tree = await listContext(context, dockerfilePath)
  const entries = new Map<string, TarEntry>([...tree].map(([path, node]) => [path, toTarEntry(path, node)]))
  const inside = relative(context, dockerfilePath)
  if (!inside.startsWith('..')) {
    // Left out by a pattern or not, the engine needs it, and what leaves it out: it applies the patterns again.
    for (const path of [inside, '.dockerignore']) if (!entries.has(path) && existsSync(join(context, path))) entries.set(path, await entryOf(context, path))
    return { stream: Readable.from(writeTar(entries.values())), dockerfile: inside, dockerfilePath }
  }
  const name = `.dockerfile.${createHash('sha256').update(text).digest('hex').slice(0, 20)}`
  const ignoreFile = [`${dockerfilePath}.dockerignore`, join(context, '.dockerignore')].find((file) => existsSync(file))
  const patterns = ignoreFile === undefined ? '.dockerignore' : readText(ignoreFile)
  const add = (path: string, content: string) => entries.set(path, { path, type: 'file', mode: 0o600, content: Buffer.from(content) })
  add(name, text)
  add('.dockerignore', `${patterns}\n${name}\n`)
  return { stream: Readable.from(writeTar(entries.values())), dockerfile: name, dockerfilePath }
}

async function entryOf(context: string, path: string): Promise<TarEntry> {
  const file = join(context, path)
  const { mode, size } = await stat(file)
  return { path, type: 'file', mode: mode & 0o777, content: { file, size } }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw fail('usage', { problem: `There is no ${basename(file)} at ${file}.`, hint: 'Name it: docker build -f FILE PATH.' })
  }
}
