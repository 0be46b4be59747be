// What an OpenID Connect token of a job says about it.
// Follows https://docs.github.com/actions/reference/security/oidc

import type { EpochMs } from '../text/ids.ts'

export interface IdTokenFacts {
  /** The job's `github` context. */
  readonly github: Readonly<Record<string, unknown>>
  readonly environment?: string
  /** The called workflow, for a job of a reusable one: `owner/name/.github/workflows/x.yml@ref`; the run's own when absent. */
  readonly jobWorkflowRef?: string
}

const copied = [
  'actor',
  'actor_id',
  'base_ref',
  'event_name',
  'head_ref',
  'ref',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'run_attempt',
  'run_id',
  'run_number',
  'sha',
  'workflow',
  'workflow_ref',
  'workflow_sha',
] as const

/** The claims that tell who the job is; the issuer adds `iss`, `aud`, `jti` and the times. All values are text, as GitHub's are. */
export function idTokenClaims({ github, environment, jobWorkflowRef }: IdTokenFacts): Readonly<Record<string, string>> {
  const text = (name: string) => (github[name] === undefined || github[name] === null ? '' : String(github[name]))
  const named = Object.fromEntries(copied.map((name) => [name, text(name)] as const).filter(([name, value]) => value !== '' || name.endsWith('_ref')))
  return {
    sub: idTokenSubject({ github, ...(environment === undefined ? {} : { environment }) }),
    ...named,
    ref_protected: text('ref_protected') || 'false',
    repository_visibility: 'private',
    runner_environment: 'self-hosted',
    job_workflow_ref: jobWorkflowRef ?? text('workflow_ref'),
    job_workflow_sha: text('workflow_sha'),
    ...(environment === undefined ? {} : { environment }),
  }
}

/** `sub`: the environment before the pull request before the ref, as GitHub chooses. A colon in a name can't make another subject. */
function idTokenSubject({ github, environment }: Pick<IdTokenFacts, 'github' | 'environment'>): string {
  const repository = `repo:${String(github.repository ?? '')}`
  if (environment !== undefined) return `${repository}:environment:${environment.replaceAll(':', '%3A')}`
  if (github.event_name === 'pull_request') return `${repository}:pull_request`
  return `${repository}:ref:${String(github.ref ?? '')}`
}

/** Whom a token is for when the job names nobody. */
export function defaultAudience(serverUrl: string, repository: string): string {
  return `${serverUrl.replace(/\/+$/, '')}/${repository.split('/')[0] ?? ''}`
}

/** As GitHub's: valid for five minutes, and for clocks that are ten minutes late. Seconds. */
export function idTokenTimes(now: EpochMs): { readonly iat: number; readonly nbf: number; readonly exp: number } {
  const iat = Math.floor(now / 1000)
  return { iat, nbf: iat - 600, exp: iat + 300 }
}
