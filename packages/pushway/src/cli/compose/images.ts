// pushway compose images, build, pull, push.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { imageDetails } from '../../util/engine-api/index.ts'
import { collectPairs } from './flags.ts'
import type { GlobalOptions } from './global.ts'
import { findContainers, type ProjectContainer } from './observe.ts'
import { printTable } from './print-table.ts'
import { verbAction } from './run-verb.ts'
import { ageText } from './show-container.ts'
import { openNamed, openProject, type ProjectSituation, type Situation } from './situation.ts'
import { buildService } from './up/build-service.ts'
import { imageName } from './up/image-name.ts'
import { isPullFailure, pullOne, pushOne } from './up/service-images.ts'

interface ImageOptions {
  readonly quiet?: boolean
  readonly format?: string
  readonly ignorePullFailures?: boolean
  readonly ignorePushFailures?: boolean
  readonly ignoreBuildable?: boolean
  readonly includeDeps?: boolean
  readonly policy?: string
  readonly noCache?: boolean
  readonly cache?: boolean
  readonly pull?: boolean
  readonly push?: boolean
  readonly buildArg?: Readonly<Record<string, string>>
  readonly withDependencies?: boolean
}

/** Adds the verbs. */
export function register(compose: Command, context: Pick<CommandContext, 'exit'>): void {
  const verb = (name: string, description: string) => compose.command(name).description(description).argument('[services...]', 'only these')
  verb('images', 'Lists the images of containers.')
    .option('--format <format>', 'table or json', 'table')
    .option('-q, --quiet', 'only ids')
    .action(verbAction<ImageOptions>(context, images))
  verb('build', 'Builds the images of services.')
    .option('--build-arg <name=value>', 'an argument of the Dockerfile (may be repeated)', collectPairs)
    .option('--no-cache', 'build every step anew')
    .option('--pull', 'ask for newer bases')
    .option('--push', 'push what is built')
    .option('-q, --quiet', 'no output of the build')
    .option('--with-dependencies', 'also what they depend on')
    .action(verbAction<ImageOptions>(context, build))
  verb('pull', 'Pulls the images of services.')
    .option('--ignore-buildable', 'not those that are built')
    .option('--ignore-pull-failures', 'go on after a failure')
    .option('--include-deps', 'also what they depend on')
    .option('--policy <policy>', 'missing or always', 'always')
    .option('-q, --quiet', 'no progress')
    .action(verbAction<ImageOptions>(context, pull))
  verb('push', 'Pushes the images of services.')
    .option('--ignore-push-failures', 'go on after a failure')
    .option('--include-deps', 'also what they depend on')
    .option('-q, --quiet', 'no progress')
    .action(verbAction<ImageOptions>(context, push))
}

/** The named services, or all; with what they depend on when that is wanted. */
function chosen(situation: ProjectSituation, services: readonly string[], deps: boolean | undefined): readonly string[] {
  return services.length === 0 || deps ? Object.keys(situation.model.services) : services
}

async function build(global: GlobalOptions, services: readonly string[], options: ImageOptions): Promise<void> {
  const situation = openProject(global, services)
  const { noCache, pull: newer, quiet, buildArg: args } = { ...options, noCache: options.cache === false }
  const keys = chosen(situation, services, options.withDependencies).filter((key) => situation.model.services[key]?.build)
  if (keys.length === 0) process.stderr.write('No services to build\n')
  for (const key of keys) {
    await buildService(situation, key, { noCache, ...(newer ? { pull: true } : {}), ...(quiet ? { quiet } : {}), ...(args ? { args } : {}) })
    if (options.push) await pushOne(situation, { key, image: imageOf(situation, key) }, quiet ?? false)
  }
}

function imageOf({ name, model }: ProjectSituation, key: string): string {
  return imageName(name, key, model.services[key] as NonNullable<(typeof model.services)[string]>)
}

async function pull(global: GlobalOptions, services: readonly string[], options: ImageOptions): Promise<void> {
  const situation = openProject(global, services)
  const { model, engine, progress } = situation
  const images = new Map<string, string>()
  for (const key of chosen(situation, services, options.includeDeps)) {
    const { image, build: built, pull_policy: policy } = model.services[key] ?? {}
    const why = !image
      ? 'No image to be pulled'
      : built && (options.ignoreBuildable || policy === 'build')
        ? 'Image can be built'
        : policy === 'never'
          ? 'Image is not to be pulled'
          : undefined
    if (why !== undefined || image === undefined) progress.say(key, `Skipped - ${why}`)
    else if ((options.policy === 'missing' || policy === 'missing' || policy === 'if_not_present') && (await isThere(engine, image)))
      progress.say(key, 'Skipped - Image is already present locally')
    else images.set(image, key)
  }
  await Promise.all(
    [...images].map(async ([image, key]) => {
      try {
        await pullOne(situation, { key, image }, options.quiet ?? false)
      } catch (error) {
        // One that can be built need not be in a registry yet.
        const passed = isPullFailure(error) && (options.ignorePullFailures || model.services[key]?.build !== undefined)
        if (!passed) throw error
        process.stderr.write(`${(error as Error).message}\n`)
      }
    }),
  )
}

async function isThere(engine: Situation['engine'], image: string): Promise<boolean> {
  return (await engine.find(imageDetails, { method: 'GET', path: `/images/${image}/json` })) !== undefined
}

async function push(global: GlobalOptions, services: readonly string[], options: ImageOptions): Promise<void> {
  const situation = openProject(global, services)
  for (const key of chosen(situation, services, options.includeDeps)) {
    const { image, build: built } = situation.model.services[key] ?? {}
    if (!image || !built) {
      situation.progress.say(key, 'Skipped')
      continue
    }
    try {
      await pushOne(situation, { key, image }, options.quiet ?? false)
    } catch (error) {
      if (!options.ignorePushFailures) throw error
      process.stderr.write(`${(error as Error).message}\n`)
    }
  }
}

interface ShownImage {
  readonly container: string
  readonly repository: string
  readonly tag: string
  readonly platform: string
  readonly id: string
  readonly size: number
  readonly created: string
}

async function images(global: GlobalOptions, services: readonly string[], { quiet, format }: ImageOptions): Promise<void> {
  if (format !== 'table' && format !== 'json') throw fail('usage', { problem: `There is no output format "${format}".`, hint: 'Use table or json.' })
  const situation = openNamed(global)
  const shown = await Promise.all((await findContainers(situation, { services })).map((one) => shownImage(situation, one)))
  if (quiet) return void process.stdout.write([...new Set(shown.map(({ id }) => id.replace('sha256:', '')))].map((id) => `${id}\n`).join(''))
  if (format === 'json') {
    const rows = shown.map((one) => ({
      ID: one.id,
      ContainerName: one.container,
      Repository: one.repository,
      Tag: one.tag,
      Platform: one.platform,
      Size: one.size,
      Created: one.created,
    }))
    return void process.stdout.write(`${JSON.stringify(rows)}\n`)
  }
  printTable(
    ['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'],
    shown.map((one) => [
      one.container,
      one.repository,
      one.tag,
      one.platform,
      one.id.replace('sha256:', '').slice(0, 12),
      sizeText(one.size),
      `${ageText((Date.now() - Date.parse(one.created)) / 1000)} ago`,
    ]),
  )
}

async function shownImage({ engine }: Situation, { name, summary }: ProjectContainer): Promise<ShownImage> {
  const details = await engine.find(imageDetails, { method: 'GET', path: `/images/${summary.ImageID}/json` })
  const [, repository = '<none>', tag = 'latest'] = /^(.+?)(?::([^/:]+))?$/.exec(summary.Image) ?? []
  const platform = `${details?.Os ?? ''}/${details?.Architecture ?? ''}`
  return { container: name, repository, tag, platform, id: summary.ImageID, size: details?.Size ?? 0, created: details?.Created ?? '' }
}

/** Three digits and a unit of a thousand: `219MB`. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  return `${Number((bytes / 1000 ** at).toPrecision(3))}${units[at]}`
}
