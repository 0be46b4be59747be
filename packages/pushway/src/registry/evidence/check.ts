// What is proven of an image: everything about it is read, and believed only where a key of its project signed it for this very digest.

import { evidenceTypes, type ImageEvidence, predicateTypes } from '@pushway/core/images/evidence.ts'
import type { Digest } from '@pushway/core/text/ids.ts'
import type { Mutable } from '@pushway/core/text/mutable.ts'
import { z } from 'zod'
import type { PublicKey } from '../../ports/evidence.ts'
import { type ArtifactStore, readArtifacts, type StoredArtifact } from './artifacts.ts'
import { openStatement, type Statement, signedBy, signedDigest } from './envelope.ts'

const signatureAnnotation = 'dev.cosignproject.cosign/signature'

/** Evidence with the signed bill of materials itself. */
export interface Checked {
  readonly evidence: ImageEvidence
  readonly sbom?: Uint8Array
}

const provenance = z.object({
  buildDefinition: z.object({
    externalParameters: z.object({ workflow: z.object({ ref: z.string(), path: z.string() }) }),
    resolvedDependencies: z.array(z.object({ digest: z.object({ gitCommit: z.string().optional() }).optional() })),
  }),
  runDetails: z.object({ metadata: z.object({ invocationId: z.string() }) }),
})

const spdx = z.object({ packages: z.array(z.unknown()) })

/** The evidence of `digest` by `keys`. Of several statements of one kind the newest counts. */
export async function checkEvidence(store: ArtifactStore, image: { repository: string; digest: Digest; keys: readonly PublicKey[] }): Promise<Checked> {
  const { repository, digest, keys } = image
  const evidence: Mutable<ImageEvidence> & { problems: string[] } = { repository, digest, problems: [] }
  let sbom: Uint8Array | undefined
  for (const artifact of await readArtifacts(store, repository, digest)) {
    if (artifact.type === evidenceTypes.signature) checkSignatures(artifact, { digest, keys, evidence })
    if (artifact.type !== evidenceTypes.attestation) continue
    for (const { bytes } of artifact.layers) {
      const opened = openStatement(bytes, keys)
      const problem = typeof opened === 'string' ? opened : speaksOf(opened.statement, digest) ? undefined : 'it speaks of another image'
      if (problem !== undefined || typeof opened === 'string') evidence.problems.push(`Attestation ${artifact.digest}: ${problem}.`)
      else sbom = takeStatement(evidence, opened) ?? sbom
    }
  }
  return { evidence, ...(sbom ? { sbom } : {}) }
}

function checkSignatures(
  artifact: StoredArtifact,
  { digest, keys, evidence }: { digest: Digest; keys: readonly PublicKey[]; evidence: Mutable<ImageEvidence> & { problems: string[] } },
): void {
  for (const { bytes, annotations } of artifact.layers) {
    const key = signedBy(bytes, annotations?.[signatureAnnotation] ?? '', keys)
    if (!key) evidence.problems.push(`Signature ${artifact.digest}: no key of the project made it.`)
    else if (signedDigest(bytes) !== digest) evidence.problems.push(`Signature ${artifact.digest}: it speaks of another image.`)
    else evidence.signed ??= { key: key.id }
  }
}

function speaksOf({ subject }: Statement, digest: Digest): boolean {
  return subject.some((one) => `sha256:${one.digest.sha256}` === digest)
}

/** Takes a statement that holds; gives the bill of materials when it is the newest one. */
function takeStatement(
  evidence: Mutable<ImageEvidence>,
  { statement, key }: { readonly statement: Statement; readonly key: PublicKey },
): Uint8Array | undefined {
  if (statement.predicateType === predicateTypes.provenance && !evidence.provenance) {
    const parsed = provenance.safeParse(statement.predicate)
    if (!parsed.success) return undefined
    const { buildDefinition, runDetails } = parsed.data
    const { ref, path } = buildDefinition.externalParameters.workflow
    const commit = buildDefinition.resolvedDependencies[0]?.digest?.gitCommit ?? ''
    evidence.provenance = { key: key.id, commit, workflow: path, ref, invocation: runDetails.metadata.invocationId }
  }
  if (statement.predicateType !== predicateTypes.sbom || evidence.sbom) return undefined
  const parsed = spdx.safeParse(statement.predicate)
  if (!parsed.success) return undefined
  // The first package of the list is the image itself.
  evidence.sbom = { key: key.id, packages: Math.max(0, parsed.data.packages.length - 1) }
  return Buffer.from(JSON.stringify(statement.predicate, null, 2))
}
