// pushway compose cp: files between a service's containers and this machine, by the rules of docker cp.

import { cpSync, existsSync, lstatSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, posix, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import { listTree, toTarEntry } from '../../drivers/builder/embedded/tree.ts'
import { extractArchive } from '../../oci/extract.ts'
import { type TarEntry, writeTar } from '../../oci/tar-write.ts'
import type { CommandContext } from '../../ports/program.ts'
import { EngineRefusal } from '../../util/engine-api/index.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers, oneContainer } from './observe.ts'
import { verbAction } from './run-verb.ts'
import { openNamed, type Situation } from './situation.ts'
import { refusalOf } from './up/make-container.ts'

interface CpOptions {
  readonly index?: string
}

/** Adds `pushway compose cp`. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  compose
    .command('cp')
    .description('Copies files between the containers of a service and this machine.')
    .argument('<source>', 'a path here, or SERVICE:PATH')
    .argument('<target>', 'the other one')
    .option('--index <number>', 'only the container of that number')
    .action(verbAction<CpOptions>(context, copy))
}

async function copy(global: GlobalOptions, [source = '', target = '']: readonly string[], { index }: CpOptions): Promise<void> {
  const [from, to] = [placeOf(source), placeOf(target)]
  if ((from === undefined) === (to === undefined))
    throw fail('usage', { problem: 'One of the two must be SERVICE:PATH, the other a path here.', hint: 'Such as: pushway compose cp web:/app/log.txt .' })
  const situation = openNamed(global)
  if (from) return copyOut(situation, { ...from, container: (await oneContainer(situation, from.service, index)).id, target })
  const { service, path } = to as Place
  const found = index === undefined ? await findContainers(situation, { services: [service] }) : [await oneContainer(situation, service, index)]
  if (found.length === 0) throw fail('usage', { problem: `service "${service}" has no container.`, hint: 'Make it: pushway compose up -d.' })
  for (const { id, name } of found) await copyIn(situation, { container: id, name, source, path })
}

interface Place {
  readonly service: string
  readonly path: string
}

function placeOf(text: string): Place | undefined {
  const at = text.indexOf(':')
  return at < 1 || text.slice(0, at).includes('/') || text.startsWith('.') ? undefined : { service: text.slice(0, at), path: text.slice(at + 1) }
}

/** Into a folder that is there under its own name, else under the target's. */
async function copyOut({ engine }: Situation, { container, path, target }: Place & { readonly container: string; readonly target: string }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pushway-cp-'))
  try {
    const body = await engine.open({ method: 'GET', path: `/containers/${container}/archive`, query: { path } })
    await extractArchive(body, { root: folder, name: path, whiteouts: false })
    const into = existsSync(target) && statSync(target).isDirectory()
    const contents = path.endsWith('/.')
    const name = posix.basename(contents ? path.slice(0, -2) : path) || '.'
    const inner = existsSync(join(folder, name)) ? join(folder, name) : folder
    const place = into && !contents ? join(target, name) : target
    if (!into && (target.endsWith('/') || !existsSync(dirname(resolve(target)))))
      throw fail('usage', { problem: `There is no folder for ${target}.`, hint: 'Make it first.' })
    cpSync(inner, resolve(place), { recursive: true, verbatimSymlinks: true })
  } catch (error) {
    throw refusalOf(error, `to copy ${path}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface CopyIn {
  readonly container: string
  readonly name: string
  readonly source: string
  readonly path: string
}

async function copyIn({ engine, progress }: Situation, { container, name, source, path }: CopyIn): Promise<void> {
  if (!existsSync(source)) throw fail('usage', { problem: `There is no ${source} here.`, hint: 'Correct the path.' })
  const put = async (folder: string, entry: string) => {
    const stream = Readable.from(writeTar(await entriesOf(source, entry)))
    await engine.tell({
      method: 'PUT',
      path: `/containers/${container}/archive`,
      query: { path: folder },
      headers: { 'content-type': 'application/x-tar' },
      stream,
    })
  }
  const said = `${name} copy ${source} to ${name}:${path}`
  progress.say(said, 'Copying')
  try {
    await put(path, source.endsWith('/.') ? '' : basename(resolve(source))).catch((error: unknown) => {
      // No such folder: it is the new name.
      if (!(error instanceof EngineRefusal) || path.endsWith('/')) throw error
      return put(posix.dirname(path), posix.basename(path))
    })
  } catch (error) {
    throw refusalOf(error, `to copy to ${name}:${path}`)
  }
  progress.say(said, 'Copied')
}

/** A file or a folder with all in it, called `name`; without a name only what is in it. */
async function entriesOf(source: string, name: string): Promise<readonly TarEntry[]> {
  const info = lstatSync(source)
  if (!info.isDirectory())
    return [{ path: name, type: 'file', mode: info.mode & 0o7777, mtime: Math.floor(info.mtimeMs / 1000), content: { file: source, size: info.size } }]
  const below = [...(await listTree(source))].map(([path, node]) => toTarEntry(name === '' ? path : `${name}/${path}`, node))
  return name === '' ? below : [{ path: name, type: 'directory', mode: info.mode & 0o7777 }, ...below]
}
