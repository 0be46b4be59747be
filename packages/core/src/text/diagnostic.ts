// Diagnostics: what is wrong in a file, and exactly where. Parsers collect them all and never throw at the user.

/** A place in a text file. `line` and `column` are 1-based, as editors show them. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A value with the place it was written at. */
export interface Located<T> {
  readonly value: T
  readonly at: Position
}

/** `error` refuses the file; `warning` is shown and the work goes on. */
export type Severity = 'error' | 'warning'

/** One finding. `message` is one sentence: what is wrong and what to do. `code` is stable. */
export interface Diagnostic {
  readonly severity: Severity
  readonly code: string
  readonly message: string
  readonly at: Position
}

/** What a parser gives: every finding at once, and the value when no finding is an error. */
export interface Parsed<T> {
  readonly value?: T
  /** What could be read of a refused file: to look for more mistakes, never to be used. */
  readonly draft?: T
  readonly diagnostics: readonly Diagnostic[]
}

/** `file:line:column: severity: message (code)`, the form editors and people read. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { at, severity, message, code } = diagnostic
  return `${at.file}:${at.line}:${at.column}: ${severity}: ${message} (${code})`
}

/** Whether any of the findings refuses the file. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error')
}
