// A whole engine over fakes and a clock that only moves when told: for stories that real time would make slow or unsteady.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobReport, JobSpec } from '@pushway/core/run/types.ts'
import { createFakeRouter, type FakeRouter } from '../../packages/pushway/src/drivers/router/fake/index.ts'
import { createFakeRuntime, type FakeRuntime } from '../../packages/pushway/src/drivers/runtime/fake/index.ts'
import { createActionWorker } from '../../packages/pushway/src/engine/actions.ts'
import { promoteAutomatically } from '../../packages/pushway/src/engine/automatic-promotion.ts'
import { driveDeployment } from '../../packages/pushway/src/engine/drive-deployment.ts'
import { driveRun } from '../../packages/pushway/src/engine/drive-run.ts'
import { createJobPump } from '../../packages/pushway/src/engine/pump-jobs.ts'
import { createQueries } from '../../packages/pushway/src/engine/queries.ts'
import { createScheduler } from '../../packages/pushway/src/engine/schedules.ts'
import { createCommands } from '../../packages/pushway/src/engine/service.ts'
import { createSources } from '../../packages/pushway/src/model/sources.ts'
import { createStates } from '../../packages/pushway/src/model/states.ts'
import type { Workshop } from '../../packages/pushway/src/model/workshop.ts'
import { performers } from '../../packages/pushway/src/perform/index.ts'
import type { JobRef, JobRunner } from '../../packages/pushway/src/ports/jobs.ts'
import type { GitHost } from '../../packages/pushway/src/ports/misc.ts'
import type { Commands, Queries } from '../../packages/pushway/src/ports/service.ts'
import type { EventStore } from '../../packages/pushway/src/ports/store.ts'
import type { World } from '../../packages/pushway/src/ports/world.ts'
import { createWorkflowFiles } from '../../packages/pushway/src/runner/workflow-files.ts'
import { openDatabase } from '../../packages/pushway/src/store/database.ts'
import { createDocuments } from '../../packages/pushway/src/store/documents.ts'
import { createEventStore } from '../../packages/pushway/src/store/event-store.ts'
import { createLists } from '../../packages/pushway/src/store/lists.ts'
import { createSettings } from '../../packages/pushway/src/store/settings.ts'
import { createIds } from '../../packages/pushway/src/util/clock.ts'
import { createLocks } from '../../packages/pushway/src/util/locks.ts'
import { Secret } from '../../packages/pushway/src/util/secret.ts'
import { createRouteWatch } from '../../packages/pushway/src/watch/routes.ts'

/** What is outside of the control plane: it goes on when that is killed. */
export interface Outside {
  readonly clock: { time: number; now(): number }
  readonly runtime: FakeRuntime
  readonly router: FakeRouter
  readonly jobs: FakeJobs
  /** `commit:path` → text. */
  readonly files: Map<string, string>
  /** Folders with other repositories as OWNER/NAME@REF/, whose workflows may be called. */
  readonly mirror?: string
  readonly databaseFile: string
  /** A real repository in the place of `files`. */
  git?: GitHost
}

export interface FakeJobs extends JobRunner {
  readonly started: readonly string[]
}

/** Thrown at the write where the process is killed. */
export class Killed extends Error {}

export interface LittleWorld {
  readonly shop: Workshop
  readonly commands: Commands
  readonly queries: Queries
  /** One pass of the loop, then `ms` go by. */
  pass(ms: number): Promise<void>
  /** Writes (appends and completions) so far in this process. */
  readonly writes: () => number
  close(): void
}

/** Jobs that succeed as soon as they are looked at; what a job does besides is `work`. */
function createFakeJobs(clock: { now(): number }, work: (spec: JobSpec) => void): FakeJobs {
  const started = new Map<string, JobReport[]>()
  const key = (ref: JobRef) => `${ref.run}/${ref.job}/${ref.attempt}`
  return {
    get started() {
      return [...started.keys()]
    },
    capabilities: { labels: ['ubuntu-latest'], isolation: 'none' },
    async start(ref, spec) {
      if (started.has(key(ref))) return
      started.set(key(ref), [
        { type: 'started', at: clock.now() },
        { type: 'finished', at: clock.now(), conclusion: 'success', outputs: {} },
      ])
      work(spec)
    },
    cancel: async () => undefined,
    observe: async (ref) => (started.has(key(ref)) ? { state: 'finished' } : { state: 'unknown' }),
    reports: async (ref, cursor) => {
      const all = started.get(key(ref)) ?? []
      return { items: all.slice(cursor), cursor: all.length }
    },
    log: async () => ({ items: [], cursor: 0 }),
    summary: async () => [],
    clean: async () => undefined,
  }
}

/** The outside, empty. */
export function createOutside(databaseFile: string, work: (spec: JobSpec) => void): Outside {
  const clock = { time: 1_700_000_000_000, now: () => clock.time }
  return { clock, runtime: createFakeRuntime({ clock }), router: createFakeRouter(), jobs: createFakeJobs(clock, work), files: new Map(), databaseFile }
}

const person = { name: 'Ada', email: 'ada@example.com', at: 0 }

function fakeGit(files: ReadonlyMap<string, string>): GitHost {
  const of = (commit: string) => [...files.keys()].filter((name) => name.startsWith(`${commit}:`)).map((name) => name.slice(commit.length + 1))
  return {
    readFile: async (_, commit, path) => {
      const text = files.get(`${commit}:${path}`)
      return text === undefined ? undefined : new TextEncoder().encode(text)
    },
    listFiles: async (_, commit, folder) => of(commit).filter((path) => folder === '' || path.startsWith(`${folder}/`)),
    resolve: async () => undefined,
    defaultBranch: async () => 'refs/heads/main',
    refs: async () => new Map(),
    commit: async (_, id) => ({ id, tree: id, parents: [], author: person, committer: person, message: `commit ${id.slice(0, 4)}` }),
    commits: async () => [],
    commitPaths: async () => new Map(),
    mergeBase: async () => undefined,
    diff: async () => [],
    merge: async () => ({ conflicts: [] }),
    moveRef: async () => false,
    exportTree: async () => undefined,
    objectId: async (_, commit, path) => (files.has(`${commit}:${path}`) ? `${commit}${path}` : undefined),
    exportPath: async () => false,
    commitInfo: async (_, commit) => ({ message: `commit ${commit.slice(0, 4)}`, author: 'Ada', email: 'ada@example.com', at: 0 }),
    changedPaths: async (_, __, to) => of(to),
  }
}

/** A control plane over what is outside; `killAt`: the write (from 1) at which it is killed, before or after it is on disk. */
export function startLittleWorld(outside: Outside, killAt?: { readonly write: number; readonly when: 'before' | 'after' }): LittleWorld {
  const { clock } = outside
  const database = openDatabase(outside.databaseFile, { durable: false })
  let writes = 0
  let dead = false
  const killing = <T>(write: () => T): T => {
    if (dead) throw new Killed('killed')
    writes += 1
    const now = killAt?.write === writes
    if (now && killAt.when === 'before') dead = true
    if (dead) throw new Killed('killed')
    const result = write()
    if (now) {
      dead = true
      throw new Killed('killed')
    }
    return result
  }
  const inner = createEventStore(database, clock)
  inner.freeLeases()
  const store: EventStore = {
    ...inner,
    append: (appends) => killing(() => inner.append(appends)),
    complete: (action, appends) => killing(() => inner.complete(action, appends)),
  }
  const world: World = {
    clock,
    ids: createIds(clock),
    store,
    lists: createLists(database),
    settings: createSettings(database, Buffer.alloc(32, 7)),
    documents: createDocuments(database),
    git: outside.git ?? fakeGit(outside.files),
    // The images of these stories have no bytes: there is nothing to sign.
    evidence: { attest: async () => undefined, check: async (_, repository, digest) => ({ repository, digest, problems: [] }), sbom: async () => undefined },
    jobs: outside.jobs,
    ...(outside.mirror ? { workflows: createWorkflowFiles({ sources: [{ kind: 'directory', dir: outside.mirror }], cache: outside.mirror }) } : {}),
    router: outside.router,
    runtimes: { process: outside.runtime },
    tokens: { create: async () => new Secret('token'), revoke: () => undefined },
    services: { issue: async () => ({ url: 'http://127.0.0.1:1', token: 'none' }) },
    server: {
      url: 'http://127.0.0.1:1',
      version: '0.0.0',
      registryAliases: ['ghcr.io'],
      filesDir: join(tmpdir(), 'pushway-no-files'),
      engineAvailable: async () => false,
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  }
  const shop: Workshop = {
    world,
    states: createStates(store),
    sources: createSources(world.git, () => '127.0.0.1:1'),
    notes: new Map(),
    exclusive: createLocks(),
  }
  const queries = createQueries(shop)
  const stop = new AbortController()
  const actions = createActionWorker(shop, performers, stop.signal)
  const jobs = createJobPump(shop, stop.signal)
  const watch = createRouteWatch(shop, stop.signal)
  const schedules = createScheduler(shop)
  store.subscribe(schedules.notice)
  return {
    shop,
    queries,
    commands: createCommands(shop, queries),
    writes: () => writes,
    async pass(ms) {
      for (const run of world.lists.activeRuns()) await driveRun(shop, run)
      for (const id of world.lists.activeDeployments()) await driveDeployment(shop, id, stop.signal)
      while (actions.pump() > 0) await actions.drain()
      if (dead) throw new Killed('killed')
      await jobs.pump()
      await watch()
      await schedules.tick()
      await promoteAutomatically(shop)
      clock.time += ms
    },
    close() {
      stop.abort()
      database.close()
    },
  }
}
