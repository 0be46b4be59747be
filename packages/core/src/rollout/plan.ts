// Lays a release out as a rollout: which groups change, and the small steps from the old ones to the new ones.

import { canonicalJson, sameContent } from '../app/render.ts'
import type { CanaryStrategy, RollingStrategy, Strategy } from '../project/types.ts'
import type { Release, ReleasedService } from '../release/types.ts'
import { type EnvironmentId, type GroupId, groupId } from '../text/ids.ts'
import type { RolloutPlan, RolloutStep, ServiceRollout } from './types.ts'

export interface PlanInput {
  readonly release: Release
  /** What serves now; absent: nothing runs. `serving` is the last completed plan's; without it every group is the release's own. */
  readonly previous?: { readonly release: Release; readonly serving?: Readonly<Record<string, GroupId>> }
  readonly environment: EnvironmentId
  readonly strategy: Strategy
  readonly verify?: { readonly workflow: string }
  /** Whether the runtime can run two groups of one service at the same time. */
  readonly sideBySide: boolean
  /** Whether the router brings traffic to the service; default: it has ports. */
  readonly routed?: (service: ReleasedService) => boolean
}

/**
 * The plan of a rollout. Services whose content did not change keep their group; the others get the release's own.
 * Dependencies come before what depends on them. A service that is new gets its traffic as soon as it is ready.
 *
 * @returns a plan whose steps may be empty: everything runs already and nothing is to be verified
 */
export function planRollout(input: PlanInput): RolloutPlan {
  const { release, previous, environment, strategy, sideBySide } = input
  const servingNow = currentGroups(input)
  const order = byDependency(release.services)
  const unchanged = new Set(order.filter((service) => isUnchanged(service, input) && servingNow[service.name] !== undefined).map((service) => service.name))
  const routed = input.routed ?? ((service: ReleasedService) => service.ports.length > 0)
  const services = order
    .filter((service) => !unchanged.has(service.name))
    .map((service): ServiceRollout => {
      const from = servingNow[service.name]
      const fromReplicas = previous?.release.services.find((old) => old.name === service.name)?.replicas ?? 0
      const to = groupId(environment, service.name, release.id)
      const routes = routed(service) && service.replicas > 0
      const stopFirst = from !== undefined && sharesVolume(service)
      return {
        service: service.name,
        to,
        ...(from ? { from } : {}),
        replicas: service.replicas,
        fromReplicas,
        routed: routes,
        ...(stopFirst ? { stopFirst } : {}),
      }
    })
  const kept = order.flatMap((service) => (unchanged.has(service.name) ? [{ service: service.name, group: servingNow[service.name] as GroupId }] : []))
  const names = new Set(order.map((service) => service.name))
  const removed = Object.entries(servingNow).flatMap(([service, group]) => (names.has(service) ? [] : [{ service, group }]))
  const steps = [
    ...shiftSteps(services, strategy, sideBySide),
    ...(input.verify ? [{ kind: 'verify', workflow: input.verify.workflow } as const] : []),
    ...(removed.length > 0 || services.some((service) => service.from) ? [{ kind: 'retire' } as const] : []),
  ]
  const serving = Object.fromEntries([...kept.map((one) => [one.service, one.group]), ...services.map((one) => [one.service, one.to])])
  return { strategy, services, removed, steps, kept, serving, sideBySide }
}

/** The groups that must run for a plan's end: everything else of the environment is left over. */
export function liveGroups(plan: RolloutPlan): readonly GroupId[] {
  return Object.values(plan.serving)
}

/** Whether instances write to a volume that outlives them, where two at once could harm what is in it, or bind an address that only one can have. */
function sharesVolume(service: ReleasedService): boolean {
  if (service.image.exclusive) return true
  return (service.mounts ?? []).some((mount) => mount.kind === 'volume' && mount.volume !== undefined && !mount.readOnly)
}

function currentGroups({ previous, environment }: PlanInput): Readonly<Record<string, GroupId>> {
  if (!previous) return {}
  return (
    previous.serving ?? Object.fromEntries(previous.release.services.map((service) => [service.name, groupId(environment, service.name, previous.release.id)]))
  )
}

function isUnchanged(service: ReleasedService, { release, previous }: PlanInput): boolean {
  const old = previous?.release.services.find((one) => one.name === service.name)
  if (!old || !sameContent(runContent(old), runContent(service))) return false
  const before = previous?.release.secretVersions ?? {}
  const changed = [...new Set([...Object.keys(before), ...Object.keys(release.secretVersions)])].filter((name) => before[name] !== release.secretVersions[name])
  return !changed.some((name) => usesSecret(service, name, release))
}

/** What an instance is made of: how its image was found does not matter. */
function runContent(service: ReleasedService) {
  return { ...service, image: { repository: service.image.repository, digest: service.image.digest } }
}

/** A secret belongs to the services that name it; one that nobody names may be anybody's. */
function usesSecret(service: ReleasedService, name: string, release: Release): boolean {
  const names = (one: ReleasedService) => canonicalJson({ ...one, dependsOn: [] }).includes(name)
  return names(service) || !release.services.some(names)
}

/** The services in an order in which each comes after what it depends on. */
function byDependency<S extends { readonly name: string; readonly dependsOn: readonly { readonly service: string }[] }>(services: readonly S[]): S[] {
  const byName = new Map(services.map((service) => [service.name, service]))
  const done = new Set<string>()
  const ordered: S[] = []
  function visit(service: S): void {
    if (done.has(service.name)) return
    done.add(service.name)
    for (const dependency of service.dependsOn) {
      const other = byName.get(dependency.service)
      if (other) visit(other)
    }
    ordered.push(service)
  }
  for (const service of services) visit(service)
  return ordered
}

function shiftSteps(services: readonly ServiceRollout[], strategy: Strategy, sideBySide: boolean): readonly RolloutStep[] {
  if (!sideBySide) return services.flatMap((service) => swapSteps(service))
  switch (strategy.kind) {
    case 'rolling':
      return [...services.flatMap((service) => (service.stopFirst ? swapSteps(service) : rollingSteps(service, strategy))), ...watchSteps(services, strategy)]
    case 'canary':
      return canarySteps(services, strategy)
  }
}

/** A service that did not run before is started and gets its traffic at once: others may need it to become ready. */
function startSteps({ service, replicas, routed }: ServiceRollout): RolloutStep[] {
  return [{ kind: 'grow', service, replicas }, ...(routed ? [{ kind: 'weight', percent: 100, service } as const] : [])]
}

/** Where two groups can't run side by side, the old one stops before the new one starts, and not before the new one can. */
function swapSteps(service: ServiceRollout): RolloutStep[] {
  const { service: name } = service
  const stop: RolloutStep[] = service.from
    ? [
        { kind: 'prepare', service: name },
        { kind: 'shrink', service: name, replicas: 0 },
      ]
    : []
  return [...stop, ...startSteps(service)]
}

/** Batches within maxSurge and maxUnavailable. Weight moves before old instances go, so that none is left on an empty side. */
function rollingSteps(one: ServiceRollout, strategy: RollingStrategy): RolloutStep[] {
  if (!one.from) return startSteps(one)
  const { service, replicas, routed } = one
  const { maxUnavailable } = strategy
  const maxSurge = strategy.maxSurge + maxUnavailable > 0 ? strategy.maxSurge : 1
  const steps: RolloutStep[] = []
  let fresh = 0
  let old = one.fromReplicas
  let weight = 0
  function moveWeight(percent: number): void {
    if (routed && percent > weight) steps.push({ kind: 'weight', percent, service })
    weight = Math.max(weight, percent)
  }
  while (fresh < replicas) {
    const room = replicas + maxSurge - fresh - old
    if (room > 0) {
      fresh += Math.min(room, replicas - fresh)
      steps.push({ kind: 'grow', service, replicas: fresh })
    } else {
      old -= Math.min(old, fresh + old - (replicas - maxUnavailable))
      if (fresh > 0) moveWeight(Math.round((100 * fresh) / (fresh + old)))
      steps.push({ kind: 'shrink', service, replicas: old })
    }
  }
  moveWeight(100)
  return steps
}

function watchSteps(services: readonly ServiceRollout[], { watchMs }: RollingStrategy): RolloutStep[] {
  const watched = watchMs > 0 && services.some((service) => service.from && service.routed)
  return watched ? [{ kind: 'analyse', percent: 100, forMs: watchMs }] : []
}

/** The whole new side beside the old one, then its share of traffic rises; each share is watched. A final 100 % that was not written is not. */
function canarySteps(services: readonly ServiceRollout[], strategy: CanaryStrategy): RolloutStep[] {
  const replaced = services.filter((service) => service.from && !service.stopFirst)
  const grow = services.flatMap((service): readonly RolloutStep[] =>
    service.stopFirst ? swapSteps(service) : service.from ? [{ kind: 'grow', service: service.service, replicas: service.replicas }] : startSteps(service),
  )
  if (!replaced.some((service) => service.routed)) return grow
  const shares = strategy.steps.flatMap((percent): RolloutStep[] => [
    { kind: 'weight', percent },
    { kind: 'analyse', percent, forMs: strategy.everyMs },
  ])
  return [...grow, ...shares, ...(strategy.steps.at(-1) === 100 ? [] : [{ kind: 'weight', percent: 100 } as const])]
}
