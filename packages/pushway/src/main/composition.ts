// What the command line is given; the heavy parts are loaded when they are used.

import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
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
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return createLog(createWriteStream(file, { flags: 'a', mode: 0o600 }))
  },
}
