// A rollout as it goes: traffic split between old and new, both sides' numbers, the verdict, the steps.

import type { TrafficCounts, Verdict } from '@pushway/core/rollout/types.ts'
import type { DeploymentView, ReleaseView, RolloutView } from '@pushway/core/views/types.ts'
import { count, percent, shortCommit } from '../lib/format.ts'
import { Section } from './basics.tsx'
import { RolloutControls } from './controls.tsx'
import { deploymentState, StateIcon, StateMark, type Tone } from './state.tsx'

/** The rollout of a deployment; nothing while it has none. */
export function Rollout({ deployment, onDone }: { readonly deployment: DeploymentView; readonly onDone: () => void }) {
  const { rollout, release, previous } = deployment
  if (!rollout) return null
  return (
    <Section title="Rollout" aside={<StateMark {...deploymentState(deployment)} />}>
      <div class="rollout boxed">
        <div class="rollout-head">
          <p class="rollout-why" role="status">
            {deployment.why.sentence}
          </p>
          {deployment.status !== 'done' && <RolloutControls deployment={deployment} onDone={onDone} />}
        </div>
        <Split rollout={deployment.status === 'done' ? asJudged(rollout) : rollout} fresh={release} baseline={previous} />
        {rollout.verdict && <VerdictLine verdict={rollout.verdict} />}
        <Steps rollout={rollout} />
      </div>
    </Section>
  )
}

/** Once it is over there is nothing to count any more: the numbers of the last judgement stay. */
function asJudged(rollout: RolloutView): RolloutView {
  const { verdict } = rollout
  return verdict ? { ...rollout, fresh: verdict.fresh, ...(verdict.baseline ? { baseline: verdict.baseline } : {}) } : rollout
}

function Split({
  rollout,
  fresh,
  baseline,
}: {
  readonly rollout: RolloutView
  readonly fresh: ReleaseView | undefined
  readonly baseline: ReleaseView | undefined
}) {
  const share = Math.min(100, Math.max(0, rollout.percent))
  return (
    <div class="split">
      <div class="split-bar" role="img" aria-label={`New release: ${share} % of the traffic; old release: ${100 - share} %`}>
        <div class="split-old" style={{ width: `${100 - share}%` }} />
        <div class="split-new" style={{ width: `${share}%` }} />
      </div>
      <div class="split-sides">
        <Side title="Old" className="side-old" share={100 - share} release={baseline} counts={rollout.baseline} />
        <Side title="New" className="side-new" share={share} release={fresh} counts={rollout.fresh} />
      </div>
    </div>
  )
}

interface SideProps {
  readonly title: string
  readonly className: string
  readonly share: number
  readonly release: ReleaseView | undefined
  readonly counts: TrafficCounts | undefined
}

function Side({ title, className, share, release, counts }: SideProps) {
  const rate = counts && counts.requests > 0 ? counts.errors / counts.requests : undefined
  return (
    <dl class={`side ${className}`}>
      <div class="side-head">
        <dt>
          {title} {release ? `#${release.number}` : 'none'} {release && <code class="hash">{shortCommit(release.commit)}</code>}
        </dt>
        <dd class="num">{share} %</dd>
      </div>
      <Measure name="Error rate" value={rate === undefined ? '–' : percent(rate)} bad={rate !== undefined && rate > 0.01} />
      <Measure name="p95" value={counts && counts.requests > 0 ? `${Math.round(counts.p95Ms)} ms` : '–'} />
      <Measure name="Requests" value={counts ? count(counts.requests) : '–'} />
      <Measure name="Errors" value={counts ? count(counts.errors) : '–'} bad={(counts?.errors ?? 0) > 0} />
    </dl>
  )
}

function Measure({ name, value, bad = false }: { readonly name: string; readonly value: string; readonly bad?: boolean }) {
  return (
    <div class="measure">
      <dt>{name}</dt>
      <dd class={`num${bad ? ' bad' : ''}`}>
        {bad && <StateIcon tone="failed" size={12} />}
        {value}
      </dd>
    </div>
  )
}

const verdicts: Readonly<Record<Verdict['outcome'], { readonly tone: Tone; readonly word: string }>> = {
  pass: { tone: 'done', word: 'Good' },
  fail: { tone: 'failed', word: 'Worse' },
  wait: { tone: 'waiting', word: 'Undecided' },
}

/** A verdict in words with its numbers. */
function VerdictLine({ verdict }: { readonly verdict: Verdict }) {
  return (
    <p class="verdict">
      <StateMark {...verdicts[verdict.outcome]} /> <span>{verdict.reason.sentence}</span>
    </p>
  )
}

const stepTones: Readonly<Record<RolloutView['steps'][number]['state'], { readonly tone: Tone; readonly word: string }>> = {
  done: { tone: 'done', word: 'done' },
  active: { tone: 'active', word: 'now' },
  pending: { tone: 'pending', word: 'to come' },
  skipped: { tone: 'skipped', word: 'skipped' },
}

function Steps({ rollout }: { readonly rollout: RolloutView }) {
  return (
    <ol class="steps" aria-label={`Steps of the ${rollout.strategy} rollout`}>
      {rollout.steps.map((step, index) => (
        <li key={`${index} ${step.text}`} class={`step-${step.state}`} aria-current={step.state === 'active' ? 'step' : undefined}>
          <StateIcon tone={stepTones[step.state].tone} />
          <span class="step-text">{step.text}</span>
          <span class="step-why dim">{step.why?.sentence ?? stepTones[step.state].word}</span>
        </li>
      ))}
    </ol>
  )
}
