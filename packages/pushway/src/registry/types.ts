// What the registry is made of, and what it asks of its surroundings.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ImageBuildInfo } from '@pushway/core/event/types.ts'
import type { Digest, Milliseconds } from '@pushway/core/text/ids.ts'
import type { BlobStore } from '../ports/blobs.ts'
import type { Principal } from '../ports/principal.ts'
import type { RegistryIndex, RegistryRight } from '../ports/registry-index.ts'
import type { Documents } from './documents.ts'
import type { MirrorService } from './mirror/index.ts'

/** Who a request is from, and what they may do. A run's token pushes to its own project only: that is decided here. */
export interface RegistryAccess {
  /** Reads `Authorization` (Basic user:token, or Bearer token). Undefined: nobody, or a credential that is not valid. */
  authenticate(req: IncomingMessage): Promise<Principal | undefined>
  allowed(principal: Principal | undefined, repository: string, right: RegistryRight): boolean
}

/** A manifest that was accepted. */
export interface RegistryPush {
  readonly repository: string
  readonly tag?: string
  readonly digest: Digest
  readonly source?: ImageBuildInfo
  readonly principal: Principal
}

export interface RegistryOptions {
  readonly blobs: BlobStore
  readonly index: RegistryIndex
  readonly access: RegistryAccess
  /** Called after the manifest is safe and before the client hears of it. */
  readonly onPush: (push: RegistryPush) => void
  /** Throws a PushwayError when the manifest must stay; absent: nothing must. */
  readonly refuseInUse?: (repository: string, digest: Digest) => void
  /** The largest blob, bytes; 100 GB when absent. */
  readonly blobLimit?: number
  /** How long a client may be silent in the middle of something; two minutes when absent. */
  readonly stallMs?: Milliseconds
  readonly meter?: RegistryMeter
  /** Looks in other registries for what is not here; absent: nowhere. */
  readonly mirror?: MirrorService
}

/** Counts what the registry does. */
export interface RegistryMeter {
  /** A manifest was accepted. */
  push(): void
  /** A manifest was given out. */
  pull(): void
  /** Bytes of blobs that came in and went out. */
  received(bytes: number): void
  sent(bytes: number): void
  /** A mount was asked for: whether the blob was there, so that nothing had to be sent. */
  mount(hit: boolean): void
}

/** One request on its way through. */
export interface Exchange extends RegistryOptions {
  /** Manifests by digest, the newest of them in memory. */
  readonly documents: Documents
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly url: URL
  readonly principal: Principal | undefined
}
