// The Evidence port over the registry: bills of materials, provenance and signatures as referrers.

import {
  type EvidenceSubject,
  evidenceTypes,
  type ImageOrigin,
  predicateTypes,
  provenancePredicate,
  signaturePayload,
  spdxDocument,
  statement,
} from '@pushway/core/images/evidence.ts'
import type { ScanFindings } from '@pushway/core/images/scan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import { isImageIndex, mediaTypes } from '../../oci/media-types.ts'
import { readChecked } from '../../oci/read.ts'
import { checkImageManifest, type ImageManifest } from '../../oci/schema.ts'
import type { Attested, Evidence, Scanner, SigningKeys } from '../../ports/evidence.ts'
import type { ManifestRow } from '../../ports/registry-index.ts'
import { type ArtifactLayer, type ArtifactStore, storeArtifact } from './artifacts.ts'
import { checkEvidence } from './check.ts'
import { type Signer, sealStatement, signBytes } from './envelope.ts'
import { scanPackages } from './scan.ts'

export interface EvidenceParts extends ArtifactStore {
  readonly keys: SigningKeys
  readonly scanner?: Scanner
  /** Told why a scan failed: the image is no worse for it. */
  readonly onScanProblem?: (problem: string) => void
}

const imageConfigs: readonly string[] = [mediaTypes.config, 'application/vnd.docker.container.image.v1+json']

/** Evidence about the images of one registry. */
export function createEvidence(parts: EvidenceParts): Evidence {
  const { keys } = parts
  return {
    attest: (repository, digest, origin) => attest(parts, { repository, digest, origin }),
    check: async (project, repository, digest) => (await checkEvidence(parts, { repository, digest, keys: keys.all(project) })).evidence,
    sbom: async (project, repository, digest) => (await checkEvidence(parts, { repository, digest, keys: keys.all(project) })).sbom,
  }
}

interface Work {
  readonly repository: string
  readonly digest: Digest
  readonly origin: ImageOrigin
}

async function attest(parts: EvidenceParts, work: Work): Promise<Attested | undefined> {
  const { repository, digest, origin } = work
  const row = parts.index.manifest(repository, digest)
  if (!row) throw fail('image-missing', { image: `${repository}@${digest}` })
  const manifest = isImageIndex(row.mediaType) ? undefined : await readChecked(parts.blobs, digest, checkImageManifest)
  if (row.subject !== undefined || (manifest && !isImage(manifest))) return undefined
  const signer = parts.keys.current(origin.project)
  const { evidence } = await checkEvidence(parts, { repository, digest, keys: parts.keys.all(origin.project) })
  const subject: EvidenceSubject = { name: `${new URL(origin.server).host}/${repository}`, digest }
  if (!evidence.signed) await storeArtifact(parts, repository, { subject: row, type: evidenceTypes.signature, layers: [signatureLayer(subject, signer)] })
  const predicate = provenancePredicate(origin)
  const wanted = { provenance: predicate !== undefined && !evidence.provenance, sbom: manifest !== undefined && !evidence.sbom }
  const packages = wanted.sbom && manifest ? await scanPackages(parts.blobs, manifest) : undefined
  const bill = packages && spdxDocument(subject, packages, origin)
  const layers = [
    ...(wanted.provenance && predicate ? [attestationLayer(subject, signer, { type: predicateTypes.provenance, predicate })] : []),
    ...(bill ? [attestationLayer(subject, signer, { type: predicateTypes.sbom, predicate: bill })] : []),
  ]
  if (layers.length > 0) await storeArtifact(parts, repository, { subject: row, type: evidenceTypes.attestation, layers })
  if (bill) await storeBill(parts, repository, { row, bill })
  const count = packages?.length ?? evidence.sbom?.packages
  const findings = bill && (await scanBill(parts, bill))
  return {
    ...(findings ? { findings } : {}),
    key: evidence.signed?.key ?? signer.id,
    provenance: predicate !== undefined,
    ...(count === undefined ? {} : { packages: count }),
  }
}

async function scanBill({ scanner, onScanProblem }: EvidenceParts, bill: Readonly<Record<string, unknown>>): Promise<ScanFindings | undefined> {
  try {
    return await scanner?.scan(Buffer.from(JSON.stringify(bill)))
  } catch (error) {
    onScanProblem?.(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

function isImage(manifest: ImageManifest): boolean {
  return manifest.artifactType === undefined && imageConfigs.includes(manifest.config.mediaType)
}

function signatureLayer(subject: EvidenceSubject, signer: Signer): ArtifactLayer {
  const bytes = Buffer.from(JSON.stringify(signaturePayload(subject)))
  return { mediaType: evidenceTypes.simpleSigning, bytes, annotations: { 'dev.cosignproject.cosign/signature': signBytes(bytes, signer) } }
}

function attestationLayer(subject: EvidenceSubject, signer: Signer, { type, predicate }: { type: string; predicate: Record<string, unknown> }): ArtifactLayer {
  const bytes = sealStatement(statement(subject, type, predicate), signer)
  return { mediaType: evidenceTypes.envelope, bytes, annotations: { 'dev.cosignproject.cosign/signature': '', predicateType: type } }
}

/** The bill by itself too, for programs that look for one and not for attestations. */
function storeBill(parts: EvidenceParts, repository: string, { row, bill }: { row: ManifestRow; bill: Readonly<Record<string, unknown>> }): Promise<Digest> {
  const layer = { mediaType: evidenceTypes.sbom, bytes: Buffer.from(JSON.stringify(bill)) }
  return storeArtifact(parts, repository, { subject: row, type: evidenceTypes.sbom, layers: [layer] })
}
