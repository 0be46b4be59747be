// What `up` does with each service: what is there × what is wanted → actions. Follows docker compose's convergence.

/** A container of a project, as it was found. */
export interface FoundContainer {
  readonly id: string
  readonly name: string
  readonly service: string
  readonly number: number
  /** `running`, `exited`, `created`, `paused`, `restarting`, `dead`, `removing`. */
  readonly state: string
  /** Of the configuration it was made from; undefined when others made it. */
  readonly hash: string | undefined
  /** The id of its image. */
  readonly image: string | undefined
  /** Names of the networks that it is in. */
  readonly networks: readonly string[]
}

export interface WantedService {
  readonly name: string
  readonly hash: string
  /** Undefined: whatever it was. */
  readonly image: string | undefined
  readonly replicas: number
  readonly networks: readonly string[]
}

/** `diverged`: only what is not as it should be; `force`: all; `never`: nothing. */
export type RecreatePolicy = 'diverged' | 'force' | 'never'

export type ContainerAction =
  | { readonly kind: 'create'; readonly number: number }
  | { readonly kind: 'recreate'; readonly container: FoundContainer; readonly why: string }
  | { readonly kind: 'keep'; readonly container: FoundContainer }
  | { readonly kind: 'remove'; readonly container: FoundContainer }

/** The actions for one service. Removals come first; what is surplus is what is out of date, then the highest numbers. */
export function planService(wanted: WantedService, found: readonly FoundContainer[], policy: RecreatePolicy): readonly ContainerAction[] {
  const judged = found
    .map((container) => ({ container, why: divergence(wanted, container) }))
    .toSorted((a, b) => Number(a.why !== undefined) - Number(b.why !== undefined) || a.container.number - b.container.number)
  const surplus = judged.slice(wanted.replicas).map(({ container }): ContainerAction => ({ kind: 'remove', container }))
  const kept = judged.slice(0, wanted.replicas).map(({ container, why }): ContainerAction => {
    const reason = policy === 'force' ? 'it was asked for' : policy === 'never' ? undefined : why
    return reason === undefined ? { kind: 'keep', container } : { kind: 'recreate', container, why: reason }
  })
  const next = Math.max(0, ...found.map(({ number }) => number)) + 1
  const created = Array.from({ length: Math.max(0, wanted.replicas - found.length) }, (_, at): ContainerAction => ({ kind: 'create', number: next + at }))
  return [...surplus, ...kept, ...created]
}

/** Why a container is not as wanted; undefined when it is. */
function divergence(wanted: WantedService, container: FoundContainer): string | undefined {
  if (container.hash !== wanted.hash) return 'its configuration changed'
  if (wanted.image !== undefined && container.image !== wanted.image) return 'its image changed'
  const missing = container.state === 'running' ? wanted.networks.find((network) => !container.networks.includes(network)) : undefined
  return missing === undefined ? undefined : `it is not in the network ${missing}`
}

export interface DependencyModel {
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly restart?: boolean; readonly required: boolean }>>
}

/** Services in waves: each wave needs only earlier ones. Dependencies that are not among them do not count. The files have no cycle: that was checked. */
export function dependencyWaves(services: Readonly<Record<string, DependencyModel>>): readonly (readonly string[])[] {
  const waves: string[][] = []
  const done = new Set<string>()
  let left = Object.keys(services).toSorted()
  while (left.length > 0) {
    const ready = left.filter((name) => Object.keys(services[name]?.depends_on ?? {}).every((other) => done.has(other) || !(other in services)))
    const wave = ready.length > 0 ? ready : left
    waves.push(wave)
    for (const name of wave) done.add(name)
    left = left.filter((name) => !done.has(name))
  }
  return waves
}

/** Services that are started again because one that they depend on with `restart: true` was made anew. */
export function restartedWith(services: Readonly<Record<string, DependencyModel>>, recreated: ReadonlySet<string>): readonly string[] {
  return Object.entries(services)
    .filter(
      ([name, { depends_on: needs }]) => !recreated.has(name) && Object.entries(needs ?? {}).some(([other, { restart }]) => restart && recreated.has(other)),
    )
    .map(([name]) => name)
}

/** The label that keeps a container's dependencies: `db:service_healthy:false,redis:service_started:true`. */
export function dependsOnLabel({ depends_on: needs = {} }: DependencyModel): string {
  return Object.entries(needs)
    .map(([name, { condition, restart }]) => `${name}:${condition}:${restart === true}`)
    .join(',')
}

/** The dependencies in that label. */
export function readDependsOn(label: string | undefined): readonly string[] {
  return (label ?? '').split(',').flatMap((text) => text.split(':')[0] || [])
}
