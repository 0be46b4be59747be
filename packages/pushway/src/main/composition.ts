// What the command line is given; the heavy parts are loaded when they are used.

import { createWriteStream, mkdirSync, openSync, type WriteStream } from 'node:fs'
import { dirname } from 'node:path'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Composition } from '../ports/program.ts'
import { createLog } from './log.ts'
import { version } from './version.ts'

export const composition: Composition = {
  version,
  async serve(options) {
    const { serve } = await import('./serve.ts')
    return serve(options)
  },
  async stopAll(data) {
    const { stopAll } = await import('./stop-all.ts')
    return stopAll(data)
  },
  async engineAnswers() {
    const { engineAnswers } = await import('./docker-engine.ts')
    return engineAnswers()
  },
  fileLog(file) {
    return createLog(openLog(file))
  },
}

/** @throws PushwayError `data-not-writable`, `disk-full` */
function openLog(file: string): WriteStream {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // A full disk later loses log lines; what must not be lost says so itself.
    return createWriteStream(file, { fd: openSync(file, 'a', 0o600) }).on('error', () => undefined)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw code === 'ENOSPC' || code === 'EDQUOT'
      ? fail('disk-full', { where: dirname(file) })
      : fail('data-not-writable', { dir: dirname(dirname(file)), problem: code })
  }
}
