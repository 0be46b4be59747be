// docs/errors.md, made from the error table.

import { errorTable } from '@pushway/core/reason/error-table.ts'
import type { ErrorEntry } from '@pushway/core/reason/errors.ts'

const kinds = { user: 'yours to mend', environment: 'the machine or another program', bug: 'a mistake of ours' } as const

/** The page: one row per code, with the names of the facts where the sentence has them. */
export function renderErrors(): string {
  const rows = Object.entries(errorTable as unknown as Record<string, ErrorEntry<unknown>>).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    '# Errors',
    '',
    'Made from `packages/core/src/reason/error-table.ts` by `npm run gen`; do not edit.',
    '',
    'Every error has a stable code, one sentence, and the next step. The command line prints them and ends with the exit code;',
    'the API answers `{ "error": { "code", "message", "next", "diagnostics" } }` with the HTTP status. Findings in files come first, one line each: `file:line:column`.',
    '',
    'Exit codes: 0 done, 1 failed, 2 refused input, 3 conflict, 4 not allowed, 5 not found, 70 a mistake of ours, 75 try again later.',
    '',
    '| code | whose | HTTP | exit | says | next step |',
    '|---|---|---|---|---|---|',
    ...rows.map(([code, entry]) => renderRow(code, entry)),
    '',
  ].join('\n')
}

/** A sentence with the names of its facts in place of the facts. */
export function sayWithNames(say: (facts: unknown) => string): string {
  return say(new Proxy({}, { get: (_, name) => (typeof name === 'string' ? `<${name}>` : undefined) }))
}

function renderRow(code: string, { kind, http, exit, say, next }: ErrorEntry<unknown>): string {
  return `| \`${code}\` | ${kinds[kind]} | ${http} | ${exit} | ${cell(sayWithNames(say))} | ${cell(sayWithNames(next))} |`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\n', ' ')
}
