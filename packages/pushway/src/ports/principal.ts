// Who asks: the one shape that authentication gives and authorisation reads.

import type { TokenPermissions } from '@pushway/core/run/types.ts'
import type { ProjectName, RunId } from '@pushway/core/text/ids.ts'

/**
 * An authenticated caller.
 * `user`: signed in by password or session. `token`: a user's token, `scope` limits it. `run`: a run's own token, bound to one project.
 */
export interface Principal {
  /** The user's name; for a run the name that its actions are recorded under. */
  readonly name: string
  readonly kind: 'user' | 'token' | 'run'
  /** Administers the installation. Never for runs, nor for tokens that only read. */
  readonly admin?: boolean
  readonly run?: RunId
  /** The only project this caller can reach; absent: all that the user may. */
  readonly project?: ProjectName
  /** Absent: `write`. */
  readonly scope?: 'read' | 'write'
  /** What a run's token may do with repository and images. Absent: read the one, push the others. */
  readonly permissions?: TokenPermissions
}
