// What the token of a job may do with the repository and with images.
// Follows https://docs.github.com/actions/tutorials/authenticate-with-github_token

import type { Permissions } from '../workflow/types.ts'
import type { TokenPermissions } from './types.ts'

/** Without `permissions`: read the repository, push images. GitHub's own default depends on the organisation. */
const usual: TokenPermissions = { contents: 'read', packages: 'write' }

/** The job's `permissions`, else the workflow's, else the usual ones. A name that a map leaves out is `none`, as on GitHub. */
export function tokenPermissions(workflow: Permissions | undefined, job: Permissions | undefined): TokenPermissions {
  const wanted = job ?? workflow
  if (!wanted) return usual
  if ('all' in wanted) return { contents: wanted.all, packages: wanted.all }
  return { contents: wanted.named.contents ?? 'none', packages: wanted.named.packages ?? 'none' }
}

/** Whether a job may ask for an identity token (OpenID Connect): only when `permissions` say so. */
export function mayAskIdToken(workflow: Permissions | undefined, job: Permissions | undefined): boolean {
  const wanted = job ?? workflow
  if (!wanted) return false
  return 'all' in wanted ? wanted.all === 'write' : wanted.named['id-token'] === 'write'
}
