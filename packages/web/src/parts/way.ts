// The way of a release as columns: commit, run, image, then each environment of the project in order. Pure.

import type { LaneView, StationView } from '@pushway/core/views/types.ts'

export interface WayStation {
  readonly kind: StationView['kind']
  /** What the station is: `commit`, `run`, `image`, or the environment's name. */
  readonly title: string
  /** Undefined: the release has not been there and need not come. */
  readonly state: StationView['state'] | undefined
  /** What is there: a short commit, a workflow, a digest. */
  readonly name?: string
  readonly why?: string
  readonly startedAt?: number
  readonly durationMs?: number
  readonly href?: string
}

export interface Way {
  readonly commit: string
  readonly refs: readonly string[]
  readonly message: string
  readonly by: string
  readonly at: number
  readonly stations: readonly WayStation[]
  /** How far it has come: the index of the last station that is not empty and not to come. */
  readonly front: number
}

const weight: Readonly<Record<StationView['state'], number>> = { failed: 6, active: 5, waiting: 4, pending: 3, done: 2, skipped: 1 }

/** One way a commit, newest first: pushes of the same commit to several branches are one release's way. */
export function waysOf(lanes: readonly LaneView[], environments: readonly string[]): readonly Way[] {
  const byCommit = new Map<string, LaneView[]>()
  for (const lane of lanes) byCommit.set(lane.commit, [...(byCommit.get(lane.commit) ?? []), lane])
  return [...byCommit.values()].map((same) => wayOf(same, environments))
}

function wayOf(lanes: readonly LaneView[], environments: readonly string[]): Way {
  const [newest] = lanes
  const stations = [
    columnOf(lanes, 'commit', 'commit'),
    columnOf(lanes, 'run', 'run'),
    columnOf(lanes, 'image', 'image'),
    ...environments.map((name) => columnOf(lanes, 'environment', name)),
  ]
  const expected = expectImage(stations)
  return {
    commit: newest?.commit ?? '',
    refs: [...new Set(lanes.map((lane) => lane.ref.replace(/^refs\/(heads|tags)\//, '')))],
    message: newest?.message ?? '',
    by: newest?.by ?? '',
    at: newest?.at ?? 0,
    stations: expected,
    front: expected.findLastIndex(({ state }) => state !== undefined && state !== 'pending'),
  }
}

/** While a run goes on, an image may still come. */
function expectImage(stations: readonly WayStation[]): readonly WayStation[] {
  const run = stations[1]?.state
  const open = run === 'active' || run === 'pending' || run === 'waiting'
  return stations.map((station) => (open && station.kind === 'image' && station.state === undefined ? { ...station, state: 'pending' } : station))
}

function columnOf(lanes: readonly LaneView[], kind: StationView['kind'], title: string): WayStation {
  // The newest push that reached this station speaks for it.
  const stations = lanes
    .map((lane) => lane.stations.filter((station) => station.kind === kind && (kind !== 'environment' || station.name === title)))
    .find((found) => found.length > 0)
  if (!stations) return { kind, title, state: undefined }
  const shown = kind === 'environment' ? stations.at(-1) : stations.toSorted((a, b) => weight[b.state] - weight[a.state])[0]
  if (!shown) return { kind, title, state: undefined }
  return {
    kind,
    title,
    state: shown.state,
    name: stations.length > 1 && kind !== 'environment' ? `${stations.length} ${kind}s` : shown.name.replace(/^sha256:/, ''),
    ...(shown.why ? { why: shown.why.sentence } : {}),
    ...(shown.startedAt === undefined ? {} : { startedAt: shown.startedAt }),
    ...(shown.durationMs === undefined ? {} : { durationMs: shown.durationMs }),
    ...(shown.href === undefined ? {} : { href: shown.href }),
  }
}

/** The one sentence that says why a way does not go on: of its furthest station that failed, else of the furthest that waits or moves. */
export function whyOf({ stations }: Way): { readonly text: string; readonly station: WayStation } | undefined {
  const told = stations.filter(({ why }) => why !== undefined)
  const station = told.findLast(({ state }) => state === 'failed') ?? told.findLast(({ state }) => state === 'waiting' || state === 'active')
  return station?.why === undefined ? undefined : { text: station.why, station }
}
