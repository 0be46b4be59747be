// What is said about an image and signed: a bill of materials, where it came from, and that it is the project's. Text only; signing is the shell's.

import type { ImageBuildInfo } from '../event/types.ts'
import type { CommitId, Digest, EpochMs, ProjectName, RunId } from '../text/ids.ts'
import { type InstalledPackage, packageUrl } from './packages.ts'

/** What an environment may demand of each image. */
export type Demand = 'signed' | 'provenance' | 'sbom'

/** The demands in the order in which they are spoken of. */
export const demands: readonly Demand[] = ['signed', 'provenance', 'sbom']

/** An image as statements name it: `name` with registry host, so that other programs find it. */
export interface EvidenceSubject {
  readonly name: string
  readonly digest: Digest
}

/** How an image came to be, as far as this installation saw it. */
export interface ImageOrigin {
  readonly project: ProjectName
  readonly pushedBy: string
  readonly pushedAt: EpochMs
  /** The run whose token pushed it. Absent: somebody pushed it by hand, and nothing is known of how it was made. */
  readonly run?: {
    readonly id: RunId
    readonly attempt: number
    readonly event: string
    readonly workflowFile: string
    readonly ref: string
    readonly commit: CommitId
    readonly startedAt: EpochMs
  }
  /** What the image says of its own making: context, Dockerfile, target, builder. */
  readonly build: Readonly<Record<string, string>>
  /** This installation's address. */
  readonly server: string
  readonly version: string
}

/** What a push asks for: evidence about what was pushed. */
export interface AttestImage {
  readonly kind: 'AttestImage'
  readonly repository: string
  readonly digest: Digest
  readonly by: string
  readonly run?: RunId
  readonly source?: ImageBuildInfo
}

/** The type of an in-toto statement: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export const statementType = 'https://in-toto.io/Statement/v1'

/** Predicate types of what we state. */
export const predicateTypes = { provenance: 'https://slsa.dev/provenance/v1', sbom: 'https://spdx.dev/Document' } as const

/** The types of the layers and artifacts in which evidence is kept, as cosign reads them. */
export const evidenceTypes = {
  signature: 'application/vnd.dev.cosign.artifact.sig.v1+json',
  attestation: 'application/vnd.dev.cosign.artifact.att.v1+json',
  simpleSigning: 'application/vnd.dev.cosign.simplesigning.v1+json',
  envelope: 'application/vnd.dsse.envelope.v1+json',
  sbom: 'application/spdx+json',
  payload: 'application/vnd.in-toto+json',
} as const

/** A JSON document. */
export type Document = Readonly<Record<string, unknown>>

/**
 * What is signed of an image, in Red Hat's simple signing format, as cosign signs it:
 * https://github.com/containers/image/blob/main/docs/containers-signature.5.md
 */
export function signaturePayload(subject: EvidenceSubject): Document {
  return {
    critical: { identity: { 'docker-reference': subject.name }, image: { 'docker-manifest-digest': subject.digest }, type: 'cosign container image signature' },
    optional: null,
  }
}

/** An in-toto statement about the image. */
export function statement(subject: EvidenceSubject, predicateType: string, predicate: Document): Document {
  return { _type: statementType, subject: [{ name: subject.name, digest: { sha256: subject.digest.slice('sha256:'.length) } }], predicateType, predicate }
}

/** Where an image came from, as SLSA provenance 1.0: https://slsa.dev/spec/v1.0/provenance. Undefined where no run made it. */
export function provenancePredicate(origin: ImageOrigin): Document | undefined {
  const { run, project, server, build } = origin
  if (!run) return undefined
  const repository = `${server}/${project}`
  return {
    buildDefinition: {
      buildType: 'https://pushway.dev/build-types/workflow/v1',
      externalParameters: { workflow: { ref: run.ref, repository, path: run.workflowFile }, ...(Object.keys(build).length > 0 ? { build } : {}) },
      internalParameters: { pushway: { event: run.event, project, pushed_by: origin.pushedBy } },
      resolvedDependencies: [{ uri: `git+${repository}@${run.ref}`, digest: { gitCommit: run.commit } }],
    },
    runDetails: {
      builder: { id: `${server}/builder`, version: { pushway: origin.version } },
      metadata: {
        invocationId: `${repository}/runs/${run.id}/attempts/${run.attempt}`,
        startedOn: new Date(run.startedAt).toISOString(),
        finishedOn: new Date(origin.pushedAt).toISOString(),
      },
    },
  }
}

/** A bill of materials as SPDX 2.3: https://spdx.github.io/spdx-spec/v2.3/. The same image pushed at the same time gives the same text. */
export function spdxDocument(subject: EvidenceSubject, packages: readonly InstalledPackage[], origin: Pick<ImageOrigin, 'pushedAt' | 'version'>): Document {
  const image = {
    SPDXID: 'SPDXRef-Image',
    name: subject.name,
    versionInfo: subject.digest,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', checksumValue: subject.digest.slice('sha256:'.length) }],
    externalRefs: [reference(`pkg:oci/${encodeURIComponent(subject.name.split('/').at(-1) ?? subject.name)}@${encodeURIComponent(subject.digest)}`)],
  }
  const parts = packages.map((one, index) => ({
    SPDXID: `SPDXRef-Package-${index + 1}`,
    name: one.name,
    versionInfo: one.version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseDeclared: 'NOASSERTION',
    ...(one.license ? { licenseComments: `Declared as ${one.license}.` } : {}),
    sourceInfo: `found in ${one.path}`,
    externalRefs: [reference(packageUrl(one))],
  }))
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${subject.name}@${subject.digest}`,
    documentNamespace: `https://pushway.dev/spdx/${subject.digest.slice('sha256:'.length)}`,
    creationInfo: { created: new Date(origin.pushedAt).toISOString().replace(/\.\d+Z$/, 'Z'), creators: [`Tool: pushway-${origin.version}`] },
    packages: [image, ...parts],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: image.SPDXID },
      ...parts.map(({ SPDXID }) => ({ spdxElementId: image.SPDXID, relationshipType: 'CONTAINS', relatedSpdxElement: SPDXID })),
    ],
  }
}

function reference(locator: string) {
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator }
}

/**
 * The bytes over which an envelope is signed: DSSE's pre-authentication encoding, in which lengths stand before texts so that nothing can be split
 * another way (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md).
 */
export function preAuthentication(payloadType: string, payload: Uint8Array, encode: (text: string) => Uint8Array): readonly Uint8Array[] {
  const type = encode(payloadType)
  return [encode(`DSSEv1 ${type.length} `), type, encode(` ${payload.length} `), payload]
}

/** What is proven of an image now: each part was read, fits the digest and is signed by a key of the project. */
export interface ImageEvidence {
  readonly repository: string
  readonly digest: Digest
  /** The key that signed it. */
  readonly signed?: { readonly key: string }
  readonly provenance?: { readonly key: string; readonly commit: CommitId; readonly workflow: string; readonly ref: string; readonly invocation: string }
  readonly sbom?: { readonly key: string; readonly packages: number }
  /** What was found and is not right: one sentence each. */
  readonly problems: readonly string[]
}

/** Which of the demands an image does not meet. */
export function lacking(wanted: readonly Demand[], evidence: ImageEvidence): readonly Demand[] {
  return demands.filter((demand) => wanted.includes(demand) && evidence[demand] === undefined)
}

const names: Readonly<Record<Demand, string>> = { signed: "a signature of the project's key", provenance: 'provenance', sbom: 'a bill of materials' }

/** The demands in words: `a signature of the project's key and provenance`. */
export function sayDemands(some: readonly Demand[]): string {
  const words = some.map((one) => names[one])
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
