// Which releases an environment can go back to. Pure.

import type { DeploymentSummary, ReleaseView } from '@pushway/core/views/types.ts'

export interface Earlier {
  readonly release: ReleaseView
  /** When it was live there. */
  readonly at: number
}

/** Each release that was live there before, newest first, without the one that runs now. */
export function earlierReleases(history: readonly DeploymentSummary[], live: string | undefined): readonly Earlier[] {
  const seen = new Set(live === undefined ? [] : [live])
  const found: Earlier[] = []
  for (const { release, conclusion, finishedAt, createdAt } of history) {
    if (!release || conclusion !== 'success' || seen.has(release.id)) continue
    seen.add(release.id)
    found.push({ release, at: finishedAt ?? createdAt })
  }
  return found
}
