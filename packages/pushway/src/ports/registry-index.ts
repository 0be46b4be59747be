// The RegistryIndex port: which manifests and blobs a repository has, and what its tags mean.

import type { BlobLink, ManifestParts, TagNode } from '@pushway/core/images/types.ts'
import type { Digest, EpochMs } from '@pushway/core/text/ids.ts'

/** A manifest of a repository; its bytes are in the blob store under `digest`. */
export interface ManifestRow {
  readonly digest: Digest
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  /** The manifest that this one says something about (OCI `subject`): a signature, an SBOM. */
  readonly subject?: Digest
}

/** A manifest with where it is and when a client last pushed it or counted on it. */
export interface StoredManifest extends ManifestRow {
  readonly repository: string
  readonly seenAt: EpochMs
}

/**
 * The registry's index.
 *
 * - Every call is one transaction, on disk when it returns; calls may be repeated.
 * - Moving a tag never removes the manifest it meant before: digests stay readable.
 * - It knows names only. Whether the bytes are there is the blob store's to say.
 */
export interface RegistryIndex {
  /** Records a manifest and, with `tag`, lets the tag mean it. */
  putManifest(repository: string, manifest: ManifestRow, tag?: string): void
  manifest(repository: string, digest: Digest): ManifestRow | undefined
  /** Whether the repository has a manifest. */
  hasRepository(repository: string): boolean
  /** All manifests of a repository, in the order of their first push. */
  manifests(repository: string): readonly ManifestRow[]
  /** What the tag means now. */
  tag(repository: string, tag: string): Digest | undefined
  /** Tags in lexical order, after `after`, at most `limit`. */
  tags(repository: string, options: { readonly after?: string; readonly limit: number }): readonly string[]
  /** The manifests whose subject is `digest`. */
  referrers(repository: string, digest: Digest): readonly ManifestRow[]
  /** Lets the repository read the blob; said again, it is young again. */
  addBlob(repository: string, digest: Digest): void
  hasBlob(repository: string, digest: Digest): boolean
  /** What a push counts on becomes young again, if it is there. */
  touchManifest(repository: string, digest: Digest): void
  touchBlob(repository: string, digest: Digest): void
  /** Forgets a tag; false when there was none. */
  removeTag(repository: string, tag: string): boolean
  /**
   * Forgets a manifest and every tag that means it; false when it is not there.
   * With `unseenSince`: only one that no client has counted on after that time and that no tag means.
   */
  removeManifest(repository: string, digest: Digest, options?: { readonly unseenSince: EpochMs }): boolean
  /** Takes the right to read a blob from a repository; false when it has none. With `unseenSince` as above. */
  removeBlob(repository: string, digest: Digest, options?: { readonly unseenSince: EpochMs }): boolean
  /** Whether a client has counted on the blob, anywhere, after that time. */
  blobSeenSince(digest: Digest, at: EpochMs): boolean
  /** What a manifest's bytes point to, as `setParts` was told. */
  parts(digest: Digest): ManifestParts | undefined
  setParts(digest: Digest, parts: ManifestParts): void
  allManifests(): readonly StoredManifest[]
  allTags(): readonly TagNode[]
  allBlobLinks(): readonly BlobLink[]
  /** Names of all repositories that have a manifest, in lexical order; at most `limit` after `after` where that is given. */
  repositories(page?: { readonly after?: string; readonly limit: number }): readonly string[]
}

/** Who may do what in the registry. A run's token may push to its own project only: that rule is the implementation's. */
export type RegistryRight = 'pull' | 'push' | 'delete'
