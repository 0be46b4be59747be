// What HTTP is made of: everything it reaches, handed in by the composition root.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Repositories } from '../git/repositories.ts'
import type { GitAccess } from '../git/server.ts'
import type { Accounts } from '../ports/accounts.ts'
import type { Documents } from '../ports/documents.ts'
import type { SigningKeys } from '../ports/evidence.ts'
import type { ImagePolicies, Images } from '../ports/images.ts'
import type { Mirrors } from '../ports/mirrors.ts'
import type { Clock } from '../ports/misc.ts'
import type { Artifacts } from '../ports/results.ts'
import type { Commands, Queries } from '../ports/service.ts'
import type { WebhookStore } from '../ports/webhooks.ts'
import type { ProgramLog } from '../ports/world.ts'

import type { TrafficTotals } from './metrics.ts'

export type RawHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

export interface Services {
  readonly accounts: Accounts
  readonly commands: Commands
  readonly queries: Queries
  readonly repositories: Repositories
  readonly webhooks: WebhookStore
  readonly images: Images
  readonly imagePolicies: ImagePolicies
  readonly mirrors: Mirrors
  readonly artifacts: Artifacts
  readonly documents: Documents
  /** Replaces the key that identity tokens of jobs are signed with. */
  readonly rotateIdTokenKey: () => Promise<void>
  readonly signingKeys: SigningKeys
  readonly clock: Clock
  readonly log: ProgramLog
  readonly version: string
  /** `http://127.0.0.1:PORT` or the address people use; without a slash at the end. Asked each time: the port may be chosen late. */
  readonly publicUrl: () => string
}

export interface HttpOptions extends Services {
  /** What the proxy counted, for `/metrics`; undefined when it does not answer. */
  readonly traffic?: () => Promise<TrafficTotals | undefined>
  /** What the registry counted, as lines of `/metrics`. */
  readonly registryMetrics?: () => Promise<readonly string[]>
  /** The handler of `/v2/`. */
  readonly registry: RawHandler
  /** What actions of jobs call: artifacts, caches, identity tokens. */
  readonly results: RawHandler
  /** The built UI; absent: none is served. */
  readonly webDir?: string
  /** How long a push shows what it started, when it is not asked to wait; 3 s unless told. */
  readonly pushProgressMs?: number
}

export type { GitAccess }
