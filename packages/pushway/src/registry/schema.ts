// Where the registry reads its own signed tokens back.

import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { Principal } from '../ports/principal.ts'

export interface Grant {
  readonly until: EpochMs
  readonly principal?: Principal
}

/** The content of a token whose signature was checked: we wrote it ourselves. */
export function readGrant(text: string): Grant {
  return JSON.parse(text) as Grant
}
