// The Accounts port: users, their roles on projects, tokens, sign-in links and sessions.

import type { TokenPermissions } from '@pushway/core/run/types.ts'
import type { EpochMs, Milliseconds, ProjectName, RunId } from '@pushway/core/text/ids.ts'
import type { Role, UserView } from '@pushway/core/views/types.ts'
import type { Secret } from '../util/secret.ts'
import type { Principal } from './principal.ts'

/** A secret text that is shown once; only its hash is kept. */
export interface Issued {
  readonly token: string
  readonly expiresAt?: EpochMs
}

export interface MemberView {
  readonly user: string
  readonly role: Role
}

/** A user's token as it can be shown: never its text. */
export interface TokenView {
  /** Names it for revoking. */
  readonly id: string
  readonly label: string
  readonly scope: 'read' | 'write'
  readonly project?: ProjectName
  readonly createdAt: EpochMs
  readonly expiresAt?: EpochMs
}

export interface TokenRequest {
  readonly label: string
  readonly scope: 'read' | 'write'
  /** Absent: it does not expire. */
  readonly ttlMs?: Milliseconds
  /** Bound to one project; absent: all of the user's. */
  readonly project?: ProjectName
}

/**
 * Keeps accounts.
 *
 * - Passwords are kept as scrypt hashes; tokens, links and sessions as sha256 of 256 random bits.
 * - Nobody can make an account for himself: only `bootstrap` (once, on an empty store) and `createUser` do.
 * - Failed sign-ins are counted per name and address; too many give `too-many-tries` for a while, right password or not.
 */
export interface Accounts {
  /** Makes the user `admin` when there is no user at all: with the password, or with a one-time sign-in token. Otherwise nothing. */
  bootstrap(password: Secret | undefined): Promise<{ readonly created: boolean; readonly signIn?: Issued }>
  /** @throws PushwayError `already-exists`, `name-invalid` */
  createUser(name: string, options?: { readonly admin?: boolean; readonly password?: Secret }): Promise<UserView>
  users(): readonly UserView[]
  user(name: string): UserView | undefined
  setPassword(name: string, password: Secret): Promise<void>
  /** Ends the user's sessions and tokens too. */
  disableUser(name: string): void

  /** A sign-in token that works once, for an hour unless told otherwise. */
  createSignInLink(user: string, ttlMs?: Milliseconds): Issued
  /** @throws PushwayError `sign-in-wrong`, `too-many-tries` */
  signInWithPassword(name: string, password: Secret, address: string): Promise<Principal>
  /** Uses the link up. @throws PushwayError `sign-in-wrong`, `too-many-tries` */
  signInWithLink(token: string, address: string): Principal
  createSession(user: string): Issued
  session(token: string): Principal | undefined
  endSession(token: string): void

  createToken(user: string, request: TokenRequest): Issued
  userTokens(user: string): readonly TokenView[]
  /** @throws PushwayError `not-found` */
  revokeToken(user: string, id: string): void
  /** The caller a user's or run's token stands for; undefined when it is unknown, revoked or expired. */
  token(token: string): Principal | undefined
  /** The `GITHUB_TOKEN` of a run: reads its own project and pushes its images, unless `permissions` says otherwise. */
  createRunToken(run: RunId, project: ProjectName, options?: { readonly ttlMs?: Milliseconds; readonly permissions?: TokenPermissions }): Issued
  /** All tokens of the run stop working. */
  revokeRunTokens(run: RunId): void

  /** Role undefined takes the membership away. @throws PushwayError `not-found` for an unknown user */
  setMember(project: ProjectName, user: string, role: Role | undefined): void
  members(project: ProjectName): readonly MemberView[]
  /** The caller's role on a project; undefined: it must not even know that it exists. A token that only reads has at most `read`. */
  roleOf(principal: Principal, project: ProjectName): Role | undefined
  /** Whether the caller may make this project: administrators any, users those below their own name. */
  mayCreate(principal: Principal, project: ProjectName): boolean
}
