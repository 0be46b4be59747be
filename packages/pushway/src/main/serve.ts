// The composition of the server: the only place where drivers are made and handed to the engine and to HTTP.

import { setMaxListeners } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { createHostJobs } from '../drivers/jobs/host/index.ts'
import { createEmbeddedRouter, readProxyMetrics } from '../drivers/router/embedded/index.ts'
import { createProcessRuntime } from '../drivers/runtime/process/index.ts'
import { createGrype } from '../drivers/scanner/grype.ts'
import { createActionWorker } from '../engine/actions.ts'
import { promoteAutomatically } from '../engine/automatic-promotion.ts'
import { catchUpPushes } from '../engine/catch-up.ts'
import { driveDeployment } from '../engine/drive-deployment.ts'
import { createImageUses } from '../engine/image-uses.ts'
import { createEngine, type Engine } from '../engine/loop.ts'
import { createJobPump } from '../engine/pump-jobs.ts'
import { createQueries } from '../engine/queries.ts'
import { createScheduler } from '../engine/schedules.ts'
import { createCommands } from '../engine/service.ts'
import { openRepositories } from '../git/repositories.ts'
import { createHttpServer } from '../http/server.ts'
import type { HttpOptions } from '../http/services.ts'
import { createSources } from '../model/sources.ts'
import { createStates } from '../model/states.ts'
import type { Workshop } from '../model/workshop.ts'
import { performers } from '../perform/index.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Evidence } from '../ports/evidence.ts'
import type { Images } from '../ports/images.ts'
import type { RunningServer, ServeOptions } from '../ports/program.ts'
import type { Commands, Queries } from '../ports/service.ts'
import type { ProgramLog, World } from '../ports/world.ts'
import { createEvidence, type EvidenceParts } from '../registry/evidence/index.ts'
import { createMeter } from '../registry/meter.ts'
import type { Results } from '../results/index.ts'
import { createWorkflowFiles } from '../runner/workflow-files.ts'
import { createAccounts } from '../store/accounts.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { createDocuments } from '../store/documents.ts'
import { createEventStore } from '../store/event-store.ts'
import { createImagePolicies } from '../store/image-policies.ts'
import { createLists } from '../store/lists.ts'
import { createMirrors } from '../store/mirrors.ts'
import { openRegistryIndex } from '../store/registry-index.ts'
import { createSettings, loadKey } from '../store/settings.ts'
import { createSigningKeys } from '../store/signing-keys.ts'
import { createWebhookStore } from '../store/webhooks.ts'
import { defaultCacheDir } from '../util/cache-dir.ts'
import { createIds, systemClock } from '../util/clock.ts'
import { controlSocket } from '../util/control-socket.ts'
import { detectIsolation, type Isolation } from '../util/isolation/index.ts'
import { createLocks } from '../util/locks.ts'
import { Secret } from '../util/secret.ts'
import { createRouteWatch } from '../watch/routes.ts'
import { actionSources } from './action-sources.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { startDataPlane } from './data-plane.ts'
import { engineAnswers, openDockerRuntime } from './docker-engine.ts'
import { keepImages } from './keep-images.ts'
import { keepResults, serverResults } from './keep-results.ts'
import { openBlobs } from './open-blobs.ts'
import { serveRegistry } from './serve-registry.ts'
import { version } from './version.ts'
import { webFolder } from './web-folder.ts'

/** Starts everything that belongs to a data folder. @throws PushwayError `data-in-use`, `data-not-writable`, `server-port-in-use`, … */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const folder = openDataFolder(options.data)
  try {
    return await serveFolder(folder, options)
  } catch (error) {
    folder.release()
    throw error
  }
}

async function serveFolder(folder: DataFolder, options: ServeOptions): Promise<RunningServer> {
  const { log } = options
  const database = openDatabase(folder.path('pushway.db'))
  const stopping = new AbortController()
  // Everything that goes on listens to it: as many as there are services and streams.
  setMaxListeners(0, stopping.signal)
  let server: Server | undefined
  try {
    const isolation = await detectIsolation(process.env.PUSHWAY_ISOLATION)
    const address = { url: '' }
    const parts = makeParts({ folder, database, isolation, options, address })
    const { shop, accounts } = parts
    const queries = createQueries(shop)
    const commands = createCommands(shop, queries)
    const images = keepImages(parts, { queries, folder, signal: stopping.signal })
    keepResults(parts.results, log, stopping.signal)
    server = createHttpServer(httpOptions({ parts, commands, queries, address, log, images }))
    // The port before the data plane: without it nothing else is started.
    address.url = await listen(server, options)
    await startDataPlane(folder, { log, signal: stopping.signal })
    const password = process.env.PUSHWAY_ADMIN_PASSWORD
    delete process.env.PUSHWAY_ADMIN_PASSWORD
    const { signIn } = await accounts.bootstrap(password ? new Secret(password) : undefined)
    const engine = makeEngine(shop, stopping.signal)
    // The folder's lock says that nobody else performs these any more.
    shop.world.store.freeLeases()
    engine.start()
    for (const runtime of Object.values(shop.world.runtimes))
      void runtime?.watch?.(engine.lookNow, stopping.signal).catch((error: unknown) => log.warn('a runtime is not watched', { problem: String(error) }))
    void catchUpPushes(shop, commands, (project) => parts.repositories.refs(project))
    const stop = () => stopServer({ server, engine, database, folder, stopping })
    return { url: address.url, ...(signIn ? { firstSignIn: signIn } : {}), isolation, accounts, commands, queries, stop }
  } catch (error) {
    stopping.abort()
    server?.close()
    database.close()
    throw error
  }
}

interface Running {
  readonly server: Server | undefined
  readonly engine: Engine
  readonly database: Database
  readonly folder: DataFolder
  readonly stopping: AbortController
}

async function stopServer({ server, engine, database, folder, stopping }: Running): Promise<void> {
  stopping.abort()
  await Promise.all([server ? closeServer(server) : undefined, engine.stop()])
  database.close()
  folder.release()
}

interface HttpInput {
  readonly parts: ReturnType<typeof makeParts>
  readonly commands: Commands
  readonly queries: Queries
  readonly images: Images
  readonly address: { readonly url: string }
  readonly log: ProgramLog
}

function httpOptions({ parts, commands, queries, address, log, images }: HttpInput): HttpOptions {
  const { accounts, repositories, webhooks, shop, imagePolicies, mirrors, meter, results, signingKeys } = parts
  const registry = serveRegistry({ ...parts, commands, queries, log })
  const webDir = webFolder()
  return {
    accounts,
    commands,
    queries,
    repositories,
    webhooks,
    images,
    imagePolicies,
    signingKeys,
    mirrors,
    documents: shop.world.documents,
    clock: shop.world.clock,
    log,
    version,
    publicUrl: () => address.url,
    registry,
    registryMetrics: () => meter.render(),
    artifacts: results.artifacts,
    rotateIdTokenKey: () => results.idTokenKeys.rotate(),
    results: (req, res) => results.handle({ req, res }),
    traffic: () => readProxyMetrics(parts.proxySocket, AbortSignal.timeout(2_000)).catch(() => undefined),
    ...(webDir ? { webDir } : {}),
  }
}

interface PartsInput {
  readonly folder: DataFolder
  readonly database: Database
  readonly isolation: Isolation
  readonly options: ServeOptions
  readonly address: { readonly url: string }
}

function makeParts({ folder, database, isolation, options, address }: PartsInput) {
  const clock = systemClock
  const settings = createSettings(database, loadKey(folder.path('key')))
  const repositories = openRepositories(folder.path('git'))
  const accounts = createAccounts(database, clock)
  const blobs = openBlobs(folder, options.blobs, process.env)
  const index = openRegistryIndex(database, clock)
  const signingKeys = createSigningKeys(database, settings, clock)
  const evidence = openEvidence({ blobs, index, keys: signingKeys }, options.log)
  const toolchainCacheDir = join(defaultCacheDir(), 'toolchains')
  const agentSocket = controlSocket(folder.path('agent'), 'agent')
  const proxySocket = controlSocket(folder.path('proxy'), 'proxy')
  const lists = createLists(database)
  const mirrors = createMirrors(database, settings)
  const results: Results = serverResults({ folder, database, settings, lists, repositories, log: options.log, url: () => address.url })
  const world: World = {
    clock,
    ids: createIds(clock),
    store: createEventStore(database, clock),
    lists,
    settings,
    documents: createDocuments(database),
    evidence,
    git: repositories,
    jobs: createHostJobs({ dataDir: folder.dir, isolation, toolchainCacheDir, actions: actionSources(folder, process.env) }),
    workflows: createWorkflowFiles(actionSources(folder, process.env)),
    router: createEmbeddedRouter({ socket: proxySocket }),
    runtimes: {
      ...openDockerRuntime(folder, blobs, (problem) => options.log.warn('there is no docker runtime', { problem })),
      process: createProcessRuntime({
        recipes: [folder.path('host-programs')],
        socket: agentSocket,
        imagesDir: folder.path('images'),
        blobs,
        toolchainCacheDir,
        isolation,
        dataDir: folder.dir,
      }),
    },
    tokens: {
      create: async (run, project, permissions) => new Secret(accounts.createRunToken(run, project, permissions ? { permissions } : {}).token),
      revoke: (run) => accounts.revokeRunTokens(run),
    },
    services: results,
    server: {
      get url() {
        return address.url
      },
      version,
      registryAliases: options.registryAliases,
      registryMirrors: () => mirrors.list().map(({ host, url }) => ({ host, url })),
      exposedPorts: (digest) => portsOfImage(blobs, digest),
      filesDir: folder.path('files'),
      engineAvailable: engineAnswers,
    },
    log: options.log,
  }
  const exclusive = createLocks()
  const shop: Workshop = {
    world,
    states: createStates(world.store),
    sources: createSources(repositories, () => new URL(address.url).host),
    notes: new Map(),
    exclusive,
  }
  const kept = { index, signingKeys, evidence, webhooks: createWebhookStore(database, settings), imagePolicies: createImagePolicies(database) }
  const registry = { mirrors, meter: createMeter(blobs, () => clock.now()), ...(options.blobLimit === undefined ? {} : { blobLimit: options.blobLimit }) }
  const imageUses = createImageUses(shop, kept.imagePolicies)
  return { shop, accounts, repositories, blobs, clock, imageUses, proxySocket, results, ...kept, ...registry }
}

/** Images that are not in the registry say nothing. */
async function portsOfImage(blobs: BlobStore, digest: Digest): Promise<readonly number[]> {
  const { readImageConfig } = await import('../oci/config.ts')
  return readImageConfig(blobs, digest).then(
    ({ exposedPorts }) => exposedPorts,
    () => [],
  )
}

/** PUSHWAY_SCANNER: a program that reads a bill of materials and answers like grype. */
function openEvidence(parts: Pick<EvidenceParts, 'blobs' | 'index' | 'keys'>, log: ProgramLog): Evidence {
  const scanner = process.env.PUSHWAY_SCANNER
  return createEvidence({
    ...parts,
    ...(scanner ? { scanner: createGrype(scanner) } : {}),
    onScanProblem: (problem) => log.warn('an image could not be scanned', { problem }),
  })
}

function makeEngine(shop: Workshop, signal: AbortSignal): Engine {
  return createEngine({
    shop,
    actions: createActionWorker(shop, performers, signal),
    jobs: createJobPump(shop, signal),
    driveDeployment: (id) => driveDeployment(shop, id, signal),
    watch: createRouteWatch(shop, signal),
    schedules: createScheduler(shop),
    promote: () => promoteAutomatically(shop),
  })
}

/** Gives the address that programs on this machine use. */
function listen(server: Server, { host, port }: ServeOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(error.code === 'EADDRINUSE' ? fail('server-port-in-use', { port }) : error))
    server.listen({ host, port }, () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  })
}

/** Open streams (logs, events) end; answers under way get a moment. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
    setTimeout(() => server.closeAllConnections(), 500).unref()
  })
}
