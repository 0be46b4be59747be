// The real clock and the real source of names.

import { randomBytes } from 'node:crypto'
import type { Clock, Ids } from '../ports/misc.ts'

export const systemClock: Clock = { now: () => Date.now() }

const digits = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Ids of 16 characters: 9 of time in ms, 7 random (35 bits); base 32 without i, l, o, u (Crockford's alphabet).
 * They sort by time and are safe in paths, URLs and DNS names.
 */
export function createIds(clock: Clock = systemClock): Ids {
  return {
    next() {
      let time = clock.now()
      let text = ''
      for (let i = 0; i < 9; i++) {
        text = digits[time % 32] + text
        time = Math.floor(time / 32)
      }
      for (const byte of randomBytes(7)) text += digits[byte % 32]
      return text
    },
    secret: (bytes) => randomBytes(bytes).toString('base64url'),
  }
}
