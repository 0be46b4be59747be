// The graph of jobs: every `needs` names a job, and nothing waits for itself.

import { add, type Findings } from './findings.ts'
import type { ReadJob } from './parse-job.ts'
import { textOf } from './yaml-node.ts'

/** Reports unknown and circular `needs`. */
export function checkNeeds(findings: Findings, jobs: readonly ReadJob[]): void {
  const byId = new Map(jobs.map(({ job }) => [job.id, job.needs]))
  const stuck = neverReady(byId)
  for (const { job, needs } of jobs) {
    for (const need of needs) {
      const id = textOf(need)
      if (!byId.has(id)) add(findings, need.at, { code: 'needs-unknown', message: `Job \`${job.id}\` needs \`${id}\`, and there is no such job.` })
    }
    const cycle = stuck.has(job.id) ? findCycle(job.id, byId) : undefined
    if (!cycle) continue
    const at = needs.find((need) => textOf(need) === cycle[1])?.at ?? job.at
    add(findings, at, { code: 'needs-cycle', message: `Jobs wait for each other: ${cycle.join(' → ')}. Remove one \`needs\`.` })
  }
}

/** The jobs that are on a circle or behind one: what is left when all that can be ready is taken away. */
function neverReady(needs: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const open = new Map([...needs].map(([id, names]) => [id, names.filter((name) => needs.has(name)).length]))
  const followers = new Map<string, string[]>()
  for (const [id, names] of needs) {
    for (const name of names) {
      const known = followers.get(name)
      if (known) known.push(id)
      else followers.set(name, [id])
    }
  }
  const ready = [...open.keys()].filter((id) => open.get(id) === 0)
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    open.delete(id)
    for (const follower of followers.get(id) ?? []) {
      const left = (open.get(follower) ?? 0) - 1
      open.set(follower, left)
      if (left === 0) ready.push(follower)
    }
  }
  return new Set(open.keys())
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
