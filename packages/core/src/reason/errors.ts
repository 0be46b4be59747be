// The error table: code → kind, HTTP status, exit code, the sentence with its cause, and the next step.
// docs/errors.md is generated from it, and a test compares both ways.

import type { Diagnostic } from '../text/diagnostic.ts'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { errorTable } from './error-table.ts'

/** `user`: the caller can mend it. `environment`: the machine or another program. `bug`: ours. */
export type ErrorKind = 'user' | 'environment' | 'bug'

export interface ErrorEntry<F> {
  readonly kind: ErrorKind
  /** HTTP status of an API answer. */
  readonly http: number
  /** Exit code of the CLI: 1 failed, 2 refused input, 3 conflict, 4 not allowed or not yet, 5 not found, 70 our bug, 75 try again later. */
  readonly exit: number
  readonly say: (facts: F) => string
  readonly next: (facts: F) => string
}

export type ErrorCode = keyof typeof errorTable

/** The one error that reaches people: a stable code, one sentence, the next step. Anything else that is thrown is a bug of ours. */
export class PushwayError extends Error {
  readonly code: ErrorCode
  readonly kind: ErrorKind
  readonly http: number
  readonly exit: number
  readonly next: string
  readonly diagnostics: readonly Diagnostic[]

  constructor(code: ErrorCode, sentence: string, { next, diagnostics = [] }: { readonly next: string; readonly diagnostics?: readonly Diagnostic[] }) {
    super(sentence)
    this.name = 'PushwayError'
    const entry = errorTable[code]
    this.code = code
    this.kind = entry.kind
    this.http = entry.http
    this.exit = entry.exit
    this.next = next
    this.diagnostics = diagnostics
  }
}

/** The error of a code, with its sentence made from `facts`. */
export function fail<C extends ErrorCode>(code: C, ...facts: Parameters<(typeof errorTable)[C]['say']>): PushwayError {
  const entry = errorTable[code] as ErrorEntry<unknown>
  return new PushwayError(code, entry.say(facts[0]), { next: entry.next(facts[0]) })
}

/** The error for files that were refused, with every finding in it. */
export function refuse(
  code: 'workflow-invalid' | 'compose-invalid' | 'project-invalid' | 'dockerfile-invalid' | 'recipe-invalid',
  file: string,
  diagnostics: readonly Diagnostic[],
): PushwayError {
  const entry = errorTable[code] as ErrorEntry<{ file: string; count: number }>
  const facts = { file, count: diagnostics.filter((d) => d.severity === 'error').length }
  return new PushwayError(code, entry.say(facts), { next: entry.next(facts), diagnostics })
}

/** What a terminal shows: the findings, the sentence with its code, the next step. */
export function formatError(error: PushwayError): string {
  const findings = error.diagnostics.map(formatDiagnostic)
  return [...findings, `error: ${error.message} (${error.code})`, error.next].filter((line) => line !== '').join('\n')
}

/** The error as it crosses HTTP. */
export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly next: string; readonly diagnostics: readonly Diagnostic[] }
}

/** The body of an API answer for this error. */
export function errorBody(error: PushwayError): ErrorBody {
  return { error: { code: error.code, message: error.message, next: error.next, diagnostics: error.diagnostics } }
}
