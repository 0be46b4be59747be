// The Scanner port by grype: it reads a bill of materials from its standard input and knows what is wrong with the packages in it.

import type { ScanFindings } from '@pushway/core/images/scan.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { Scanner } from '../../ports/evidence.ts'
import { execFileText } from '../../util/exec.ts'
import { checkGrypeReport } from './schema.ts'

/** Its database of vulnerabilities may have to be brought up to date first. */
const longestScanMs = 10 * 60_000

/** The scanner at `program`, a path or a name on PATH. */
export function createGrype(program: string): Scanner {
  return {
    async scan(bill): Promise<ScanFindings> {
      const text = await execFileText([program, '--output', 'json', '--quiet'], { input: bill, timeoutMs: longestScanMs, maxBytes: 256 << 20 })
      const report = checkGrypeReport(text)
      if (!report) throw fail('command-failed', { command: program, exit: 0, output: 'its answer is not a report of grype' })
      const counts: Record<string, number> = {}
      for (const { severity } of report.found) counts[severity] = (counts[severity] ?? 0) + 1
      return { scanner: `grype ${report.version}`, counts }
    },
  }
}
