// Artifacts of a run: which names are allowed, and how long they are kept.
// Follows the checks of https://github.com/actions/toolkit (packages/artifact) and GitHub's limits of retention.

import type { EpochMs } from '../text/ids.ts'

/** GitHub's default and its upper limit, in days. */
const retentionDays = { usual: 90, most: 90 } as const

const day = 24 * 60 * 60_000
const longestName = 255
/** As the toolkit says them: names must be good on every file system. */
const forbidden = '":<>|*?\r\n\\/\0'

/** Why an artifact can't have this name; undefined when it can. */
export function artifactNameProblem(name: string): string | undefined {
  if (name === '') return 'the name of an artifact is empty'
  if (name.length > longestName) return `the name of an artifact has at most ${longestName} characters`
  const found = [...forbidden].find((character) => name.includes(character))
  if (found !== undefined) return `the artifact name ${JSON.stringify(name)} holds the character ${JSON.stringify(found)}, which is not allowed`
  return /^\.{1,2}$/.test(name) ? `"${name}" can't be the name of an artifact` : undefined
}

/** Until when an artifact is kept: as asked for, never longer than the limit; the usual time when nothing was asked. */
export function artifactExpiry(createdAt: EpochMs, asked: EpochMs | undefined): EpochMs {
  const latest = createdAt + retentionDays.most * day
  if (asked === undefined || !Number.isFinite(asked) || asked <= createdAt) return createdAt + retentionDays.usual * day
  return Math.min(asked, latest)
}
