// What the token of a job may do with the repository, with images and with the GitHub-shaped API.
// Follows https://docs.github.com/actions/tutorials/authenticate-with-github_token

import type { Diagnostic } from '../text/diagnostic.ts'
import type { Permissions, Workflow } from '../workflow/types.ts'
import { apiScopes, type TokenAccess, type TokenPermissions } from './types.ts'

/** The same right on all that the API has. */
function everywhere(access: TokenAccess): Readonly<Record<(typeof apiScopes)[number], TokenAccess>> {
  return Object.fromEntries(apiScopes.map((name) => [name, access])) as Record<(typeof apiScopes)[number], TokenAccess>
}

/** Without `permissions`: read everything, push images. GitHub's own default depends on the organisation. */
const usual: TokenPermissions = { contents: 'read', packages: 'write', ...everywhere('read') }

/** The token of a run of a fork's code: it reads what it could write. */
export function readOnly(permissions: TokenPermissions): TokenPermissions {
  const entries = Object.entries(permissions).map(([name, access]) => [name, access === 'write' ? 'read' : access])
  return Object.fromEntries(entries) as unknown as TokenPermissions
}

/**
 * The job's `permissions`, else the workflow's, else the usual ones. A name that a map leaves out is `none`, as on GitHub.
 *
 * @param most of a job in a called workflow: what the job that calls may do. It is what there is without `permissions`, and is never exceeded
 */
export function tokenPermissions(workflow: Permissions | undefined, job: Permissions | undefined, most?: TokenPermissions): TokenPermissions {
  const wanted = job ?? workflow
  if (!wanted) return most ?? usual
  const own = 'all' in wanted ? { contents: wanted.all, packages: wanted.all, ...everywhere(wanted.all) } : namedPermissions(wanted.named)
  return most ? lowest(own, most) : own
}

function namedPermissions(named: Readonly<Record<string, TokenAccess>>): TokenPermissions {
  const others = apiScopes.flatMap((name) => (named[name] === undefined || named[name] === 'none' ? [] : [[name, named[name]] as const]))
  return { contents: named.contents ?? 'none', packages: named.packages ?? 'none', ...Object.fromEntries(others) }
}

const levels: readonly TokenAccess[] = ['none', 'read', 'write']

function lowest(wanted: TokenPermissions, most: TokenPermissions): TokenPermissions {
  const lower = (a: TokenAccess, b: TokenAccess) => (levels.indexOf(a) < levels.indexOf(b) ? a : b)
  return Object.fromEntries(
    Object.entries(wanted).map(([name, access]) => [name, lower(access as TokenAccess, most[name as keyof TokenPermissions] ?? 'none')]),
  ) as unknown as TokenPermissions
}

/** Jobs of called workflows that ask for more than the job that calls may do: as on GitHub they are refused, not cut. */
export function raisedPermissions(workflow: Workflow, caller?: { readonly permissions: TokenPermissions; readonly idToken: boolean }): readonly Diagnostic[] {
  return workflow.jobs.flatMap((job) => {
    const isAsked = job.permissions !== undefined || workflow.permissions !== undefined
    const asked = tokenPermissions(workflow.permissions, job.permissions)
    const own = tokenPermissions(workflow.permissions, job.permissions, caller?.permissions)
    const accessOf = (name: string) => own[name as keyof TokenPermissions] ?? 'none'
    const raised = isAsked ? Object.entries(asked).filter(([name, access]) => accessOf(name) !== access) : []
    const asksIdToken = mayAskIdToken(workflow.permissions, job.permissions)
    const refuse = (what: string, has: string): Diagnostic => {
      const message = `Job \`${job.id}\` of ${workflow.file} asks for \`${what}\`, and the job that calls it has only \`${has}\`. Give the calling job more, or ask for less.`
      return { severity: 'error', code: 'permissions-raised', message, at: job.at }
    }
    const called = job.call?.called
    const idToken = isAsked ? asksIdToken : caller?.idToken === true
    return [
      ...raised.map(([name, access]) => refuse(`${name}: ${access}`, accessOf(name))),
      ...(caller && asksIdToken && !caller.idToken ? [refuse('id-token: write', 'none')] : []),
      ...(called ? raisedPermissions(called.workflow, { permissions: own, idToken }) : []),
    ]
  })
}

/** Whether a job may ask for an identity token (OpenID Connect): only when `permissions` say so. */
export function mayAskIdToken(workflow: Permissions | undefined, job: Permissions | undefined): boolean {
  const wanted = job ?? workflow
  if (!wanted) return false
  return 'all' in wanted ? wanted.all === 'write' : wanted.named['id-token'] === 'write'
}
