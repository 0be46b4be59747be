// Makes releases: the team's files at a commit, images pinned, secrets by version.

import { createHash } from 'node:crypto'
import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import type { ImageResolution } from '@pushway/core/release/make.ts'
import type { Release } from '@pushway/core/release/types.ts'
import { formatDiagnostic, hasErrors } from '@pushway/core/text/diagnostic.ts'
import type { CommitId, Digest, EnvironmentName, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import { secretReference, secretsIn } from './group-spec.ts'
import type { Workshop } from './workshop.ts'

export type ReleaseOutcome = { readonly kind: 'release'; readonly release: Release } | { readonly kind: 'refused'; readonly problems: readonly string[] }

export interface ReleaseInput {
  readonly project: ProjectName
  readonly environment: EnvironmentConfig
  readonly commit: CommitId
  readonly run?: RunId
  /** Take these images (a release that is promoted) instead of looking for what was pushed. */
  readonly images?: ImageResolution
}

/** Text → `sha256:…`. */
export function sha256(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** The release of a commit for an environment, not stored yet; its number is the next free one. */
export async function prepareRelease(shop: Workshop, input: ReleaseInput): Promise<ReleaseOutcome> {
  const { world, sources, states } = shop
  const { project, environment, commit, run } = input
  const scope = { project, environment: environment.name }
  const secrets = Object.entries(world.settings.secrets(scope)).map(([name, { version }]) => [name, secretReference(name, version)] as const)
  const app = await sources.app({ project, commit, environment }, { ...world.settings.variables(scope), ...Object.fromEntries(secrets) })
  if (!app.value || hasErrors(app.diagnostics)) return { kind: 'refused', problems: app.diagnostics.map(formatDiagnostic) }
  const { makeRelease } = await import('@pushway/core/release/make.ts')
  const made = makeRelease({
    id: world.ids.next(),
    project,
    environment: environment.name,
    number: world.lists.nextReleaseNumber(project),
    commit,
    ...(run ? { run } : {}),
    createdAt: world.clock.now(),
    app: app.value,
    hints: environment.services,
    publish: environment.publish,
    images: input.images ?? { pushed: states.project(project).state.images.filter((image) => image.run === run), resolved: [], built: [] },
    repository: project,
    registryAliases: world.server.registryAliases,
    secretVersions: secretsIn(JSON.stringify(app.value)),
    sha256,
  })
  switch (made.kind) {
    case 'release':
      return { kind: 'release', release: environment.runtime === 'process' ? made.release : { ...made.release, runtime: environment.runtime } }
    case 'refused':
      return { kind: 'refused', problems: made.problems.map(formatDiagnostic) }
    case 'needs':
      return {
        kind: 'refused',
        problems: [...made.builds, ...made.resolves].map(
          (need) => `The image of service ${need.service} was neither built nor pushed by this run: build and push it in a job that the deployment needs.`,
        ),
      }
  }
}

/** A release that deploys nothing: the record that an environment without files was used with a commit. */
export function recordRelease(shop: Workshop, at: { project: ProjectName; environment: EnvironmentName; commit: CommitId; run?: RunId }): Release {
  const { world } = shop
  return {
    id: world.ids.next(),
    project: at.project,
    environment: at.environment,
    number: world.lists.nextReleaseNumber(at.project),
    commit: at.commit,
    ...(at.run ? { run: at.run } : {}),
    createdAt: world.clock.now(),
    services: [],
    secretVersions: {},
    contentDigest: sha256(`${at.project} ${at.environment} ${at.commit}`),
  }
}
