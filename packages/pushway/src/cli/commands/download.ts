// pushway download: artifacts of a run, as `gh run download` does.

import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import { globToRegExp } from '@pushway/core/text/glob.ts'
import type { ArtifactView } from '@pushway/core/views/types.ts'
import type { Command } from 'commander'
import { connectProject, type ProjectConnection, type ProjectOptions, withProject } from '../connection.ts'
import { findRun } from '../find.ts'
import { keepArtifact } from '../keep-artifact.ts'

interface Options extends ProjectOptions {
  readonly name: readonly string[]
  readonly pattern: readonly string[]
  readonly dir: string
}

const collect = (value: string, before: readonly string[]) => [...before, value]

/** Adds `pushway download`. */
export function register(program: Command): void {
  withProject(
    program
      .command('download')
      .summary('download artifacts of a run')
      .description('Downloads artifacts: one that is named by -n alone goes to the folder itself, all others to folders of their names.')
      .argument('[run]', 'its number or id; the newest run that has artifacts when absent')
      .option('-n, --name <name>', 'only this one; may be repeated', collect, [])
      .option('--pattern <glob>', 'only those whose names match; may be repeated', collect, [])
      .option('-D, --dir <dir>', 'where to', '.'),
  ).action(download)
}

async function download(run: string | undefined, options: Options): Promise<void> {
  const at = await connectProject(options)
  const { client, project } = at
  const { number, artifacts } = await findArtifacts(at, run)
  const chosen = choose(newestOfEachName(artifacts), options)
  if (chosen.length === 0) throw fail('not-found', { what: 'artifact', name: [...options.name, ...options.pattern].join(', ') || `of run ${number}` })
  const alone = options.name.length === 1 && options.pattern.length === 0
  for (const artifact of chosen) {
    const to = alone ? resolve(options.dir) : join(resolve(options.dir), artifact.name)
    if (!alone && existsSync(to) && readdirSync(to).length > 0)
      throw fail('usage', { problem: `${to} is there already and not empty.`, hint: 'Name another folder with -D.' })
    const answer = await client.downloadArtifact(project, number, artifact.id)
    const files = await keepArtifact({ ...answer, bytes: Readable.fromWeb(answer.body as Parameters<typeof Readable.fromWeb>[0]), to })
    process.stdout.write(`${artifact.name}: ${files.length} file${files.length === 1 ? '' : 's'} in ${to}\n`)
  }
}

async function findArtifacts(at: ProjectConnection, run: string | undefined): Promise<{ number: number; artifacts: readonly ArtifactView[] }> {
  const { client, project } = at
  if (run !== undefined) {
    const number = await findRun(at, run)
    return { number, artifacts: await client.artifacts(project, number) }
  }
  for (const { number } of await client.runs(project, 20)) {
    const artifacts = await client.artifacts(project, number)
    if (artifacts.length > 0) return { number, artifacts }
  }
  throw fail('not-found', { what: 'artifact', name: `of the newest runs of ${project}` })
}

function newestOfEachName(artifacts: readonly ArtifactView[]): readonly ArtifactView[] {
  return artifacts.filter(({ name }, i) => artifacts.findIndex((other) => other.name === name) === i)
}

function choose(artifacts: readonly ArtifactView[], { name, pattern }: Options): readonly ArtifactView[] {
  const missing = name.filter((wanted) => !artifacts.some((artifact) => artifact.name === wanted))
  if (missing.length > 0) throw fail('not-found', { what: 'artifact', name: missing.join(', ') })
  if (name.length === 0 && pattern.length === 0) return artifacts
  const patterns = pattern.map(globToRegExp)
  return artifacts.filter((artifact) => name.includes(artifact.name) || patterns.some((one) => one.test(artifact.name)))
}
