// The program's own log: one JSON object a line on a stream. Masked values never get here: secrets are a type that prints as ***.

import type { Writable } from 'node:stream'
import type { ProgramLog } from '../ports/world.ts'

type Level = 'info' | 'warn' | 'error'

/** A log that writes to `out`. */
export function createLog(out: Writable): ProgramLog {
  const write = (level: Level) => (message: string, facts?: Readonly<Record<string, unknown>>) => {
    out.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...facts })}\n`)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}
