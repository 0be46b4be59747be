// grype's report in JSON, with only what is needed of it. Its severities are ours, in other case.

import type { Severity } from '@pushway/core/images/scan.ts'
import { z } from 'zod'

const severity = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['critical', 'high', 'medium', 'low', 'negligible', 'unknown']).catch('unknown'))

const report = z.object({
  matches: z.array(z.object({ vulnerability: z.object({ severity }) })),
  descriptor: z.object({ version: z.string() }).optional(),
})

/** The report's findings; undefined when the text is none. */
export function checkGrypeReport(text: string): { readonly version: string; readonly found: readonly { readonly severity: Severity }[] } | undefined {
  try {
    const { matches, descriptor } = report.parse(JSON.parse(text))
    return { version: descriptor?.version ?? 'of unknown version', found: matches.map(({ vulnerability }) => vulnerability) }
  } catch {
    return undefined
  }
}
