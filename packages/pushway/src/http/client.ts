// The API from the other side: typed calls for the CLI. What the server refuses comes back as the same PushwayError.

import type { GarbageReport, ImageDetails, ImageEntry, ImagePolicy, ImagePushEntry, MirrorView, ScrubReport } from '@pushway/core/images/types.ts'
import { errorTable } from '@pushway/core/reason/error-table.ts'
import { type ErrorBody, type ErrorCode, fail, PushwayError } from '@pushway/core/reason/errors.ts'
import type {
  ArtifactView,
  DeploymentSummary,
  DeploymentView,
  EnvironmentView,
  ExplainView,
  ImageView,
  LiveMessage,
  LogPage,
  PlanView,
  ProjectView,
  PullSummary,
  PullView,
  Role,
  RunSummary,
  RunView,
  ScheduleView,
  TimelineEntry,
  UserView,
} from '@pushway/core/views/types.ts'
import type { Issued, MemberView, TokenView } from '../ports/accounts.ts'
import type { PublicKey } from '../ports/evidence.ts'
import type { InstanceLogLine } from '../ports/runtime.ts'
import type { RerunRequest } from '../ports/service.ts'
import { readEvents, readLines } from './read-stream.ts'

export interface ClientOptions {
  /** `http://127.0.0.1:8080`. */
  readonly url: string
  /** Absent: only what needs no sign-in works. */
  readonly token?: string
}

export interface SignInLink extends Issued {
  readonly url: string
}

interface Named {
  readonly name: string
  readonly environment?: string
}

interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
  readonly accept?: string
}

export type ApiClient = ReturnType<typeof createClient>

/**
 * Calls of one server. Projects are `owner/name`.
 * Each call throws PushwayError: the server's own, or `server-unreachable`.
 */
export function createClient(options: ClientOptions) {
  const link = createLink(options)
  return {
    ...accountCalls(link),
    ...projectCalls(link),
    ...runCalls(link),
    ...pullCalls(link),
    ...environmentCalls(link),
    ...deploymentCalls(link),
    ...imageCalls(link),
    /** What changes in these topics, until `signal`. */
    events: (topics: readonly string[], cursor: number | undefined, signal: AbortSignal): AsyncIterable<LiveMessage> =>
      readEvents(() => link.open('GET', '/events', { query: { topics: topics.join(','), cursor }, signal, accept: 'text/event-stream' })),
  }
}

type Link = ReturnType<typeof createLink>

function createLink({ url, token }: ClientOptions) {
  const base = url.replace(/\/+$/, '')
  const open = async (method: string, path: string, { query = {}, body, signal, accept }: CallOptions = {}): Promise<Response> => {
    const address = new URL(`${base}/api/v1${path}`)
    for (const [name, value] of Object.entries(query)) if (value !== undefined) address.searchParams.set(name, String(value))
    const headers: Record<string, string> = { accept: accept ?? 'application/json' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    const answer = await fetch(address, {
      method,
      headers,
      redirect: 'error',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error
      throw fail('server-unreachable', { url: base, problem: causeOf(error) })
    })
    if (!answer.ok) throw await readError(answer, base)
    return answer
  }
  const call = async <T>(method: string, path: string, options?: CallOptions): Promise<T> => {
    const answer = await open(method, path, options)
    const text = await answer.text()
    // The server is ours and of the same version: its answers have the types of core/views.
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  return { open, call }
}

function accountCalls({ call }: Link) {
  return {
    me: () => call<{ name: string; admin: boolean; kind: string }>('GET', '/me'),
    users: () => call<readonly UserView[]>('GET', '/users'),
    createUser: (name: string, admin = false) => call<{ user: UserView; signIn: SignInLink }>('POST', '/users', { body: { name, admin } }),
    createSignInLink: (user: string) => call<SignInLink>('POST', `/users/${encodeURIComponent(user)}/sign-in-link`, { body: {} }),
    disableUser: (user: string) => call<void>('DELETE', `/users/${encodeURIComponent(user)}`),
    createToken: (user: string, body: { label: string; scope: 'read' | 'write'; days?: number; project?: string }) =>
      call<Issued>('POST', `/users/${encodeURIComponent(user)}/tokens`, { body }),
    tokens: (user: string) => call<readonly TokenView[]>('GET', `/users/${encodeURIComponent(user)}/tokens`),
    revokeToken: (user: string, id: string) => call<void>('DELETE', `/users/${encodeURIComponent(user)}/tokens/${encodeURIComponent(id)}`),
    members: (project: string) => call<readonly MemberView[]>('GET', `${at(project)}/members`),
    setMember: (project: string, user: string, role: Role) => call<void>('PUT', `${at(project)}/members/${encodeURIComponent(user)}`, { body: { role } }),
  }
}

function projectCalls({ call }: Link) {
  return {
    projects: () => call<readonly ProjectView[]>('GET', '/projects'),
    project: (project: string) => call<ProjectView>('GET', at(project)),
    createProject: (name: string, from?: string) => call<ProjectView>('POST', '/projects', { body: { name, ...(from === undefined ? {} : { import: from }) } }),
    images: (project: string) => call<readonly ImageView[]>('GET', `${at(project)}/images`),
    timeline: (filter: { project?: string; environment?: string; kind?: string; by?: string; limit?: number }) =>
      call<readonly TimelineEntry[]>('GET', '/timeline', { query: filter }),
    explain: (id: string) => call<ExplainView>('GET', `/explain/${encodeURIComponent(id)}`),
    secrets: (project: string) => call<readonly (Named & { version: number })[]>('GET', `${at(project)}/secrets`),
    setSecret: (project: string, name: string, { value, environment }: { value: string; environment?: string }) =>
      call<{ version: number }>('PUT', `${at(project)}/secrets/${encodeURIComponent(name)}`, { body: { value }, query: { environment } }),
    variables: (project: string) => call<readonly (Named & { value: string })[]>('GET', `${at(project)}/variables`),
    setVariable: (project: string, name: string, { value, environment }: { value: string; environment?: string }) =>
      call<void>('PUT', `${at(project)}/variables/${encodeURIComponent(name)}`, { body: { value }, query: { environment } }),
    webhook: (project: string) => call<{ url: string; remote: string | null }>('GET', `${at(project)}/webhook`),
    setWebhook: (project: string, body: { remote: string; secret?: string }) =>
      call<{ url: string; remote: string; secret?: string }>('PUT', `${at(project)}/webhook`, { body }),
  }
}

function runCalls({ call, open }: Link) {
  const log = (project: string, number: number, job: string) => `${at(project)}/runs/${number}/jobs/${encodeURIComponent(job)}/log`
  return {
    runs: (project: string, limit?: number) => call<readonly RunSummary[]>('GET', `${at(project)}/runs`, { query: { limit } }),
    run: (project: string, number: number) => call<RunView>('GET', `${at(project)}/runs/${number}`),
    cancelRun: (project: string, number: number, force = false) => call<void>('POST', `${at(project)}/runs/${number}/cancel`, { body: { force } }),
    rerun: (project: string, number: number, what: RerunRequest) => call<void>('POST', `${at(project)}/runs/${number}/rerun`, { body: what }),
    dispatch: (project: string, body: { workflow: string; ref: string; inputs?: Readonly<Record<string, string>> }) =>
      call<RunSummary>('POST', `${at(project)}/dispatches`, { body }),
    jobLog: (project: string, number: number, { job, ...query }: { job: string; cursor?: number; attempt?: number; limit?: number }) =>
      call<LogPage>('GET', log(project, number, job), { query }),
    artifacts: (project: string, number: number) => call<readonly ArtifactView[]>('GET', `${at(project)}/runs/${number}/artifacts`),
    removeArtifact: (project: string, number: number, id: number) => call<void>('DELETE', `${at(project)}/runs/${number}/artifacts/${id}`),
    async downloadArtifact(project: string, number: number, id: number) {
      const answer = await open('GET', `${at(project)}/runs/${number}/artifacts/${id}`, { accept: '*/*' })
      const fileName = /filename\*=UTF-8''([^;]+)/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? 'artifact'
      return { body: answer.body, mime: answer.headers.get('content-type') ?? '', fileName: decodeURIComponent(fileName) }
    },
    /** Pages as they come, until the job has ended. */
    followJobLog: (
      project: string,
      number: number,
      options: { job: string; cursor?: number; attempt?: number; signal?: AbortSignal },
    ): AsyncIterable<LogPage> => {
      const { job, cursor, attempt, signal } = options
      return readLines(() => open('GET', log(project, number, job), { query: { follow: 1, cursor, attempt }, signal, accept: 'application/x-ndjson' }))
    },
  }
}

function environmentCalls({ call, open }: Link) {
  const env = (project: string, name: string) => `${at(project)}/environments/${encodeURIComponent(name)}`
  return {
    environments: (project: string) => call<readonly EnvironmentView[]>('GET', `${at(project)}/environments`),
    environment: (project: string, name: string) => call<EnvironmentView>('GET', env(project, name)),
    history: (project: string, name: string) => call<readonly DeploymentSummary[]>('GET', `${env(project, name)}/history`),
    plan: (project: string, name: string, ref: string) => call<PlanView>('GET', `${env(project, name)}/plan`, { query: { ref } }),
    rollback: (project: string, name: string, to?: string) =>
      call<DeploymentSummary>('POST', `${env(project, name)}/rollback`, { body: to === undefined ? {} : { to } }),
    promote: (project: string, from: string, to: string) => call<DeploymentSummary>('POST', `${at(project)}/promote`, { body: { from, to } }),
    instanceLogs: (
      project: string,
      name: string,
      { service, tail, follow, signal }: { service?: string; tail?: number; follow?: boolean; signal?: AbortSignal },
    ): AsyncIterable<InstanceLogLine> =>
      readLines(() =>
        open('GET', `${env(project, name)}/logs`, { query: { service, tail, follow: follow ? 1 : undefined }, signal, accept: 'application/x-ndjson' }),
      ),
  }
}

function pullCalls({ call }: Link) {
  const one = (project: string, number: number) => `${at(project)}/pulls/${number}`
  return {
    pulls: (project: string, state: 'open' | 'closed' | 'all') => call<readonly PullSummary[]>('GET', `${at(project)}/pulls`, { query: { state } }),
    pull: (project: string, number: number) => call<PullView>('GET', one(project, number)),
    openPull: (project: string, body: { title: string; body: string; head: string; base?: string; draft: boolean }) =>
      call<PullView>('POST', `${at(project)}/pulls`, { body }),
    editPull: (project: string, number: number, body: Readonly<Record<string, unknown>>) => call<PullView>('PUT', one(project, number), { body }),
    pullAction: (project: string, number: number, action: 'close' | 'reopen') => call<PullView>('POST', `${one(project, number)}/${action}`, { body: {} }),
    mergePull: (project: string, number: number, method: 'merge' | 'squash') => call<PullView>('POST', `${one(project, number)}/merge`, { body: { method } }),
    labelPull: (project: string, number: number, body: { add: readonly string[]; remove: readonly string[] }) =>
      call<PullView>('POST', `${one(project, number)}/labels`, { body }),
    commentPull: (project: string, number: number, text: string) => call<{ id: number }>('POST', `${one(project, number)}/comments`, { body: { body: text } }),
    schedules: (project: string) => call<readonly ScheduleView[]>('GET', `${at(project)}/schedules`),
    approveRun: (project: string, number: number) => call<void>('POST', `${at(project)}/runs/${number}/approve`, { body: {} }),
  }
}

function imageCalls({ call }: Link) {
  const registry = (project: string) => `${at(project)}/registry`
  const one = (project: string, reference: string) => `${registry(project)}/images/${encodeURIComponent(reference)}`
  return {
    registryImages: (project: string) => call<readonly ImageEntry[]>('GET', registry(project)),
    inspectImage: (project: string, reference: string) => call<ImageDetails>('GET', one(project, reference)),
    imageBill: (project: string, reference: string) => call<unknown>('GET', `${one(project, reference)}/sbom`),
    signingKeys: (project: string) => call<readonly PublicKey[]>('GET', `/projects/${project}/signing-keys`),
    rotateSigningKey: (project: string) => call<readonly PublicKey[]>('POST', `/projects/${project}/signing-keys`),
    removeImage: (project: string, reference: string) =>
      call<{ repository: string; digest: string; tags: readonly string[] }>('DELETE', one(project, reference)),
    imageHistory: (project: string, reference?: string) =>
      call<readonly ImagePushEntry[]>('GET', `${registry(project)}/history${reference === undefined ? '' : `/${encodeURIComponent(reference)}`}`),
    imagePolicy: (project: string) => call<ImagePolicy>('GET', `${registry(project)}/policy`),
    setImagePolicy: (project: string, change: Partial<ImagePolicy>) => call<ImagePolicy>('PUT', `${registry(project)}/policy`, { body: change }),
    collectImages: (dryRun: boolean) => call<GarbageReport>('POST', '/registry/collect', { body: { dryRun } }),
    mirrors: () => call<readonly MirrorView[]>('GET', '/registry/mirrors'),
    setMirror: (host: string, body: { url?: string; username?: string; secret?: string; privateNetwork?: boolean }) =>
      call<MirrorView>('PUT', `/registry/mirrors/${encodeURIComponent(host)}`, { body }),
    removeMirror: (host: string) => call<void>('DELETE', `/registry/mirrors/${encodeURIComponent(host)}`),
    scrubImages: (repair: boolean) => call<ScrubReport>('POST', '/registry/scrub', { body: { repair } }),
  }
}

function deploymentCalls({ call }: Link) {
  const post = (id: string, what: string, body: unknown) => call<DeploymentView>('POST', `/deployments/${encodeURIComponent(id)}/${what}`, { body })
  return {
    deployment: (id: string) => call<DeploymentView>('GET', `/deployments/${encodeURIComponent(id)}`),
    approve: (id: string, body: { why: string; contentDigest?: string }) => post(id, 'approve', body),
    reject: (id: string, why: string) => post(id, 'reject', { why }),
    pause: (id: string) => post(id, 'pause', {}),
    resume: (id: string) => post(id, 'resume', {}),
    abort: (id: string, why: string) => post(id, 'abort', { why }),
  }
}

function at(project: string): string {
  return `/projects/${project.split('/').map(encodeURIComponent).join('/')}`
}

/** The server's error as it was thrown there; an answer that is none of ours says so. */
async function readError(answer: Response, url: string): Promise<PushwayError> {
  const text = await answer.text()
  try {
    const { error } = JSON.parse(text) as ErrorBody
    if (error.code in errorTable) return new PushwayError(error.code as ErrorCode, error.message, { next: error.next, diagnostics: error.diagnostics })
  } catch {
    // Not an answer of Pushway.
  }
  return fail('server-unreachable', { url, problem: `it answered ${answer.status}, and not as a Pushway server does` })
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause)
}
