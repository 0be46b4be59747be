// The decision on a deployment: who may, how many are missing, until when; approve or reject with a reason.

import type { ApprovalView, DeploymentView } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { plural } from '../lib/format.ts'
import { useAct } from './ask.tsx'
import { DigestText, ErrorBox, Section, Time } from './basics.tsx'
import { type Shown, StateMark } from './state.tsx'

const states: Readonly<Record<ApprovalView['state'], Shown>> = {
  open: { tone: 'waiting', word: 'open' },
  given: { tone: 'done', word: 'approved' },
  rejected: { tone: 'failed', word: 'rejected' },
  expired: { tone: 'failed', word: 'expired' },
  void: { tone: 'failed', word: 'void' },
}

export function Approval({
  deployment,
  approval,
  onDone,
}: {
  readonly deployment: DeploymentView
  readonly approval: ApprovalView
  readonly onDone: () => void
}) {
  const missing = Math.max(0, approval.required - approval.given.length)
  return (
    <Section title="Approval" aside={<StateMark {...states[approval.state]} />}>
      <div class={`approval boxed approval-${approval.state}`}>
        {approval.void !== undefined && (
          <p class="void" role="alert">
            <strong>This approval no longer holds.</strong> {approval.void}
          </p>
        )}
        <dl class="facts-list">
          <Fact name="Needs">
            {plural(approval.required, 'approval')}
            {approval.state === 'open' && `, ${missing === 0 ? 'none' : missing} missing`}
          </Fact>
          <Fact name="May approve">{approval.reviewers.length > 0 ? approval.reviewers.join(', ') : 'everyone who may write to the project'}</Fact>
          {(approval.state === 'open' || approval.state === 'expired') && (
            <Fact name={approval.state === 'open' ? 'Expires' : 'Expired'}>
              <Time at={approval.expiresAt} />
            </Fact>
          )}
          <Fact name="Binds to">
            <DigestText digest={approval.contentDigest} />
          </Fact>
        </dl>
        <ul class="decisions">
          {approval.given.map(({ by, why, at }) => (
            <li key={`${by} ${at}`}>
              <StateMark tone="done" word={`approved by ${by}`} /> <Time at={at} /> {why !== '' && <q>{why}</q>}
            </li>
          ))}
          {approval.rejected && (
            <li>
              <StateMark tone="failed" word={`rejected by ${approval.rejected.by}`} /> <Time at={approval.rejected.at} /> <q>{approval.rejected.why}</q>
            </li>
          )}
        </ul>
        {approval.mine && <Decide id={deployment.id} approval={approval} onDone={onDone} />}
        {approval.state === 'open' && !approval.mine && <p class="dim">You cannot decide this one: another person of those who may has to.</p>}
      </div>
    </Section>
  )
}

function Fact({ name, children }: { readonly name: string; readonly children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function Decide({ id, approval, onDone }: { readonly id: string; readonly approval: ApprovalView; readonly onDone: () => void }) {
  // What was on the screen when deciding is what is decided; if it changed meanwhile the server refuses.
  const [why, setWhy] = useState('')
  const { act, busy, error, dismiss } = useAct()
  const decide = async (verb: 'approve' | 'reject') => {
    const body = verb === 'approve' ? { why: why.trim(), contentDigest: approval.contentDigest } : { why: why.trim() }
    if (await act(() => request(`/deployments/${encodeURIComponent(id)}/${verb}`, { method: 'POST', body }))) onDone()
  }
  return (
    <form class="decide" onSubmit={(event) => event.preventDefault()}>
      <label class="field">
        <span>
          Reason <span class="dim">(needed to reject)</span>
        </span>
        <textarea name="why" rows={2} value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
      </label>
      <ErrorBox error={error} onDismiss={dismiss} />
      <div class="actions">
        <button type="button" class="primary" disabled={busy} onClick={() => void decide('approve')}>
          Approve
        </button>
        <button type="button" class="danger" disabled={busy || why.trim() === ''} onClick={() => void decide('reject')}>
          Reject
        </button>
      </div>
    </form>
  )
}
