// What the parts of the results service share.

import type { EpochMs } from '@pushway/core/text/ids.ts'
import type { BlobUse } from './signed-url.ts'
import type { UploadParts } from './uploads.ts'

export interface ResultsContext extends UploadParts {
  readonly now: () => EpochMs
  /** An address of an upload for someone who reaches the server at `base`. */
  readonly sign: (base: string, upload: string, use: BlobUse) => string
  /** Bytes of one project's caches; GitHub's limit when absent. */
  readonly cacheBytes?: number
}
