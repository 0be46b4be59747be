// The one place that decides who may do what. Every route names its action; nothing else in the program asks for a role.

import { fail } from '@pushway/core/reason/errors.ts'
import type { TokenPermissions } from '@pushway/core/run/types.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Role } from '@pushway/core/views/types.ts'
import type { Accounts } from '../ports/accounts.ts'
import type { Principal } from '../ports/principal.ts'
import type { RegistryRight } from '../ports/registry-index.ts'

/** What an action needs: nothing, being signed in, a role on the project, the right to create it, or administering the installation. */
type Need = 'nothing' | 'signed-in' | 'person' | Role | 'create' | 'installation'

const needs = {
  'session.sign-in': 'nothing',
  'api.describe': 'nothing',
  'session.own': 'signed-in',
  'token.create': 'person',
  'project.list': 'signed-in',
  'project.create': 'create',
  'project.read': 'read',
  'project.administer': 'admin',
  'repository.read': 'read',
  'repository.write': 'write',
  'run.read': 'read',
  'run.control': 'write',
  'environment.read': 'read',
  'environment.deploy': 'write',
  'deployment.read': 'read',
  'deployment.decide': 'write',
  'deployment.control': 'write',
  'secret.list': 'write',
  'secret.set': 'write',
  'variable.list': 'read',
  'variable.set': 'write',
  'image.read': 'read',
  'image.remove': 'write',
  'image.administer': 'admin',
  'image.collect': 'installation',
  'mirror.administer': 'installation',
  'id-token.administer': 'installation',
  'webhook.read': 'admin',
  'webhook.set': 'admin',
  'member.list': 'read',
  'member.set': 'admin',
  'user.manage': 'installation',
  'metrics.read': 'signed-in',
  'schedule.read': 'read',
  'pulls.read': 'read',
  'pulls.write': 'write',
  'issues.read': 'read',
  'issues.write': 'write',
  'contents.read': 'read',
  'contents.write': 'write',
  'statuses.read': 'read',
  'statuses.write': 'write',
  'checks.read': 'read',
  'checks.write': 'write',
  'deployments.read': 'read',
  'deployments.write': 'write',
  'actions.read': 'read',
  'actions.write': 'write',
} as const satisfies Record<string, Need>

/** What a run's own token needs of `permissions` for an action on its project: any of the scopes, at least the right. */
const scopes: Readonly<Partial<Record<keyof typeof needs, readonly [right: 'read' | 'write', ...scopes: TokenScope[]]>>> = {
  'repository.write': ['write', 'contents'],
  'contents.read': ['read', 'contents'],
  'contents.write': ['write', 'contents'],
  'pulls.read': ['read', 'pull-requests'],
  'pulls.write': ['write', 'pull-requests'],
  // A pull request is an issue, too: either right will do, as on GitHub.
  'issues.read': ['read', 'issues', 'pull-requests'],
  'issues.write': ['write', 'issues', 'pull-requests'],
  'statuses.read': ['read', 'statuses'],
  'statuses.write': ['write', 'statuses'],
  'checks.read': ['read', 'checks'],
  'checks.write': ['write', 'checks'],
  'deployments.read': ['read', 'deployments'],
  'deployments.write': ['write', 'deployments'],
  'actions.read': ['read', 'actions'],
  'actions.write': ['write', 'actions'],
}

type TokenScope = Exclude<keyof TokenPermissions, 'packages'>

export type Action = keyof typeof needs

const rank: Readonly<Record<Role, number>> = { read: 1, write: 2, admin: 3 }
const words: Readonly<Record<Role, string>> = { read: 'read', write: 'change', admin: 'administer' }

/** Who asks, and where his rights are written. */
export interface Asker {
  readonly accounts: Pick<Accounts, 'roleOf' | 'mayCreate'>
  readonly principal: Principal | undefined
}

/** What an action needs, for the documentation and the test of all routes. */
export function needOf(action: Action): Need {
  return needs[action]
}

/**
 * Lets the caller go on or throws.
 * A project the caller has no role on is answered exactly as one that does not exist.
 *
 * @throws PushwayError `sign-in-required`, `not-allowed`, `not-found`
 */
export function authorize({ accounts, principal }: Asker, action: Action, project?: ProjectName): Principal | undefined {
  const need = needOf(action)
  if (need === 'nothing') return principal
  if (!principal) throw fail('sign-in-required')
  switch (need) {
    case 'signed-in':
      return principal
    case 'person':
      if (principal.kind !== 'user' && principal.scope !== 'write') throw fail('not-allowed', { who: principal.name, what: 'do this with that token' })
      if (principal.kind === 'run' || principal.project !== undefined) throw fail('not-allowed', { who: principal.name, what: 'do this with that token' })
      return principal
    case 'installation':
      if (principal.admin !== true) throw fail('not-allowed', { who: principal.name, what: 'administer this installation' })
      return principal
    case 'create':
      if (project === undefined || !accounts.mayCreate(principal, project))
        throw fail('not-allowed', { who: principal.name, what: `create ${project ?? 'it'}` })
      return principal
    default:
      if (isPermitted(principal, action, project)) return principal
      if (action === 'repository.read' && principal.permissions?.contents === 'none')
        throw fail('not-allowed', { who: principal.name, what: `read ${project ?? 'it'} (permissions: contents)` })
      return requireRole(accounts.roleOf(principal, project ?? ''), principal, { need, project: project ?? '' })
  }
}

/** Without `permissions` of its own a token reads, as run/permissions has it. */
const unsaid = 'read'

/**
 * Whether the permissions of a run's token give it an action on its own project. Without the right it is refused, whatever its role;
 * for actions that `permissions` say nothing of, and other callers, roles decide.
 * @throws PushwayError `not-allowed`
 */
function isPermitted(principal: Principal, action: Action, project: ProjectName | undefined): boolean {
  const wanted = scopes[action]
  if (principal.kind !== 'run' || principal.project !== project || !wanted) return false
  const [right, ...names] = wanted
  const accesses = names.map((name) => (principal.permissions === undefined ? unsaid : principal.permissions[name]))
  if (accesses.some((access) => access === 'write' || access === right)) return true
  throw fail('not-allowed', { who: principal.name, what: `${words[right]} ${project ?? 'it'} (permissions: ${names.join(' or ')})` })
}

function requireRole(role: Role | undefined, principal: Principal, { need, project }: { need: Role; project: ProjectName }): Principal {
  if (role === undefined) throw fail('not-found', { what: 'project', name: project })
  if (rank[role] < rank[need]) throw fail('not-allowed', { who: principal.name, what: `${words[need]} ${project}` })
  return principal
}

/** Whether `authorize` would let the caller go on. */
export function may(asker: Asker, action: Action, project?: ProjectName): boolean {
  try {
    authorize(asker, action, project)
    return true
  } catch {
    return false
  }
}

/** Rights on an image repository: those on the project that its first two parts name (image names are in lower case). A run also pushes its own images. */
export function mayUseImages(
  accounts: Accounts,
  principal: Principal | undefined,
  wanted: {
    readonly repository: string
    readonly right: RegistryRight
    readonly projects: readonly ProjectName[]
    readonly isOpen?: (project: ProjectName) => boolean
    /** Whether images of that registry are kept here: they belong to no project. */
    readonly isMirror?: (host: string) => boolean
  },
): boolean {
  const [owner = '', name = ''] = wanted.repository.split('/')
  if (wanted.isMirror?.(owner)) return mayUseMirrored(principal, wanted.right)
  const project = wanted.projects.find((p) => p.toLowerCase() === `${owner}/${name}`)
  if (wanted.right === 'pull' && project !== undefined && wanted.isOpen?.(project)) return true
  if (!principal) return false
  const packages = principal.kind === 'run' ? (principal.permissions?.packages ?? 'write') : 'write'
  if (packages === 'none' || (packages === 'read' && wanted.right !== 'pull')) return false
  if (wanted.right === 'pull') return project ? may({ accounts, principal }, 'image.read', project) : ownsNamespace(principal, owner)
  if (principal.kind === 'run') return wanted.right === 'push' && (project ? principal.project === project : ownsNamespace(principal, owner))
  return project ? may({ accounts, principal }, 'repository.write', project) : ownsNamespace(principal, owner) && principal.scope !== 'read'
}

/** Images of other registries: everyone who has signed in may pull them, nobody changes them but administrators. */
function mayUseMirrored(principal: Principal | undefined, right: RegistryRight): boolean {
  if (right !== 'pull') return principal?.admin === true
  return principal !== undefined && (principal.kind !== 'run' || principal.permissions?.packages !== 'none')
}

/** Images below an owner that belong to no project: the owner's runs, the user of that name, administrators. */
function ownsNamespace(principal: Principal, owner: string): boolean {
  if (principal.admin === true) return true
  const own = principal.kind === 'run' ? principal.project?.split('/')[0] : principal.name
  return principal.project !== undefined && principal.kind !== 'run' ? false : own?.toLowerCase() === owner
}
