// The job graph before and after it is laid out.

import type { JobView } from '@pushway/core/views/types.ts'
import { describe, expect, it } from 'vitest'
import { layOut, nodeHeight, nodeWidth } from './layout.ts'
import { jobGraph, shapeOf } from './nodes.ts'

function job(key: string, needs: readonly string[] = [], name = key): JobView {
  return { key, name, needs, attempt: 1, phase: 'pending', steps: [], outputs: {} }
}

const none: ReadonlySet<string> = new Set()
const diamond = [job('test'), job('build', ['test']), job('staging', ['build']), job('production', ['build'])]

describe('jobGraph', () => {
  it('has a node a job and an edge a need', () => {
    const graph = jobGraph(diamond, none)
    expect(graph.nodes.map(({ id }) => id)).toEqual(['test', 'build', 'staging', 'production'])
    expect(graph.edges).toEqual([
      { from: 'test', to: 'build' },
      { from: 'build', to: 'staging' },
      { from: 'build', to: 'production' },
    ])
  })

  it('leaves out needs of jobs that are not there', () => {
    expect(jobGraph([job('a', ['gone'])], none).edges).toEqual([])
  })

  const matrix = [job('t1', [], 'test (18)'), job('t2', [], 'test (20)'), job('build', ['t1', 't2'])]

  it('draws the legs of a matrix as one node with one edge', () => {
    const graph = jobGraph(matrix, none)
    expect(graph.nodes.map(({ id, legs }) => [id, legs])).toEqual([
      ['matrix:test', 2],
      ['build', undefined],
    ])
    expect(graph.edges).toEqual([{ from: 'matrix:test', to: 'build' }])
  })

  it('draws the jobs of a called workflow where they stand, and folds the legs of a matrix in it', () => {
    const called = [
      job('first'),
      job('go.a', ['first'], 'go / a (1)'),
      job('go.b', ['first'], 'go / a (2)'),
      job('leg.x', ['first'], 'leg (1) / x'),
      job('leg.y', ['first'], 'leg (2) / x'),
      job('end', ['go.a', 'go.b', 'leg.x', 'leg.y']),
    ]
    const graph = jobGraph(called, none)
    expect(graph.nodes.map(({ title, legs }) => [title, legs])).toEqual([
      ['first', undefined],
      ['go / a', 2],
      ['leg (1) / x', undefined],
      ['leg (2) / x', undefined],
      ['end', undefined],
    ])
    expect(graph.edges).toHaveLength(6)
  })

  it('opens a matrix', () => {
    const graph = jobGraph(matrix, new Set(['test']))
    expect(graph.nodes.map(({ id }) => id)).toEqual(['t1', 't2', 'build'])
    expect(graph.edges).toHaveLength(2)
    expect(shapeOf(graph)).not.toBe(shapeOf(jobGraph(matrix, none)))
  })

  it('keeps a lone leg as the job it is', () => {
    expect(jobGraph([job('t1', [], 'test (18)')], none).nodes[0]?.legs).toBeUndefined()
  })
})

describe('layOut', () => {
  it('places needs above, beside each other without overlap, inside the area', () => {
    const layout = layOut(jobGraph(diamond, none))
    const at = new Map(layout.nodes.map((node) => [node.id, node]))
    const [test, build, staging, production] = ['test', 'build', 'staging', 'production'].map((id) => at.get(id) ?? { id, x: -1, y: -1 })
    expect(test?.y).toBeLessThan(build?.y ?? 0)
    expect(build?.y).toBeLessThan(staging?.y ?? 0)
    expect(staging?.y).toBe(production?.y)
    expect(Math.abs((staging?.x ?? 0) - (production?.x ?? 0))).toBeGreaterThanOrEqual(nodeWidth)
    for (const node of layout.nodes) {
      expect(node.x).toBeGreaterThanOrEqual(0)
      expect(node.x + nodeWidth).toBeLessThanOrEqual(layout.width)
      expect(node.y + nodeHeight).toBeLessThanOrEqual(layout.height)
    }
    expect(layout.edges.every(({ path }) => path.startsWith('M'))).toBe(true)
  })

  it('lays out a single job', () => {
    expect(layOut(jobGraph([job('a')], none)).nodes).toHaveLength(1)
  })
})
