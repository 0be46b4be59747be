// States as people see them: a shape, a word and a colour, never a colour alone.

import type {
  DeploymentSummary,
  EnvironmentSummary,
  JobView,
  PullSummary,
  RunSummary,
  StationView,
  StepView,
  TimelineEntry,
} from '@pushway/core/views/types.ts'

/** What a state means for the reader; each has its own shape and colour. */
export type Tone = 'done' | 'active' | 'waiting' | 'failed' | 'skipped' | 'pending' | 'info'

export interface Shown {
  readonly tone: Tone
  readonly word: string
}

const shapes: Readonly<Record<Tone, string>> = {
  done: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 5.2-4.2 5a.8.8 0 0 1-1.2 0L4.4 9.1a.8.8 0 1 1 1.2-1l1.2 1.3 3.6-4.2a.8.8 0 0 1 1.2 1Z',
  active: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.8a5.2 5.2 0 1 1 0 10.4A5.2 5.2 0 0 1 8 2.8ZM8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z',
  waiting: 'M8 .8 15.2 8 8 15.2.8 8 8 .8ZM6 5.2v5.6h1.4V5.2H6Zm2.6 0v5.6H10V5.2H8.6Z',
  failed:
    'M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2L5.2 1Zm.7 3.8L4.8 5.9 6.9 8l-2.1 2.1 1.1 1.1L8 9.1l2.1 2.1 1.1-1.1L9.1 8l2.1-2.1-1.1-1.1L8 6.9 5.9 4.8Z',
  skipped: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM5 7.2h6v1.6H5V7.2Z',
  pending: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z',
  info: 'M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z',
}

/** The shape of a state. Beside its word it is decoration. */
export function StateIcon({ tone, size = 16 }: { readonly tone: Tone; readonly size?: number }) {
  return (
    <svg class={`icon state-${tone}`} width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[tone]} fill="currentColor" fill-rule="evenodd" />
    </svg>
  )
}

/** Shape and word. */
export function StateMark({ tone, word }: Shown) {
  return (
    <span class={`mark state-${tone}`}>
      <StateIcon tone={tone} />
      <span>{word}</span>
    </span>
  )
}

const conclusions: Readonly<Record<string, Shown>> = {
  success: { tone: 'done', word: 'succeeded' },
  failure: { tone: 'failed', word: 'failed' },
  cancelled: { tone: 'skipped', word: 'cancelled' },
  skipped: { tone: 'skipped', word: 'skipped' },
  timed_out: { tone: 'failed', word: 'timed out' },
}

function ofConclusion(conclusion: string | undefined): Shown {
  return conclusions[conclusion ?? ''] ?? { tone: 'done', word: 'ended' }
}

export function pullState({ state, draft, mergeable }: Pick<PullSummary, 'state' | 'draft' | 'mergeable'>): Shown {
  if (state === 'merged') return { tone: 'done', word: 'merged' }
  if (state === 'closed') return { tone: 'skipped', word: 'closed' }
  if (mergeable === false) return { tone: 'failed', word: 'conflict' }
  return draft ? { tone: 'pending', word: 'draft' } : { tone: 'active', word: 'open' }
}

export function runState({ status, conclusion }: Pick<RunSummary, 'status' | 'conclusion'>): Shown {
  switch (status) {
    case 'finished':
      return ofConclusion(conclusion)
    case 'running':
      return { tone: 'active', word: 'running' }
    case 'waiting':
      return { tone: 'waiting', word: 'waits' }
    case 'queued':
      return { tone: 'pending', word: 'queued' }
  }
}

export function jobState({ phase, conclusion }: Pick<JobView, 'phase' | 'conclusion'>): Shown {
  switch (phase) {
    case 'finished':
      return ofConclusion(conclusion)
    case 'running':
      return { tone: 'active', word: 'running' }
    case 'deploying':
      return { tone: 'active', word: 'deploying' }
    case 'waiting':
      return { tone: 'waiting', word: 'waits' }
    case 'pending':
      return { tone: 'pending', word: 'to come' }
  }
}

export function stepState({ status, conclusion }: Pick<StepView, 'status' | 'conclusion'>): Shown {
  if (status === 'finished') return ofConclusion(conclusion)
  return status === 'running' ? { tone: 'active', word: 'running' } : { tone: 'pending', word: 'to come' }
}

const stationWords: Readonly<Record<StationView['state'], string>> = {
  done: 'done',
  active: 'running',
  waiting: 'waits',
  failed: 'failed',
  skipped: 'skipped',
  pending: 'to come',
}

export function stationState(state: StationView['state']): Shown {
  return { tone: state, word: stationWords[state] }
}

export function deploymentState({ status, conclusion, why }: Pick<DeploymentSummary, 'status' | 'conclusion' | 'why'>): Shown {
  switch (status) {
    case 'waiting-for-approval':
      return { tone: 'waiting', word: 'waits for approval' }
    case 'waiting':
      return { tone: 'waiting', word: 'waits' }
    case 'rolling':
      return { tone: 'active', word: 'rolling out' }
    case 'paused':
      return { tone: 'waiting', word: 'paused' }
    case 'aborting':
      return { tone: 'failed', word: 'going back' }
    case 'done':
      return why.code === 'rolled-back' ? { tone: 'failed', word: 'rolled back' } : ofConclusion(conclusion)
  }
}

export function healthState(health: EnvironmentSummary['health']): Shown {
  switch (health) {
    case 'ok':
      return { tone: 'done', word: 'healthy' }
    case 'degraded':
      return { tone: 'waiting', word: 'degraded' }
    case 'down':
      return { tone: 'failed', word: 'down' }
    case 'empty':
      return { tone: 'pending', word: 'nothing runs' }
  }
}

export function entryState(state: TimelineEntry['state']): Shown {
  switch (state) {
    case 'good':
      return { tone: 'done', word: 'good' }
    case 'bad':
      return { tone: 'failed', word: 'bad' }
    case 'waiting':
      return { tone: 'waiting', word: 'waiting' }
    case 'info':
      return { tone: 'info', word: '' }
  }
}
