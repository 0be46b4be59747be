// What a vulnerability scanner says of an image, in a form that no scanner has: each scanner's own is read by its adapter.

/** The severities, gravest first. */
const severities = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const
export type Severity = (typeof severities)[number]

/** How many findings of each severity a scan gave. */
export interface ScanFindings {
  /** The program that looked: `grype 0.80.0`. */
  readonly scanner: string
  readonly counts: Readonly<Partial<Record<Severity, number>>>
}

/** Findings in words, gravest first: `2 critical, 1 low`. */
export function sayFindings({ counts }: ScanFindings): string {
  const some = severities.flatMap((severity) => (counts[severity] ? [`${counts[severity]} ${severity}`] : []))
  return some.length === 0 ? 'nothing found' : some.join(', ')
}
