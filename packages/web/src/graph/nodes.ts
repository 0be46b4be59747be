// The job graph before it is laid out: one node a job, legs of a matrix as one. Pure.

import type { JobView } from '@pushway/core/views/types.ts'

export interface GraphNode {
  /** The job's key, or of a collapsed matrix its common name. */
  readonly id: string
  readonly title: string
  readonly jobs: readonly JobView[]
  /** Set for a matrix that can be opened. */
  readonly legs?: number
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
}

export interface JobGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** `test (18, linux)` → `test`; undefined when the job is no leg. */
function baseOf(job: JobView): string | undefined {
  return /^(.+?) \(.+\)$/.exec(job.name)?.[1]
}

/** Nodes and edges of a run's jobs. `open`: the matrices whose legs are shown one by one. Needs of unknown jobs are left out. */
export function jobGraph(jobs: readonly JobView[], open: ReadonlySet<string>): JobGraph {
  const families = new Map<string, JobView[]>()
  for (const job of jobs) {
    const base = baseOf(job)
    if (base === undefined) continue
    const family = `${base}\n${job.needs.join('\n')}`
    families.set(family, [...(families.get(family) ?? []), job])
  }
  const nodeOf = new Map<string, string>()
  const nodes: GraphNode[] = []
  for (const job of jobs) {
    const base = baseOf(job)
    const legs = base === undefined ? [job] : (families.get(`${base}\n${job.needs.join('\n')}`) ?? [job])
    const collapsed = base !== undefined && legs.length > 1 && !open.has(base)
    nodeOf.set(job.key, collapsed ? `matrix:${base}` : job.key)
    if (!collapsed) nodes.push({ id: job.key, title: job.name, jobs: [job] })
    else if (legs[0] === job) nodes.push({ id: `matrix:${base}`, title: base, jobs: legs, legs: legs.length })
  }
  const pairs = jobs.flatMap((job) => job.needs.flatMap((need) => edgeOf(nodeOf.get(need), nodeOf.get(job.key))))
  const edges = [...new Map(pairs.map((edge) => [`${edge.from}\n${edge.to}`, edge])).values()]
  return { nodes, edges }
}

function edgeOf(from: string | undefined, to: string | undefined): readonly GraphEdge[] {
  return from === undefined || to === undefined || from === to ? [] : [{ from, to }]
}

/** The shape of a graph, to lay it out again only when it changed. */
export function shapeOf({ nodes, edges }: JobGraph): string {
  return `${nodes.map(({ id }) => id).join('\n')}\n\n${edges.map(({ from, to }) => `${from}>${to}`).join('\n')}`
}
