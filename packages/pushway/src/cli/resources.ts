// The kinds of things that `get` and `describe` know.

import { fail } from '@pushway/core/reason/errors.ts'
import type { DeploymentSummary, ImageView, ScheduleView } from '@pushway/core/views/types.ts'
import type { ProjectConnection } from './connection.ts'
import { findDeployment, findRun } from './find.ts'
import { type Resource, resource } from './show-resource.ts'
import { renderFields, renderTable } from './table.ts'
import { deploymentShape, describeDeployment } from './views/deployments.ts'
import { describeEnvironment, environmentShape } from './views/environments.ts'
import { type PlacedRelease, projectShape, releaseShape, releasesOf, showProject } from './views/projects.ts'
import { describePull, pullShape, scheduleShape } from './views/pulls.ts'
import { describeRun, imageShape, runShape, showRun } from './views/runs.ts'

export const resources: readonly Resource[] = [
  resource({
    names: ['projects', 'project'],
    global: true,
    shape: projectShape,
    list: ({ client }) => client.projects(),
    one: ({ client }, name) => client.project(name),
    show: showProject,
    describe: showProject,
  }),
  resource({
    names: ['runs', 'run'],
    shape: runShape,
    list: ({ client, project }, limit) => client.runs(project, limit),
    one: async (at, name) => at.client.run(at.project, await findRun(at, name)),
    show: showRun,
    describe: describeRun,
  }),
  resource({
    names: ['pulls', 'pull', 'prs', 'pr'],
    shape: pullShape,
    list: ({ client, project }) => client.pulls(project, 'all'),
    one: ({ client, project }, name) => client.pull(project, Number(name) || 0),
    show: describePull,
    describe: describePull,
  }),
  resource({
    names: ['schedules', 'schedule'],
    shape: scheduleShape,
    list: ({ client, project }) => client.schedules(project),
    one: async ({ client, project }, name) => findSchedule(await client.schedules(project), name),
    show: (schedule, screen) => renderTable(scheduleShape.columns, [schedule], screen),
    describe: (schedule, screen) => renderTable(scheduleShape.columns, [schedule], screen),
  }),
  resource({
    names: ['environments', 'environment', 'envs', 'env'],
    shape: environmentShape,
    list: ({ client, project }) => client.environments(project),
    one: ({ client, project }, name) => client.environment(project, name),
    show: describeEnvironment,
    describe: describeEnvironment,
  }),
  resource({
    names: ['deployments', 'deployment', 'deploy'],
    shape: deploymentShape,
    list: allDeployments,
    one: async (at, name) => at.client.deployment(await findDeployment({ project: at.project, server: at.url }, name)),
    show: describeDeployment,
    describe: describeDeployment,
  }),
  resource({
    names: ['images', 'image'],
    shape: imageShape,
    list: ({ client, project }) => client.images(project),
    one: async ({ client, project }, name) => findImage(await client.images(project), name),
    show: describeImage,
    describe: describeImage,
  }),
  resource({
    names: ['releases', 'release'],
    shape: releaseShape,
    list: allReleases,
    one: async (at, name) => findRelease(await allReleases(at), name),
    show: describeRelease,
    describe: describeRelease,
  }),
]

/** Newest first, of all environments. */
async function allDeployments({ client, project }: ProjectConnection): Promise<readonly DeploymentSummary[]> {
  const environments = await client.environments(project)
  const histories = await Promise.all(environments.map(({ name }) => client.history(project, name)))
  return histories.flat().sort((a, b) => b.createdAt - a.createdAt)
}

async function allReleases({ client, project }: ProjectConnection): Promise<readonly PlacedRelease[]> {
  const environments = await client.environments(project)
  return releasesOf(environments, await Promise.all(environments.map(({ name }) => client.history(project, name))))
}

function findImage(images: readonly ImageView[], name: string): ImageView {
  const found = images.find((image) =>
    [image.digest, image.repository, `${image.repository}:${image.tag}`, `${image.repository}@${image.digest}`].includes(name),
  )
  if (found) return found
  throw fail('not-found', { what: 'image', name })
}

function findSchedule(schedules: readonly ScheduleView[], name: string): ScheduleView {
  const found = schedules.find(({ file }) => file === name || file.endsWith(`/${name}`))
  if (found) return found
  throw fail('not-found', { what: 'schedule', name })
}

function findRelease(releases: readonly PlacedRelease[], name: string): PlacedRelease {
  const found = releases.find((release) => release.id === name || `v${release.number}` === name || String(release.number) === name)
  if (found) return found
  throw fail('not-found', { what: 'release', name })
}

function describeImage(image: ImageView): string {
  return renderFields([
    ['Repository', image.repository],
    ['Tag', image.tag],
    ['Digest', image.digest],
    ['Pushed', new Date(image.at).toISOString()],
    ['Run', image.run],
  ])
}

function describeRelease(release: PlacedRelease): string {
  return renderFields([
    ['Release', `v${release.number} (${release.id})`],
    ['Commit', `${release.commit} ${release.message}`],
    ['Made', new Date(release.createdAt).toISOString()],
    ['Live in', release.liveIn.join(', ')],
    ['Content', release.contentDigest],
    ...release.services.map((service) => [`  ${service.name}`, `${service.repository}@${service.digest} × ${service.replicas}`] as const),
  ])
}
