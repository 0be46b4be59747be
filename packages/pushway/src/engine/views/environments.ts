// Views of environments: what runs where, since when, how well.

import type { EnvironmentConfig } from '@pushway/core/project/types.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { Observed } from '@pushway/core/rollout/types.ts'
import type { EnvironmentName, ProjectName } from '@pushway/core/text/ids.ts'
import { environmentId } from '@pushway/core/text/ids.ts'
import type { EnvironmentSummary, EnvironmentView, GroupView, ServiceView } from '@pushway/core/views/types.ts'
import { publishedUrl } from '../../model/environment-config.ts'
import { type Look, lookAt } from '../../model/observe.ts'
import { runtimeOf } from '../../model/runtime-of.ts'
import type { Workshop } from '../../model/workshop.ts'
import type { GroupStatus } from '../../ports/runtime.ts'
import { deploymentSummary, releaseView } from './deployments.ts'

interface Place {
  readonly project: ProjectName
  readonly name: EnvironmentName
}

/** What its facts say, without looking at the machine. */
export function environmentSummary(shop: Workshop, { project, name }: Place): EnvironmentSummary {
  const { state } = shop.states.environment(project, name)
  const live = state.live && shop.states.release(state.live.release)
  const release = releaseView(shop, live?.id)
  const url = live && publishedUrl(live)
  return {
    project,
    name,
    ...(url ? { url } : {}),
    ...(release ? { release } : {}),
    ...(state.live ? { liveSince: state.live.at } : {}),
    ...(state.holder ? { active: state.holder } : {}),
    health: state.live ? 'ok' : 'empty',
  }
}

/** An environment with its groups as they are now. */
export async function environmentView(shop: Workshop, place: Place, config: EnvironmentConfig | undefined): Promise<EnvironmentView> {
  const { project, name } = place
  const summary = environmentSummary(shop, place)
  const look = await lookNow(shop, place)
  const services = look ? serviceViews(shop, place, look) : []
  const url = config?.url ?? summary.url
  return {
    ...summary,
    ...(url ? { url } : {}),
    ...(config?.branch ? { branch: config.branch } : {}),
    runtime: config?.runtime ?? 'process',
    deploys: (config?.files.length ?? 0) > 0,
    health: healthOf(summary, services),
    services,
    deployments: shop.world.lists.deployments(project, name, 20).map((id) => deploymentSummary(shop, id)),
  }
}

/** The newest release that the environment runs or is being given. */
function presentRelease(shop: Workshop, { project, name }: Place): Release | undefined {
  const { state } = shop.states.environment(project, name)
  const target = state.holder === undefined ? undefined : shop.states.deployment(state.holder).state.rollout?.target
  const id = target ?? state.live?.release
  return id === undefined ? undefined : shop.states.release(id)
}

/** Looks at what runs; undefined when nothing was ever deployed there. */
export async function lookNow(shop: Workshop, place: Place): Promise<Look | undefined> {
  const release = presentRelease(shop, place)
  if (!release) return undefined
  const { holder } = shop.states.environment(place.project, place.name).state
  const rollout = holder === undefined ? undefined : shop.states.deployment(holder).state.rollout
  const since = rollout?.weight?.at ?? rollout?.startedAt ?? shop.world.clock.now() - 60_000
  return lookAt(shop.world, { environment: environmentId(place.project, place.name), runtime: runtimeOf(shop, release), since }, AbortSignal.timeout(5_000))
}

function serviceViews(shop: Workshop, place: Place, look: Look): readonly ServiceView[] {
  const names = [
    ...new Set([...(presentRelease(shop, place)?.services.map((service) => service.name) ?? []), ...look.statuses.map((status) => status.service)]),
  ]
  return names.map((name) => ({
    name,
    groups: look.statuses.filter((status) => status.service === name).map((status) => groupView(shop, status, look.observed)),
    addresses: look.routes
      .filter((route) => route.service === name && route.bound && route.listen.port !== 0 && isForPeople(route.listen.host))
      .map((route) => `http://localhost:${route.bound?.port}`),
  }))
}

function groupView(shop: Workshop, status: GroupStatus, { weights, traffic }: Observed): GroupView {
  const { id, release, service, wanted, ready, crashes } = status
  const weight = weights[id]
  const counts = traffic[id]
  return {
    id,
    release,
    digest: shop.states.release(release)?.services.find(({ name }) => name === service)?.image.digest ?? '',
    wanted,
    ready,
    crashes,
    ...(weight === undefined ? {} : { weight }),
    ...(counts ? { traffic: counts } : {}),
    instances: status.instances.map(({ addresses: _, ...instance }) => instance),
  }
}

function healthOf(summary: EnvironmentSummary, services: readonly ServiceView[]): EnvironmentSummary['health'] {
  if (!summary.release) return 'empty'
  const groups = services.flatMap((service) => service.groups.filter((group) => group.wanted > 0))
  if (services.some((service) => service.groups.every((group) => group.ready === 0))) return 'down'
  return groups.some((group) => group.ready < group.wanted) ? 'degraded' : 'ok'
}

/** Published addresses: not those that only other services dial. */
function isForPeople(host: string): boolean {
  return host === '127.0.0.1' || !(host.startsWith('127.') || host.startsWith('198.18.') || host.startsWith('198.19.'))
}
