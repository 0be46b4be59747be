// The variables by which actions find the services for artifacts, caches and identity tokens, as GitHub's runner sets them.

import { existsSync } from 'node:fs'
import type { JobServices } from '@pushway/core/run/types.ts'
import { commandFile, type JobState, jobUid } from './job-state.ts'
import { writeFor } from './layout.ts'

/** How a job reaches the services; they may be started only when somebody asks. */
export interface ServiceAccess {
  /** Whether the job may ask for identity tokens. */
  readonly idToken: boolean
  open(): Promise<JobServices>
}

/** Services that stand already: those of the server. */
export function standingServices(services: JobServices | undefined): ServiceAccess | undefined {
  return services && { idToken: services.idToken !== undefined, open: async () => services }
}

type Variables = Readonly<Record<string, string>>

/** For the processes of actions: `run` steps do not get the runtime token, as on GitHub. */
export async function actionServiceVariables(state: JobState): Promise<Variables> {
  const services = await openServices(state)
  if (!services) return {}
  const url = `${services.url.replace(/\/+$/, '')}/`
  return {
    ACTIONS_RUNTIME_URL: url,
    ACTIONS_RUNTIME_TOKEN: services.token,
    ACTIONS_RESULTS_URL: url,
    ACTIONS_CACHE_SERVICE_V2: 'True',
    ...idTokenVariables(services),
    ...localServer(state),
  }
}

/** For `run` steps: only with `permissions: id-token: write`. */
export async function stepServiceVariables(state: JobState): Promise<Variables> {
  return state.services?.idToken ? idTokenVariables(await openServices(state)) : {}
}

function idTokenVariables(services: JobServices | undefined): Variables {
  const idToken = services?.idToken
  return idToken ? { ACTIONS_ID_TOKEN_REQUEST_URL: idToken.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: idToken.token } : {}
}

async function openServices(state: JobState): Promise<JobServices | undefined> {
  const services = await state.services?.open()
  if (services) for (const token of [services.token, services.idToken?.token]) if (token) state.masker.add(token)
  return services
}

/**
 * The toolkit takes every server whose name is not github.com, *.ghe.com or *.localhost for GitHub Enterprise Server, and refuses artifacts
 * and caches there: so actions know a server on this machine as `pushway.localhost`.
 */
function localServer(state: JobState): Variables {
  const text = String(state.input.spec.contexts.github.server_url ?? '')
  if (!URL.canParse(text)) return {}
  const url = new URL(text)
  if (!/^(127\.|localhost$|\[::1\]$)/.test(url.hostname)) return {}
  url.hostname = 'pushway.localhost'
  return { GITHUB_SERVER_URL: url.origin }
}

/** Node.js leaves names below `localhost` to the system, which may not know them (RFC 6761 says they are this machine). */
const preload = `const dns = require('node:dns')
const own = (host) => (/\\.localhost$/i.test(String(host)) ? '127.0.0.1' : host)
const { lookup } = dns
dns.lookup = (host, ...rest) => lookup(own(host), ...rest)
const later = dns.promises.lookup
dns.promises.lookup = (host, ...rest) => later(own(host), ...rest)
`

/** Arguments of Node.js for the process of an action. */
export function nodeArguments(state: JobState): readonly string[] {
  const file = commandFile(state, 'localhost.cjs')
  if (!existsSync(file)) writeFor(file, preload, jobUid(state.input))
  return ['--require', file]
}
