// The RegistryIndex port: which manifests and blobs a repository has, and what its tags mean.

import type { Digest } from '@pushway/core/text/ids.ts'

/** A manifest of a repository; its bytes are in the blob store under `digest`. */
export interface ManifestRow {
  readonly digest: Digest
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  /** The manifest that this one says something about (OCI `subject`): a signature, an SBOM. */
  readonly subject?: Digest
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
  /** All manifests of a repository, in the order of their first push. */
  manifests(repository: string): readonly ManifestRow[]
  /** What the tag means now. */
  tag(repository: string, tag: string): Digest | undefined
  /** Tags in lexical order, after `after`, at most `limit`. */
  tags(repository: string, options: { readonly after?: string; readonly limit: number }): readonly string[]
  /** The manifests whose subject is `digest`. */
  referrers(repository: string, digest: Digest): readonly ManifestRow[]
  addBlob(repository: string, digest: Digest): void
  hasBlob(repository: string, digest: Digest): boolean
  /** Names of all repositories that have a manifest, in lexical order. */
  repositories(): readonly string[]
}

/** Who may do what in the registry. A run's token may push to its own project only: that rule is the implementation's. */
export type RegistryRight = 'pull' | 'push' | 'delete'
