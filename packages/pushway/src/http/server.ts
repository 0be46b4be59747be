// The one HTTP listener: which part of the program answers which address.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import { createGitHandler, type GitAccess, isGitPath } from '../git/server.ts'
import { createWebhookHandler } from '../git/webhooks.ts'
import type { Principal } from '../ports/principal.ts'
import type { RegistryRight } from '../ports/registry-index.ts'
import { isResultsPath } from '../results/index.ts'
import { createApi, sendError, sendJson, toError } from './api.ts'
import { authenticate } from './authenticate.ts'
import { authorize, may, mayUseImages } from './authorize.ts'
import { createMetrics, type Metrics, type Part } from './metrics.ts'
import { reportPush } from './push-progress.ts'
import { isSameName, registerProject } from './register-project.ts'
import { createRestApi, isRestPath } from './rest/api.ts'
import { restRoutes } from './rest/index.ts'
import { allRoutes } from './routes/index.ts'
import type { HttpOptions, RawHandler, Services } from './services.ts'
import { createStatic } from './static.ts'

const PUSH_PROGRESS_MS = 3000

/** The server, not listening yet. Close it with `closeAllConnections` after `close`: streams do not end by themselves. */
export function createHttpServer(options: HttpOptions): Server {
  const metrics = createMetrics(options.version)
  const unsubscribe = options.queries.subscribe((events) => metrics.count(events))
  const handlers = createHandlers(options, metrics)
  const server = createServer((req, res) => {
    const path = pathOf(req)
    const part = partOf(path)
    metrics.watch(res, part, req.method ?? '')
    res.setHeader('x-content-type-options', 'nosniff')
    res.setHeader('referrer-policy', 'no-referrer')
    res.setHeader('x-frame-options', 'DENY')
    handlers[part](req, res, path).catch((error: unknown) => {
      if (!res.destroyed) sendError(req, res, toError(error, options.log))
    })
  })
  // A push may take longer than any fixed time; heads and idle connections may not.
  server.requestTimeout = 0
  server.headersTimeout = 30_000
  server.keepAliveTimeout = 65_000
  server.on('close', unsubscribe)
  return server
}

/** What git needs to know of the accounts. */
function gitAccess({ accounts, queries }: Pick<Services, 'accounts' | 'queries'>): GitAccess {
  const taken = (name: ProjectName): boolean => queries.projectNames().some((other) => other !== name && isSameName(other, name))
  const actions = { read: 'repository.read', write: 'repository.write', create: 'project.create' } as const
  return {
    authenticate: async (req) => (await authenticate(accounts, req)).principal,
    allowed: (principal, project, what) => may({ accounts, principal }, actions[what], project) && !(what === 'create' && taken(project)),
  }
}

/** What the registry needs to know of the accounts. */
export function registryAccess({ accounts, queries, imagePolicies, mirrors }: Pick<Services, 'accounts' | 'queries' | 'imagePolicies' | 'mirrors'>) {
  return {
    authenticate: async (req: IncomingMessage): Promise<Principal | undefined> => {
      // A cookie is not for docker: another site's page could make a browser send it.
      const caller = await authenticate(accounts, req)
      return caller.by === 'header' ? caller.principal : undefined
    },
    allowed: (principal: Principal | undefined, repository: string, right: RegistryRight): boolean =>
      mayUseImages(accounts, principal, {
        repository,
        right,
        projects: queries.projectNames(),
        isOpen: (project) => imagePolicies.policy(project).anonymousPull,
        isMirror: (host) => mirrors.find(host) !== undefined,
      }),
  }
}

type Handlers = Readonly<Record<Part, (req: IncomingMessage, res: ServerResponse, path: string) => Promise<void>>>

function createHandlers(options: HttpOptions, metrics: Metrics): Handlers {
  return {
    git: createGit(options),
    registry: options.registry,
    results: options.results,
    hooks: createHooks(options),
    api: createApi(options, allRoutes(options)),
    rest: createRestApi(options, restRoutes(options)),
    ui: createUi(options),
    system: (req, res, path) => answerSystem(options, metrics, { req, res, path }),
  }
}

/** The page; and GitHub's address of a run (`…/actions/runs/RUN_ID`), which people's workflows put together, leads to ours. */
function createUi({ webDir, queries, accounts }: HttpOptions): Handlers['ui'] {
  const page = createStatic(webDir)
  return async (req, res, path) => {
    const [, project = '', serial] = /^\/([^/]+\/[^/]+)\/actions\/runs\/(\d{1,15})$/.exec(path) ?? []
    const known = serial !== undefined && may({ accounts, principal: (await authenticate(accounts, req)).principal }, 'run.read', project)
    const run = known ? queries.runSerials(project, 1000).includes(Number(serial)) : false
    if (!run) return page(req, res, path)
    const { number } = await queries.runFacts(project, Number(serial))
    res.writeHead(302, { location: `/${project}/runs/${number}`, 'cache-control': 'no-store' })
    res.end()
  }
}

function createGit(options: HttpOptions): RawHandler {
  const { repositories, pushProgressMs = PUSH_PROGRESS_MS } = options
  const access = gitAccess(options)
  return createGitHandler({
    repositories,
    access: {
      ...access,
      // As for the registry: only what the client itself sent.
      authenticate: async (req) => (req.headers.authorization === undefined ? undefined : access.authenticate(req)),
    },
    onCreate: (project, principal) => void registerProject(options, project, principal.name),
    onPush: (push) => reportPush(options, push, pushProgressMs),
    onMistake: (error) => void toError(error, options.log),
  })
}

function createHooks({ webhooks, clock, repositories, commands, queries }: HttpOptions): RawHandler {
  return createWebhookHandler({
    webhooks,
    now: () => clock.now(),
    fetchCommit: (project, remote, wanted) => repositories.fetchCommit(project, remote, wanted),
    hasCommit: async (project, commit) => (await repositories.commit(project, commit)) !== undefined,
    receivePush: (project, updates, by) => commands.receivePush({ project, updates, source: 'webhook' }, by),
    receivePull: async (project, pull, activity) => (await commands.receivePull(project, pull, activity)).map((id) => ({ id, number: queries.run(id).number })),
  })
}

async function answerSystem(
  options: HttpOptions,
  metrics: Metrics,
  { req, res, path }: { req: IncomingMessage; res: ServerResponse; path: string },
): Promise<void> {
  if (req.method !== 'GET' && req.method !== 'HEAD') throw fail('method-not-allowed', { methods: 'GET' })
  if (path === '/healthz') return sendJson(req, res, { status: 200, value: { status: 'ok', version: options.version } })
  if (!isLoopback(req)) authorize({ accounts: options.accounts, principal: (await authenticate(options.accounts, req)).principal }, 'metrics.read')
  const body = metrics.render(await options.traffic?.(), await options.registryMetrics?.())
  res.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' })
  res.end(body)
}

/** From this machine itself, and not handed on by a proxy on it. */
function isLoopback(req: IncomingMessage): boolean {
  const address = req.socket.remoteAddress ?? ''
  const forwarded = req.headers['x-forwarded-for'] ?? req.headers.forwarded
  return forwarded === undefined && (address === '::1' || /^(::ffff:)?127\./.test(address))
}

function partOf(path: string): Part {
  if (path === '/healthz' || path === '/metrics') return 'system'
  if (path === '/v2' || path.startsWith('/v2/')) return 'registry'
  if (isResultsPath(path)) return 'results'
  if (path.startsWith('/hooks/')) return 'hooks'
  if (isRestPath(path)) return 'rest'
  if (path.startsWith('/api/')) return 'api'
  return isGitPath(path) ? 'git' : 'ui'
}

function pathOf(req: IncomingMessage): string {
  const path = (req.url ?? '/').replace(/[?#].*$/s, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
