// The graph of jobs: every `needs` names a job, and nothing waits for itself.

import { add, type Findings } from './findings.ts'
import type { ReadJob } from './parse-job.ts'
import { textOf } from './yaml-node.ts'

/** Reports unknown and circular `needs`. */
export function checkNeeds(findings: Findings, jobs: readonly ReadJob[]): void {
  const byId = new Map(jobs.map(({ job }) => [job.id, job.needs]))
  for (const { job, needs } of jobs) {
    for (const need of needs) {
      const id = textOf(need)
      if (!byId.has(id)) add(findings, need.at, { code: 'needs-unknown', message: `Job \`${job.id}\` needs \`${id}\`, and there is no such job.` })
    }
    const cycle = findCycle(job.id, byId)
    if (!cycle) continue
    const at = needs.find((need) => textOf(need) === cycle[1])?.at ?? job.at
    add(findings, at, { code: 'needs-cycle', message: `Jobs wait for each other: ${cycle.join(' → ')}. Remove one \`needs\`.` })
  }
}

/** The way from `start` back to itself, or undefined. */
function findCycle(start: string, needs: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const seen = new Set<string>()
  const walk = (path: readonly string[]): readonly string[] | undefined => {
    for (const next of needs.get(path.at(-1) ?? '') ?? []) {
      if (next === start) return [...path, next]
      if (seen.has(next)) continue
      seen.add(next)
      const found = walk([...path, next])
      if (found) return found
    }
    return undefined
  }
  return walk([start])
}
