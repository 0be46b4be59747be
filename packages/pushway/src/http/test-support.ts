// Test support: the whole HTTP server on a free port over real accounts and repositories; the engine is a small one in memory.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { PushwayEvent, StoredEvent } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ProjectView, PullView, RunView } from '@pushway/core/views/types.ts'
import { openRepositories } from '../git/repositories.ts'
import type { Images } from '../ports/images.ts'
import type { Artifacts } from '../ports/results.ts'
import type { Commands, PullCommands, Queries } from '../ports/service.ts'
import { createAccounts } from '../store/accounts.ts'
import { openDatabase } from '../store/database.ts'
import { createDocuments } from '../store/documents.ts'
import { createImagePolicies } from '../store/image-policies.ts'
import { createMirrors } from '../store/mirrors.ts'
import { createSettings } from '../store/settings.ts'
import { createSigningKeys } from '../store/signing-keys.ts'
import { createWebhookStore } from '../store/webhooks.ts'
import { Secret } from '../util/secret.ts'
import { createHttpServer } from './server.ts'
import type { HttpOptions } from './services.ts'

export interface FakeEngine {
  readonly commands: Commands
  readonly queries: Queries
  /** Every command with its arguments. */
  readonly calls: unknown[][]
  readonly projects: Map<string, ProjectView>
  run: RunView
  readonly log: string[]
  emit(stream: string, body: PushwayEvent): void
}

const reason = { code: 'waits-for-job', sentence: 'Waits.' } as never
const deployment = {
  id: 'd1',
  project: 'acme/hello',
  environment: 'production',
  kind: 'deploy',
  by: 'ana',
  status: 'rolling',
  why: reason,
  createdAt: 1,
} as const

/** Answers with fixed things of `acme/hello`: run `r1` (number 1), deployment `d1`. */
function createFakeEngine(): FakeEngine {
  const calls: unknown[][] = []
  const projects = new Map<string, ProjectView>()
  const events: StoredEvent[] = []
  const listeners = new Set<(events: readonly StoredEvent[]) => void>()
  const note =
    <T>(name: string, result: T) =>
    (...args: unknown[]): T => {
      calls.push([name, ...args])
      return result
    }
  const engine: FakeEngine = {
    calls,
    projects,
    log: [],
    run: fakeRun(),
    emit(stream, body) {
      const event: StoredEvent = { position: events.length + 1, stream, seq: 1, version: 1, at: 1, body }
      events.push(event)
      for (const listener of listeners) listener([event])
    },
    commands: {
      createProject(name, by) {
        calls.push(['createProject', name, by])
        const view = { name, createdAt: 1, cloneUrl: `http://localhost/${name}.git`, environments: [], lanes: [] }
        projects.set(name, view)
        return view
      },
      receivePush: async (...args) => {
        calls.push(['receivePush', ...args])
        return { runs: [engine.run], problems: [] }
      },
      dispatchWorkflow: async (...args) => note('dispatchWorkflow', engine.run)(...args),
      cancelRun: note('cancelRun', undefined),
      rerun: note('rerun', undefined),
      imagePushed: note('imagePushed', undefined),
      approve: note('approve', undefined),
      reject: note('reject', undefined),
      pause: note('pause', undefined),
      resume: note('resume', undefined),
      abort: note('abort', undefined),
      rollback: note('rollback', deployment),
      promote: async (...args) => note('promote', deployment)(...args),
      setSecret: note('setSecret', { version: 1 }),
      setVariable: note('setVariable', undefined),
      ...fakePullCommands(note),
      dispatchRepository: async (...args) => note('dispatchRepository', [])(...args),
      approveRun: note('approveRun', undefined),
      releaseChanged: async (...args) => note('releaseChanged', undefined)(...args),
      deploymentTold: async (...args) => note('deploymentTold', undefined)(...args),
    },
    queries: fakeQueries(() => engine, { events, listeners }),
  }
  return engine
}

const runFactsOfOne = {
  ...{ id: 1, number: 1, attempt: 1, title: 'first', event: 'push', branch: 'main', sha: 'a'.repeat(40), status: 'in_progress' as const, conclusion: null },
  ...{ workflow: { name: 'CI', path: '.github/workflows/ci.yml' }, actor: 'ana', triggeringActor: 'ana', createdAt: 1, updatedAt: 1 },
}

const pull: PullView = {
  project: 'acme/hello',
  number: 1,
  title: 'Add it',
  body: '',
  state: 'open',
  draft: false,
  head: { ref: 'topic', sha: '1'.repeat(40) },
  base: { ref: 'main', sha: '2'.repeat(40) },
  by: 'ana',
  labels: [],
  comments: 0,
  mergeable: true,
  createdAt: 1,
  updatedAt: 1,
  conflicts: [],
  commits: [],
  files: [],
  thread: [],
  runs: [],
}

function fakePullCommands(note: <T>(name: string, result: T) => (...args: unknown[]) => T): PullCommands {
  return {
    openPull: async (...args) => note('openPull', pull)(...args),
    receivePull: async (...args) => note('receivePull', ['r1'])(...args),
    editPull: async (...args) => note('editPull', pull)(...args),
    closePull: async (...args) => note('closePull', pull)(...args),
    reopenPull: async (...args) => note('reopenPull', pull)(...args),
    mergePull: async (...args) => note('mergePull', pull)(...args),
    labelPull: async (...args) => note('labelPull', pull)(...args),
    commentPull: async (...args) => note('commentPull', 1)(...args),
    editComment: async (...args) => note('editComment', undefined)(...args),
  }
}

function fakeQueries(engine: () => FakeEngine, { events, listeners }: { events: StoredEvent[]; listeners: Set<(e: readonly StoredEvent[]) => void> }): Queries {
  const environment = { project: 'acme/hello', name: 'production', health: 'ok', runtime: 'process', deploys: true, services: [], deployments: [] } as const
  const known = <T>(found: boolean, value: T, name: string): T => {
    if (!found) throw fail('not-found', { what: 'thing', name })
    return value
  }
  return {
    projects: () => [...engine().projects.values()],
    projectNames: () => [...engine().projects.keys()],
    project: (name) => known(engine().projects.has(name), engine().projects.get(name) as ProjectView, name),
    runs: () => [engine().run],
    pulls: () => [pull],
    pull: async ({ number }) => known(number === 1, pull, 'pull'),
    schedules: () => [],
    repository: async (project) => ({ project, server: 'http://localhost', defaultBranch: 'main' }),
    pullFacts: async ({ number }) => known(number === 1, { ...pull, state: 'open', comments: 0 }, 'pull'),
    runFacts: async (_, serial) => known(serial === 1, { ...runFactsOfOne }, 'run'),
    runSerials: () => [1],
    runBySerial: (_, serial) => known(serial === 1, 'r1', 'run'),
    deploymentRecords: async () => [],
    run: (which) => known(which === 'r1' || (typeof which === 'object' && which.number === 1), engine().run, 'run'),
    jobLog: async ({ job, cursor, limit }) => {
      const lines = known(job === 'test', engine().log, job)
        .slice(cursor, cursor + Math.min(limit, 2))
        .map((text) => ({ at: 0, step: 0, text }))
      return { lines, cursor: cursor + lines.length, done: engine().run.status === 'finished' && lines.length === 0 }
    },
    environments: async () => [environment],
    environment: async (_, name) => known(name === 'production', environment, name),
    history: () => [deployment],
    deployment: async (id) => known(id === 'd1', { ...deployment, changes: [], evidence: [] }, id),
    plan: async () => ({ environment: 'production', release: {} as never, changes: [], steps: [], warnings: [] }),
    explain: (id) => ({ stream: id, now: reason, facts: [] }),
    timeline: () => ['acme/hello', 'acme/secret'].map((project) => ({ id: project, at: 1, kind: 'push', state: 'info', text: 'x', project }) as const),
    images: () => [],
    secretNames: () => [{ name: 'TOKEN', version: 1 }],
    variables: () => [],
    instanceLogs: async function* () {
      yield { at: 1, instance: 'i', stream: 'stdout', text: 'hello' }
    },
    ownerOf: (id) => (id === 'r1' || id === 'd1' ? 'acme/hello' : undefined),
    events: (after, limit) => events.filter((event) => event.position > after).slice(0, limit),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** A registry without images. */
const noImages: Images = {
  list: async () => [],
  inspect: async (_, image) => {
    throw fail('image-missing', { image })
  },
  sbom: async (_, image) => {
    throw fail('image-missing', { image })
  },
  history: async () => [],
  remove: async (_, image) => {
    throw fail('image-missing', { image })
  },
  collect: async ({ dryRun }) => ({ dryRun, manifests: [], blobs: 0, bytes: 0, uploads: 0, trees: 0, kept: 0, unreadable: [] }),
  scrub: async () => ({ checked: 0, bytes: 0, repaired: 0, damaged: [], missing: [] }),
}

/** One artifact, `dist` (1), of run `r1`. */
const oneArtifact: Artifacts = {
  list: (run) => (run === 'r1' ? [{ id: 1, name: 'dist', job: 'test', attempt: 1, size: 3, createdAt: 1, expiresAt: 2 }] : []),
  open: async () => ({
    artifact: oneArtifact.list('r1')[0] as never,
    mime: 'application/zip',
    fileName: 'dist.zip',
    bytes: Readable.from([Buffer.from('zip')]),
  }),
  link: () => 'http://localhost/',
  remove: async () => undefined,
}

function fakeRun(): RunView {
  return {
    id: 'r1',
    project: 'acme/hello',
    number: 1,
    workflowName: 'CI',
    workflowFile: 'ci.yml',
    title: 'first',
    event: 'push',
    ref: 'refs/heads/main',
    sha: 'a'.repeat(40),
    actor: 'ana',
    status: 'running',
    createdAt: 1,
    jobs: [{ key: 'test', name: 'test', needs: [], attempt: 1, phase: 'running', steps: [], outputs: {} }],
    problems: [],
    images: [],
  }
}

/** admin, wim (writes acme/hello), rio (reads it), ada (administers it); `acme/secret` is nobody's. */
export async function startHttpWorld(overrides: Partial<HttpOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'pushway-http-'))
  const database = openDatabase(join(dir, 'pushway.db'))
  const clock = { now: () => Date.now() }
  const accounts = createAccounts(database, clock)
  const engine = createFakeEngine()
  const repositories = openRepositories(join(dir, 'repositories'))
  const errors: unknown[] = []
  const log = { info: () => {}, warn: () => {}, error: (...args: unknown[]) => void errors.push(args) }
  let url = 'http://127.0.0.1'
  const settings = createSettings(database, randomBytes(32))
  const webhooks = createWebhookStore(database, settings)
  const server = createHttpServer({
    ...{ images: noImages, imagePolicies: createImagePolicies(database), mirrors: createMirrors(database, settings) },
    signingKeys: createSigningKeys(database, settings, clock),
    ...{ accounts, repositories, webhooks, clock, log, commands: engine.commands, queries: engine.queries, version: '1.2.3', pushProgressMs: 300 },
    publicUrl: () => url,
    registry: async (_, res) => void res.end('registry'),
    results: async (_, res) => void res.end('results'),
    ...{ documents: createDocuments(database), artifacts: oneArtifact, rotateIdTokenKey: async () => undefined },
    traffic: async () => ({ groups: { 'acme/hello/production~web~r1': { requests: 7, errors: 1 } } }),
    ...overrides,
  })
  await accounts.bootstrap(new Secret('admin-password'))
  for (const project of ['acme/hello', 'acme/secret']) {
    await repositories.create(project)
    engine.commands.createProject(project, 'admin')
  }
  engine.calls.length = 0
  for (const [user, role] of [
    ['rio', 'read'],
    ['wim', 'write'],
    ['ada', 'admin'],
  ] as const) {
    await accounts.createUser(user)
    accounts.setMember('acme/hello', user, role)
  }
  const person = (user: string) => accounts.createToken(user, { label: 'test', scope: 'write' }).token
  const tokens = {
    anonymous: undefined,
    read: person('rio'),
    write: person('wim'),
    projectAdmin: person('ada'),
    readToken: accounts.createToken('wim', { label: 'test', scope: 'read' }).token,
    ownRun: accounts.createRunToken('r1', 'acme/hello').token,
    otherRun: accounts.createRunToken('r2', 'acme/secret').token,
    admin: person('admin'),
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...{ dir, url, accounts, engine, repositories, webhooks, tokens, errors },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      database.close()
      await rm(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export type HttpWorld = Awaited<ReturnType<typeof startHttpWorld>>
