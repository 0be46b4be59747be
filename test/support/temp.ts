// Temporary folders of tests, removed when the test file is done (and at exit, should it end early).

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const made = new Set<string>()

/** A new empty folder under the system's temporary one, links resolved. It is removed after the last test of the file. */
export function tempDir(name = 'test'): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), `pushway-${name}-`)))
  made.add(dir)
  return dir
}

// Every folder made so far.
function removeTempDirs(): void {
  for (const dir of made) {
    // Jobs may leave read-only folders or still be writing for a moment: try a few times.
    rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    made.delete(dir)
  }
}

// Benchmarks use these words too, outside the test runner.
if (process.env.VITEST !== undefined) afterAll(removeTempDirs)
process.once('exit', removeTempDirs)
