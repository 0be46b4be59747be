// What the token of a job may do with the repository and with images.
// Follows https://docs.github.com/actions/tutorials/authenticate-with-github_token

import type { Diagnostic } from '../text/diagnostic.ts'
import type { Permissions, Workflow } from '../workflow/types.ts'
import type { TokenPermissions } from './types.ts'

/** Without `permissions`: read the repository, push images. GitHub's own default depends on the organisation. */
const usual: TokenPermissions = { contents: 'read', packages: 'write' }

/**
 * The job's `permissions`, else the workflow's, else the usual ones. A name that a map leaves out is `none`, as on GitHub.
 *
 * @param most of a job in a called workflow: what the job that calls may do. It is what there is without `permissions`, and is never exceeded
 */
export function tokenPermissions(workflow: Permissions | undefined, job: Permissions | undefined, most?: TokenPermissions): TokenPermissions {
  const wanted = job ?? workflow
  if (!wanted) return most ?? usual
  const named =
    'all' in wanted ? { contents: wanted.all, packages: wanted.all } : { contents: wanted.named.contents ?? 'none', packages: wanted.named.packages ?? 'none' }
  return most ? lowest(named, most) : named
}

type Access = 'read' | 'write' | 'none'

const levels: readonly Access[] = ['none', 'read', 'write']

function lowest(wanted: TokenPermissions, most: TokenPermissions): TokenPermissions {
  const lower = (a: Access, b: Access) => (levels.indexOf(a) < levels.indexOf(b) ? a : b)
  return Object.fromEntries(
    Object.entries(wanted).map(([name, access]) => [name, lower(access as Access, most[name as keyof TokenPermissions] as Access)]),
  ) as unknown as TokenPermissions
}

/** Jobs of called workflows that ask for more than the job that calls may do: as on GitHub they are refused, not cut. */
export function raisedPermissions(workflow: Workflow, most?: TokenPermissions): readonly Diagnostic[] {
  return workflow.jobs.flatMap((job) => {
    const asked = tokenPermissions(workflow.permissions, job.permissions)
    const own = tokenPermissions(workflow.permissions, job.permissions, most)
    const isAsked = job.permissions !== undefined || workflow.permissions !== undefined
    const raised = isAsked ? Object.entries(asked).filter(([name, access]) => own[name as keyof TokenPermissions] !== access) : []
    const called = job.call?.called
    return [
      ...raised.map(([name, access]): Diagnostic => {
        const message = `Job \`${job.id}\` of ${workflow.file} asks for \`${name}: ${access}\`, and the job that calls it has only \`${own[name as keyof TokenPermissions]}\`. Give the calling job more, or ask for less.`
        return { severity: 'error', code: 'permissions-raised', message, at: job.at }
      }),
      ...(called ? raisedPermissions(called.workflow, own) : []),
    ]
  })
}

/** Whether a job may ask for an identity token (OpenID Connect): only when `permissions` say so. */
export function mayAskIdToken(workflow: Permissions | undefined, job: Permissions | undefined): boolean {
  const wanted = job ?? workflow
  if (!wanted) return false
  return 'all' in wanted ? wanted.all === 'write' : wanted.named['id-token'] === 'write'
}
