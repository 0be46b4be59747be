// Files that survive a crash: written beside, synced, renamed.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces `file` whole: a reader or a crash sees the old bytes or the new ones, never a part. */
export function writeFileAtomic(file: string, bytes: string | Uint8Array, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true })
  const beside = `${file}.${process.pid}.tmp`
  const fd = openSync(beside, 'w', mode)
  try {
    writeSync(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(beside, file)
}
