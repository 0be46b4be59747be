// Lays the job graph out with dagre; loaded only by the page that draws one.

import dagre from '@dagrejs/dagre'
import type { JobGraph } from './nodes.ts'

export const nodeWidth = 152
export const nodeHeight = 44

export interface Placed {
  readonly id: string
  /** The left upper corner. */
  readonly x: number
  readonly y: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  readonly nodes: readonly Placed[]
  /** SVG path data. */
  readonly edges: readonly { readonly id: string; readonly path: string }[]
}

/** Places of all nodes and curves of all edges, top to bottom. */
export function layOut({ nodes, edges }: JobGraph): Layout {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'TB', nodesep: 8, ranksep: 32, marginx: 1, marginy: 1 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of nodes) graph.setNode(id, { width: nodeWidth, height: nodeHeight })
  for (const { from, to } of edges) graph.setEdge(from, to)
  dagre.layout(graph)
  const places = nodes.map(({ id }) => {
    const { x = 0, y = 0 } = graph.node(id) as { x?: number; y?: number }
    return { id, x: x - nodeWidth / 2, y: y - nodeHeight / 2 }
  })
  const byId = new Map(places.map((place) => [place.id, place]))
  const size = graph.graph() as { width?: number; height?: number }
  return {
    width: size.width ?? 0,
    height: size.height ?? 0,
    nodes: places,
    edges: edges.map(({ from, to }) => ({ id: `${from}>${to}`, path: curve(byId.get(from), byId.get(to)) })),
  }
}

/** From the middle of a node's lower side to the middle of the other's upper side. */
function curve(from: Placed | undefined, to: Placed | undefined): string {
  if (!from || !to) return ''
  const x1 = from.x + nodeWidth / 2
  const y1 = from.y + nodeHeight
  const x2 = to.x + nodeWidth / 2
  const bend = Math.max(12, (to.y - y1) / 2)
  return `M${x1} ${y1} C${x1} ${y1 + bend} ${x2} ${to.y - bend} ${x2} ${to.y}`
}
