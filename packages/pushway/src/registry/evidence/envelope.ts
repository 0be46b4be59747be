// Signed envelopes: DSSE around in-toto statements, and cosign's plain signatures. ECDSA on P-256 over SHA-256, in DER, as cosign has it.

import { sign, verify } from 'node:crypto'
import { type Document, evidenceTypes, preAuthentication, statementType } from '@pushway/core/images/evidence.ts'
import { z } from 'zod'
import type { PublicKey } from '../../ports/evidence.ts'
import type { Secret } from '../../util/secret.ts'

/** What signs. */
export interface Signer {
  readonly id: string
  readonly private: Secret
}

const encode = (text: string) => new TextEncoder().encode(text)

/** The signature of bytes, in base64. */
export function signBytes(bytes: Uint8Array, signer: Signer): string {
  return sign('sha256', bytes, signer.private.reveal()).toString('base64')
}

/** The key that made the signature; undefined when none of them did. */
export function signedBy(bytes: Uint8Array, signature: string, keys: readonly PublicKey[]): PublicKey | undefined {
  return keys.find(({ pem }) => {
    try {
      return verify('sha256', bytes, pem, Buffer.from(signature, 'base64'))
    } catch {
      return false
    }
  })
}

/** A statement in a signed DSSE envelope, as JSON. */
export function sealStatement(statement: Document, signer: Signer): Buffer {
  const payload = Buffer.from(JSON.stringify(statement))
  const sig = signBytes(Buffer.concat(preAuthentication(evidenceTypes.payload, payload, encode)), signer)
  return Buffer.from(JSON.stringify({ payloadType: evidenceTypes.payload, payload: payload.toString('base64'), signatures: [{ keyid: signer.id, sig }] }))
}

const envelope = z.object({ payloadType: z.string(), payload: z.base64(), signatures: z.array(z.object({ sig: z.string() })) })

const inToto = z.object({
  _type: z.literal(statementType),
  subject: z.array(z.object({ name: z.string(), digest: z.record(z.string(), z.string()) })),
  predicateType: z.string(),
  predicate: z.record(z.string(), z.unknown()),
})
export type Statement = z.infer<typeof inToto>

/** What an envelope holds, when one of `keys` signed it; else one sentence of what is wrong. */
export function openStatement(bytes: Uint8Array, keys: readonly PublicKey[]): { readonly statement: Statement; readonly key: PublicKey } | string {
  const parsed = envelope.safeParse(readJson(bytes))
  if (!parsed.success) return 'it is no DSSE envelope'
  const { payloadType, payload, signatures } = parsed.data
  const text = Buffer.from(payload, 'base64')
  const signed = Buffer.concat(preAuthentication(payloadType, text, encode))
  const key = signatures.map(({ sig }) => signedBy(signed, sig, keys)).find((found) => found !== undefined)
  if (!key) return 'no key of the project signed it'
  const statement = inToto.safeParse(readJson(text))
  return statement.success ? { statement: statement.data, key } : 'it holds no in-toto statement'
}

const simpleSigning = z.object({ critical: z.object({ image: z.object({ 'docker-manifest-digest': z.string() }) }) })

/** The digest that a plain signature's payload speaks of; undefined when it is none. */
export function signedDigest(payload: Uint8Array): string | undefined {
  const parsed = simpleSigning.safeParse(readJson(payload))
  return parsed.success ? parsed.data.critical.image['docker-manifest-digest'] : undefined
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return undefined
  }
}
