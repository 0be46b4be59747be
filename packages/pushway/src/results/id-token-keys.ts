// The keys that identity tokens are signed with: made when first needed, kept sealed, replaced now and then; old ones stay published for a while.

import { randomBytes } from 'node:crypto'
import type { EpochMs } from '@pushway/core/text/ids.ts'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { z } from 'zod'
import type { SealedValues } from '../ports/results.ts'
import { Secret } from '../util/secret.ts'

const name = 'id-token.keys'
const day = 24 * 60 * 60_000
const rotateAfterMs = 90 * day
/** Longer than any token lives, and than verifiers keep a list of keys. */
const publishedAfterMs = 2 * day

const shape = z.array(z.object({ kid: z.string(), createdAt: z.number(), retiredAt: z.number().optional(), jwk: z.looseObject({ kty: z.literal('RSA') }) }))
type StoredKey = z.infer<typeof shape>[number]

export interface IdTokenKeys {
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>
  /** The public halves, the present one first: a JSON Web Key Set. */
  published(): Promise<{ readonly keys: readonly JWK[] }>
  /** Signs with a new key from now on; the old one stays valid for what it has signed. */
  rotate(): Promise<void>
}

export function createIdTokenKeys(values: SealedValues, now: () => EpochMs): IdTokenKeys {
  let making: Promise<readonly StoredKey[]> | undefined
  const read = (): readonly StoredKey[] => {
    const text = values.read(name)?.reveal()
    return text === undefined ? [] : shape.parse(JSON.parse(text))
  }
  const make = async (): Promise<readonly StoredKey[]> => {
    const made = await newKey(now())
    const kept = read().map((key) => ({ ...key, retiredAt: key.retiredAt ?? now() }))
    const keys = [made, ...kept.filter((key) => key.retiredAt > now() - publishedAfterMs)]
    values.write(name, new Secret(JSON.stringify(keys)))
    return keys
  }
  // One at a time: two new keys at once would hide each other.
  const rotate = (): Promise<readonly StoredKey[]> => {
    making ??= make().finally(() => {
      making = undefined
    })
    return making
  }
  const current = async (): Promise<readonly StoredKey[]> => {
    const keys = read()
    const newest = keys[0]
    return newest === undefined || newest.createdAt < now() - rotateAfterMs ? rotate() : keys
  }
  return {
    async sign(claims) {
      const [key] = await current()
      if (!key) throw new Error('There is no key for identity tokens.')
      return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid }).sign(await importJWK(key.jwk as JWK, 'RS256'))
    },
    published: async () => ({ keys: (await current()).map(publicHalf) }),
    rotate: async () => void (await rotate()),
  }
}

async function newKey(createdAt: EpochMs): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true })
  return { kid: randomBytes(12).toString('hex'), createdAt, jwk: (await exportJWK(privateKey)) as StoredKey['jwk'] }
}

function publicHalf({ kid, jwk }: StoredKey): JWK {
  const { n, e } = jwk as JWK
  return { kty: 'RSA', alg: 'RS256', use: 'sig', kid, n: n as string, e: e as string }
}
