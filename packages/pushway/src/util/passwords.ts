// Password hashes: scrypt with its parameters beside it, computed off the main thread.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Secret } from './secret.ts'

const derive = promisify<Buffer | string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)
const N = 2 ** 15
const KEY_BYTES = 32

/** `scrypt$N$r$p$salt$key`, salt and key as base64url. */
export async function hashPassword(password: Secret): Promise<string> {
  const salt = randomBytes(16)
  const key = await stretch(password, salt, { n: N, r: 8, p: 1 })
  return `scrypt$${N}$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** Whether the password is the hash's. Without a hash it takes as long and is false: the time tells nobody which users there are. */
export async function checkPassword(password: Secret, hash: string | null): Promise<boolean> {
  const [scheme, n, r, p, salt, key] = (hash ?? '').split('$')
  if (scheme !== 'scrypt' || !salt || !key) {
    await stretch(password, Buffer.alloc(16), { n: N, r: 8, p: 1 })
    return false
  }
  const wanted = Buffer.from(key, 'base64url')
  const given = await stretch(password, Buffer.from(salt, 'base64url'), { n: Number(n), r: Number(r), p: Number(p) })
  return wanted.length === given.length && timingSafeEqual(wanted, given)
}

function stretch(password: Secret, salt: Buffer, { n, r, p }: { n: number; r: number; p: number }): Promise<Buffer> {
  return derive(password.reveal().normalize('NFKC'), salt, KEY_BYTES, { N: n, r, p, maxmem: 256 * n * r })
}
