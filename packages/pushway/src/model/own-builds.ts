// Images that no job of the run has built: Pushway builds them itself from the commit, in a run of its own that people can look at.

import type { BuildOptions } from '@pushway/core/app/types.ts'
import type { PushedImage } from '@pushway/core/project/state.ts'
import type { NeededBuild } from '@pushway/core/release/make.ts'
import type { Position } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Job, Step, TemplateMap, Workflow } from '@pushway/core/workflow/types.ts'
import type { Append } from '../ports/store.ts'
import type { Workshop } from './workshop.ts'

/** The name that stands for the file of such a run's workflow; what it builds is part of it, so that it needs no other place. */
const prefix = 'pushway:build/'

/** Whether a run's workflow file is one of ours. */
export function isOwnBuild(file: string): boolean {
  return file.startsWith(prefix)
}

function fileOf(builds: readonly NeededBuild[]): string {
  const rows = builds.map(
    ({ service, context, dockerfile, target, options }): BuildRow => [
      service,
      context,
      dockerfile,
      target ?? '',
      buildFlags(options),
      options?.dockerfileInline ?? '',
    ],
  )
  return prefix + Buffer.from(JSON.stringify(rows)).toString('base64url')
}

/** The workflow that such a file name stands for. */
export function ownBuildWorkflow(file: string, registry: { readonly host: string; readonly project: ProjectName }): Workflow {
  const builds = readBuilds(file)
  const at: Position = { file, line: 1, column: 1 }
  const text = (value: string) => ({ value, at })
  const jobs = builds.map(([service, context, dockerfile, target, flags, inline], index): Job => {
    // Values from files reach the shell as variables, never as part of its text.
    const env: TemplateMap = [
      ['IMAGE', text(`${registry.host}/${imageRepository(registry.project, service)}:built`)],
      ['BUILD_CONTEXT', text(context)],
      // compose names it from the context, docker from the working folder.
      ...(inline === ''
        ? [['BUILD_FILE', text(context === '.' ? dockerfile : `${context}/${dockerfile}`)] as const]
        : [['BUILD_INLINE', text(inline)] as const]),
      ['BUILD_TARGET', text(target)],
      ...flags.map(([, value], at) => [`BUILD_FLAG_${at}`, text(value)] as const),
      // With an engine, Pushway asks it itself: layers of the last build in the registry are its cache.
      ['PUSHWAY_OWN_BUILD', text('1')],
    ]
    const file = inline === '' ? '"$BUILD_FILE"' : '"$RUNNER_TEMP/Dockerfile"'
    const given = flags.map(([flag], at) => ` ${flag}="$BUILD_FLAG_${at}"`)
    const build = `docker build -t "$IMAGE" -f ${file}${target === '' ? '' : ' --target "$BUILD_TARGET"'}${given.join('')} "$BUILD_CONTEXT"`
    const line = inline === '' ? build : `printf '%s\\n' "$BUILD_INLINE" > "$RUNNER_TEMP/Dockerfile"\n${build}`
    const steps: readonly Step[] = [
      { kind: 'uses', index: 0, name: text('Check out the commit'), env: [], uses: 'actions/checkout@v4', with: [], at },
      { kind: 'run', index: 1, name: text(`Build the image of ${service}`), env, run: text(line), at },
      { kind: 'run', index: 2, name: text('Push it'), env, run: text('docker push "$IMAGE"'), at },
    ]
    return { id: `build-${index + 1}`, name: text(`build ${service}`), needs: [], runsOn: ['ubuntu-latest'], env: [], outputs: [], defaults: {}, steps, at }
  })
  return { file, name: 'Build images', on: [], env: [], defaults: {}, jobs }
}

type BuildRow = readonly [
  service: string,
  context: string,
  dockerfile: string,
  target: string,
  flags: readonly (readonly [flag: string, value: string])[],
  inline: string,
]

/** The name is ours: its content has the shape that `fileOf` gave it; older ones had the arguments in the place of flags. */
function readBuilds(file: string): readonly BuildRow[] {
  type Kept = readonly [string, string, string, string, (BuildRow[4] | BuildOptions['args'])?, string?]
  const rows = JSON.parse(Buffer.from(file.slice(prefix.length), 'base64url').toString('utf8')) as readonly Kept[]
  return rows.map(([service, context, dockerfile, target, flags = [], inline = '']) => {
    const own = Array.isArray(flags) ? (flags as BuildRow[4]) : buildFlags({ args: flags as NonNullable<BuildOptions['args']> })
    return [service, context, dockerfile, target, own, inline]
  })
}

/** The keys of compose's `build` that are honoured (`core/compose/support.ts` has a warning for each of the others), as flags of `docker build`. */
function buildFlags(options: BuildOptions = {}): BuildRow[4] {
  const pairs = (flag: string, values: Readonly<Record<string, string | null>> = {}) =>
    Object.entries(values).map(([name, value]) => [flag, value === null ? name : `${name}=${value}`] as const)
  const each = (flag: string, values: readonly string[] = []) => values.map((value) => [flag, value] as const)
  const on = (flag: string, value: boolean | undefined) => (value ? [[flag, 'true'] as const] : [])
  return [
    ...pairs('--build-arg', options.args),
    ...pairs('--label', options.labels),
    ...each('--platform', options.platforms),
    ...each('--cache-from', options.cacheFrom),
    ...each('--cache-to', options.cacheTo),
    ...each('--network', options.network === undefined ? [] : [options.network]),
    ...on('--no-cache', options.noCache),
    ...on('--pull', options.pull),
  ]
}

/** Where the image of a service is kept: below the project's own name, so that the run's token may push it. */
function imageRepository(project: ProjectName, service: string): string {
  return `${project}/${service}`.toLowerCase()
}

/** The image of a service that such a run built from this commit. */
export function builtImage(shop: Workshop, at: { project: ProjectName; commit: CommitId }, service: string): PushedImage | undefined {
  const repository = imageRepository(at.project, service)
  return shop.states.project(at.project).state.images.findLast((image) => {
    const run = image.run === undefined ? undefined : shop.states.run(image.run).state
    return image.repository === repository && run?.cause?.sha === at.commit && isOwnBuild(run.workflowFile ?? '')
  })
}

export type BuildProgress =
  | { readonly kind: 'start'; readonly append: Append }
  | { readonly kind: 'running' }
  | { readonly kind: 'ended'; readonly ok: boolean; readonly number: number }

/** How far the run is that builds these; its facts when there is none yet. One run a commit and set of builds, but a failed one may be tried again by a new run of the workflow. */
export async function buildProgress(shop: Workshop, wanted: { project: ProjectName; run: RunId; builds: readonly NeededBuild[] }): Promise<BuildProgress> {
  const { project, run, builds } = wanted
  const { cause } = shop.states.run(run).state
  if (!cause) return { kind: 'running' }
  const file = fileOf(builds)
  const mine = shop.world.lists.runs(project, 200).find((id) => {
    const other = shop.states.run(id).state
    return other.workflowFile === file && other.cause?.payload.builds_for === run
  })
  const state = mine === undefined ? undefined : shop.states.run(mine).state
  if (state?.finished) return { kind: 'ended', ok: state.conclusion === 'success', number: state.number ?? 0 }
  if (state) return { kind: 'running' }
  const { prepareRun } = await import('./start-runs.ts')
  const workflow = ownBuildWorkflow(file, { host: new URL(shop.world.server.url).host, project })
  const title = `Build ${builds.map(({ service }) => service).join(', ')}`
  const { append } = await prepareRun(shop, {
    project,
    file,
    title,
    workflow,
    refused: [],
    cause: { ...cause, event: 'workflow_call', payload: { builds_for: run } },
  })
  return { kind: 'start', append }
}
