// What may be done with a rollout: pause, resume, abort.

import type { DeploymentSummary } from '@pushway/core/views/types.ts'
import { useState } from 'preact/hooks'
import { request } from '../lib/api.ts'
import { Ask, type Question, useAct } from './ask.tsx'
import { ErrorBox } from './basics.tsx'

/** The buttons that fit the deployment's state. */
export function RolloutControls({ deployment, onDone }: { readonly deployment: DeploymentSummary; readonly onDone: () => void }) {
  const [question, setQuestion] = useState<Question | undefined>()
  const { act, busy, error, dismiss } = useAct()
  const { id, status } = deployment
  const send = async (verb: string, body: unknown = {}) => {
    await request(`/deployments/${encodeURIComponent(id)}/${verb}`, { method: 'POST', body })
    onDone()
  }
  const abort: Question = {
    title: 'Abort this rollout?',
    says: `All traffic goes back to ${'previous' in deployment && deployment.previous ? 'the old release' : 'what ran before'}; the new instances finish their requests and stop.`,
    verb: 'Abort and go back',
    danger: true,
    reason: 'optional',
    run: (why) => send('abort', { why }),
  }
  return (
    <>
      <div class="actions">
        {status === 'rolling' && (
          <button type="button" disabled={busy} onClick={() => void act(() => send('pause'))}>
            Pause
          </button>
        )}
        {status === 'paused' && (
          <button type="button" class="primary" disabled={busy} onClick={() => void act(() => send('resume'))}>
            Resume
          </button>
        )}
        {(status === 'rolling' || status === 'paused' || status === 'waiting') && (
          <button type="button" class="danger" disabled={busy} onClick={() => setQuestion(abort)}>
            Abort…
          </button>
        )}
      </div>
      <ErrorBox error={error} onDismiss={dismiss} />
      {question && <Ask question={question} onClose={() => setQuestion(undefined)} />}
    </>
  )
}
