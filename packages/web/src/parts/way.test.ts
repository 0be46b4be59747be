// The way of a release as columns; the job, the releases and the causes that a page picks.

import type { DeploymentSummary, JobView, LaneView, ReleaseView, StationView, TimelineEntry } from '@pushway/core/views/types.ts'
import { describe, expect, it } from 'vitest'
import { chainOf, namedCause } from './causes.ts'
import { chooseJob } from './choose-job.ts'
import { earlierReleases } from './earlier.ts'
import { waysOf, whyOf } from './way.ts'

function station(kind: StationView['kind'], name: string, state: StationView['state'], why?: string): StationView {
  return { kind, name, state, ...(why ? { why: { code: 'failed', sentence: why } } : {}) }
}

function lane(commit: string, ref: string, stations: readonly StationView[]): LaneView {
  return { commit, ref, message: 'm', by: 'ada', at: 1, stations }
}

const environments = ['staging', 'production']
const toStaging = lane('c1', 'refs/heads/develop', [
  station('commit', 'c1', 'done'),
  station('run', 'CI', 'done'),
  station('image', 'sha256:abc', 'done'),
  station('environment', 'staging', 'done'),
])
const toProduction = lane('c1', 'refs/heads/main', [
  station('commit', 'c1', 'done'),
  station('run', 'CI', 'waiting'),
  station('image', 'sha256:abc', 'done'),
  station('environment', 'production', 'waiting', 'Waiting for 1 approval.'),
])

describe('waysOf', () => {
  it('draws the pushes of one commit as one way, the newest speaking for each station', () => {
    const [way, ...others] = waysOf([toProduction, toStaging], environments)
    expect(others).toEqual([])
    expect(way?.refs).toEqual(['main', 'develop'])
    expect(way?.stations.map(({ title, state }) => [title, state])).toEqual([
      ['commit', 'done'],
      ['run', 'waiting'],
      ['image', 'done'],
      ['staging', 'done'],
      ['production', 'waiting'],
    ])
    expect(way?.front).toBe(4)
    expect(way && whyOf(way)?.text).toBe('Waiting for 1 approval.')
  })

  it('keeps columns for where a release has not been', () => {
    const [way] = waysOf([toStaging], environments)
    expect(way?.stations[4]).toEqual({ kind: 'environment', title: 'production', state: undefined })
    expect(way?.front).toBe(3)
  })

  it('expects an image while the run goes on, and not after it', () => {
    const running = lane('c2', 'refs/heads/main', [station('commit', 'c2', 'done'), station('run', 'CI', 'active')])
    expect(waysOf([running], [])[0]?.stations[2]?.state).toBe('pending')
    const failed = lane('c3', 'refs/heads/main', [station('commit', 'c3', 'done'), station('run', 'CI', 'failed', 'Tests failed.')])
    const [way] = waysOf([failed], [])
    expect(way?.stations[2]?.state).toBeUndefined()
    expect(way && whyOf(way)?.text).toBe('Tests failed.')
  })

  it('lets the loudest of several runs speak', () => {
    const two = lane('c4', 'refs/heads/main', [station('commit', 'c4', 'done'), station('run', 'CI', 'done'), station('run', 'Lint', 'failed')])
    expect(waysOf([two], [])[0]?.stations[1]).toMatchObject({ state: 'failed', name: '2 runs' })
  })
})

describe('chooseJob', () => {
  const job = (key: string, more: Partial<JobView> = {}): JobView => ({
    key,
    name: key,
    needs: [],
    attempt: 1,
    phase: 'finished',
    conclusion: 'success',
    steps: [],
    outputs: {},
    ...more,
  })

  it('takes the named one, else where the news is', () => {
    const jobs = [job('a'), job('b', { phase: 'running' }), job('c', { conclusion: 'failure' })]
    expect(chooseJob(jobs, 'a')?.key).toBe('a')
    expect(chooseJob(jobs, 'gone')?.key).toBe('c')
    expect(chooseJob(jobs.slice(0, 2), undefined)?.key).toBe('b')
    expect(chooseJob(jobs.slice(0, 1), undefined)?.key).toBe('a')
    expect(chooseJob([], undefined)).toBeUndefined()
  })
})

describe('earlierReleases', () => {
  const release = (number: number): ReleaseView => ({
    id: `r${number}`,
    number,
    commit: 'c',
    message: '',
    createdAt: 1,
    contentDigest: 'sha256:0',
    services: [],
  })
  const deployment = (number: number, conclusion?: 'success' | 'failure'): DeploymentSummary => ({
    id: `d${number}`,
    project: 'acme/hello',
    environment: 'production',
    kind: 'deploy',
    release: release(number),
    by: 'ada',
    status: conclusion ? 'done' : 'rolling',
    ...(conclusion ? { conclusion } : {}),
    why: { code: 'failed', sentence: '' },
    createdAt: number,
  })

  it('are those that were live before, each once, newest first', () => {
    const history = [
      deployment(5),
      deployment(4, 'success'),
      deployment(3, 'failure'),
      deployment(2, 'success'),
      deployment(1, 'success'),
      deployment(2, 'success'),
    ]
    expect(earlierReleases(history, 'r4').map(({ release: one }) => one.number)).toEqual([2, 1])
  })
})

describe('chains of causes', () => {
  const entry = (id: string, cause?: string): TimelineEntry => ({
    id,
    at: 1,
    kind: 'run',
    state: 'info',
    text: id,
    project: 'acme/hello',
    ...(cause ? { cause } : {}),
  })
  const entries = [
    entry('other#1'),
    entry('deployment/d#2', 'deployment/d#1'),
    entry('deployment/d#1', 'run/r#1'),
    entry('run/r#1', 'project/p#1'),
    entry('project/p#1'),
  ]

  it('hold what led to an entry and what followed', () => {
    expect([...chainOf(entries, 'run/r#1')].toSorted()).toEqual(['deployment/d#1', 'deployment/d#2', 'project/p#1', 'run/r#1'])
    expect([...chainOf(entries, 'project/p#1')]).not.toContain('other#1')
  })

  it('end where causes go in a circle', () => {
    expect(chainOf([entry('a#1', 'b#1'), entry('b#1', 'a#1')], 'a#1').size).toBe(2)
  })

  it('name the cause that is of another thing', () => {
    const byId = new Map(entries.map((one) => [one.id, one]))
    expect(namedCause(byId, entries[2] as TimelineEntry)?.id).toBe('run/r#1')
    expect(namedCause(byId, entries[1] as TimelineEntry)).toBeUndefined()
  })
})
