// What makes a row of the error table.

import type { ErrorEntry } from './errors.ts'

/** A row, with the facts its sentences need as its type. */
export function entry<F = void>(row: ErrorEntry<F>): ErrorEntry<F> {
  return row
}
