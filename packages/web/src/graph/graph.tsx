// Draws the jobs of a run and what they wait for; a job is chosen by a click.

import type { JobView } from '@pushway/core/views/types.ts'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { Length, Skeleton } from '../parts/basics.tsx'
import { jobState, StateIcon } from '../parts/state.tsx'
import type { Layout } from './layout.ts'
import { type GraphNode, jobGraph, shapeOf } from './nodes.ts'

interface Props {
  readonly jobs: readonly JobView[]
  readonly chosen: string | undefined
  readonly onChoose: (job: string) => void
}

export function Graph({ jobs, chosen, onChoose }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const graph = useMemo(() => jobGraph(jobs, open), [jobs, open])
  const [layout, setLayout] = useState<Layout | undefined>()
  const shape = shapeOf(graph)
  useEffect(() => {
    let wanted = true
    void import('./layout.ts').then(({ layOut }) => wanted && setLayout(layOut(graph)))
    return () => {
      wanted = false
    }
  }, [shape])
  if (!layout) return <Skeleton lines={4} tall />
  const places = new Map(layout.nodes.map((place) => [place.id, place]))
  const choose = (node: GraphNode) => {
    const [job] = node.jobs
    if (node.legs !== undefined) setOpen(new Set([...open, node.title]))
    else if (job) onChoose(job.key)
  }
  return (
    <div class="graph">
      <div class="graph-area" style={{ width: `${layout.width}px`, height: `${layout.height}px` }}>
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.edges.map(({ id, path }) => (
            <path key={id} d={path} />
          ))}
        </svg>
        {graph.nodes.map((node) => {
          const at = places.get(node.id)
          return at && <NodeBox key={node.id} node={node} x={at.x} y={at.y} chosen={node.id === chosen} onChoose={() => choose(node)} />
        })}
      </div>
    </div>
  )
}

interface NodeProps {
  readonly node: GraphNode
  readonly x: number
  readonly y: number
  readonly chosen: boolean
  readonly onChoose: () => void
}

function NodeBox({ node, x, y, chosen, onChoose }: NodeProps) {
  const job = loudest(node.jobs)
  if (!job) return null
  const { tone, word } = jobState(job)
  const short = tone === 'done' ? 'done' : word
  return (
    <button
      type="button"
      class={`node state-${tone}`}
      style={{ left: `${x}px`, top: `${y}px` }}
      aria-pressed={chosen}
      title={job.why?.sentence ?? node.title}
      data-row
      onClick={onChoose}
    >
      <StateIcon tone={tone} />
      <span class="node-title">{node.title}</span>
      <span class="node-state">
        {node.legs === undefined ? short : `${node.legs} legs, ${short}`}{' '}
        {node.legs === undefined && tone !== 'skipped' && <Length from={job.startedAt} to={job.finishedAt} />}
      </span>
    </button>
  )
}

const order = ['failed', 'active', 'waiting', 'pending', 'skipped', 'done']

/** The job that speaks for a collapsed matrix. */
function loudest(jobs: readonly JobView[]): JobView | undefined {
  return jobs.toSorted((a, b) => order.indexOf(jobState(a).tone) - order.indexOf(jobState(b).tone))[0]
}
