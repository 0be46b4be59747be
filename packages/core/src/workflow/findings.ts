// Collects what is wrong in one file. One place is reported once: the first finding wins.

import type { Diagnostic, Position, Severity } from '../text/diagnostic.ts'

export interface Findings {
  readonly file: string
  readonly list: Diagnostic[]
}

/** Adds a finding unless the same place has one already. */
export function add(findings: Findings, at: Position, finding: { code: string; message: string; severity?: Severity }): void {
  const known = findings.list.some((other) => other.at.line === at.line && other.at.column === at.column)
  if (known) return
  findings.list.push({ severity: finding.severity ?? 'error', code: finding.code, message: finding.message, at })
}

/** Says that GitHub knows a keyword but Pushway does not carry it; with what to do instead, if there is more to say than usual. */
export function notYet(findings: Findings, at: Position, what: string | readonly [keyword: string, advice: string]): void {
  const [keyword, advice] = typeof what === 'string' ? [what, 'Remove it, or see docs/compatibility/workflows.md'] : what
  add(findings, at, { code: 'keyword-not-yet', message: `\`${keyword}\` is not supported yet. ${advice}` })
}

/** The findings in the order of the file. */
export function inFileOrder(findings: Findings): readonly Diagnostic[] {
  return findings.list.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
}
