// Random text that nobody can guess.

import { closeSync, existsSync, openSync, readSync } from 'node:fs'

const device = '/dev/urandom'

/** So many bytes as hex digits: from the system's device, because loading node:crypto takes a short run longer than most of its parts. */
export function randomHex(bytes: number): string {
  if (!existsSync(device)) return process.getBuiltinModule('node:crypto').randomBytes(bytes).toString('hex')
  const buffer = Buffer.alloc(bytes)
  const fd = openSync(device, 'r')
  try {
    if (readSync(fd, buffer) !== bytes) throw new Error(`${device} gave less than it was asked for`)
  } finally {
    closeSync(fd)
  }
  return buffer.toString('hex')
}
