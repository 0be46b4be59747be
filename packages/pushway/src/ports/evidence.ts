// The Evidence port: what is said about images and signed, and the keys of projects that sign it.

import type { ImageEvidence, ImageOrigin } from '@pushway/core/images/evidence.ts'
import type { ScanFindings } from '@pushway/core/images/scan.ts'
import type { Digest, EpochMs, ProjectName } from '@pushway/core/text/ids.ts'
import type { Secret } from '../util/secret.ts'

/** A project's key: ECDSA on P-256, as cosign uses it. */
export interface PublicKey {
  /** The SHA-256 of its DER form, in hexadecimal. */
  readonly id: string
  readonly pem: string
  readonly createdAt: EpochMs
  /** Whether new signatures are made with it. */
  readonly current: boolean
}

/** Keys of projects; durable when a call returns. Old keys go on to prove what they signed. */
export interface SigningKeys {
  /** The key that signs now; made when there is none. The private part is PEM (PKCS 8), sealed at rest. */
  current(project: ProjectName): PublicKey & { readonly private: Secret }
  /** Every key the project has had, newest first. */
  all(project: ProjectName): readonly PublicKey[]
  /** Makes a new key that signs from now on. */
  rotate(project: ProjectName): PublicKey
}

/** Looks for known vulnerabilities in what a bill of materials (SPDX JSON) names. @throws PushwayError `program-missing`, `command-failed` */
export interface Scanner {
  scan(bill: Uint8Array): Promise<ScanFindings>
}

/** What was stored about one image. */
export interface Attested {
  /** The key it was signed with. */
  readonly key: string
  /** Packages that were found installed; absent for what has no files of its own (an index). */
  readonly packages?: number
  readonly provenance: boolean
  /** What a scanner said, where one is configured. */
  readonly findings?: ScanFindings
}

/**
 * Evidence about images, stored as OCI referrers of what it is about, in cosign's formats.
 *
 * - `attest` stores what is missing and may be repeated, also after a crash in the middle: what is there and right stays.
 * - `check` believes nothing: every envelope is read, fitted to the digest and verified against the project's keys.
 */
export interface Evidence {
  /** Undefined: the manifest is no image (a signature, a bill of materials, another artifact). @throws PushwayError `image-missing`, `image-invalid` */
  attest(repository: string, digest: Digest, origin: ImageOrigin): Promise<Attested | undefined>
  check(project: ProjectName, repository: string, digest: Digest): Promise<ImageEvidence>
  /** The bill of materials, SPDX JSON, as it was signed; undefined when there is none that holds. */
  sbom(project: ProjectName, repository: string, digest: Digest): Promise<Uint8Array | undefined>
}
