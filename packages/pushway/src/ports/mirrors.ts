// The Mirrors port: registries whose images can be pulled through the embedded one, and what was last heard of their tags.

import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { Secret } from '../util/secret.ts'

/** A registry that is asked for what the embedded one does not have. */
export interface Mirror {
  /** The name in references: `docker.io`, `ghcr.io`. Its images are kept in repositories `HOST/NAME`. */
  readonly host: string
  /** Where it is really asked: the registry itself, or a mirror of it. */
  readonly url: string
  readonly username?: string
  readonly secret?: Secret
  /** Whether the address may be one of a private network: an administrator has said so. */
  readonly privateNetwork: boolean
}

/** What a tag meant when its registry was last asked. */
export interface TagCheck {
  readonly checkedAt: EpochMs
  readonly usedAt: EpochMs
}

/** Durable when a call returns; credentials are sealed at rest. */
export interface Mirrors {
  /** In the order of their names. */
  list(): readonly Mirror[]
  find(host: string): Mirror | undefined
  /** Adds one, or takes the place of the one of that host. */
  set(mirror: Mirror): void
  /** Forgets one, and the tags that were kept for it; false when there was none. */
  remove(host: string): boolean
  check(repository: string, tag: string): TagCheck | undefined
  /** The registry was asked just now. */
  noteCheck(repository: string, tag: string, at: EpochMs): void
  noteUse(repository: string, tag: string, at: EpochMs): void
  /** Forgets tags that nobody has pulled since; gives how many. Their images go with garbage collection. */
  expire(unusedSince: EpochMs): number
}
