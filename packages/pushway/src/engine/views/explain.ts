// Why something is as it is: the facts of its stream in words, and the newest decision's reason.

import type { StoredEvent } from '@pushway/core/event/types.ts'
import { streams } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { ReasonText } from '@pushway/core/reason/reasons.ts'
import { reason } from '@pushway/core/reason/reasons.ts'
import { deploymentReason } from '@pushway/core/rollout/state.ts'
import { jobReason } from '@pushway/core/run/reason.ts'
import type { ExplainView } from '@pushway/core/views/types.ts'
import type { Workshop } from '../../model/workshop.ts'
import { sayEvent } from './say-event.ts'

/** The explanation of a run or deployment by id. @throws PushwayError `not-found` */
export function explainView(shop: Workshop, id: string): ExplainView {
  const run = shop.states.run(id)
  if (run.seq > 0) return explained(shop, streams.run(id), runNow(shop, id))
  const deployment = shop.states.deployment(id)
  if (deployment.seq === 0) throw fail('not-found', { what: 'run or deployment', name: id })
  const stream = streams.deployment(id)
  const note = deployment.state.closed ? undefined : shop.notes.get(stream)
  return explained(shop, stream, note ?? deploymentReason(deployment.state))
}

function runNow(shop: Workshop, id: string): ReasonText {
  const { state } = shop.states.run(id)
  if (state.finished) return reason('failed', { problem: `Finished: ${state.conclusion ?? 'unknown'}.` })
  const waiting = [...state.jobs.keys()].flatMap((job) => jobReason(state, job) ?? [])
  return waiting[0] ?? reason('failed', { problem: 'Its jobs are running.' })
}

function explained(shop: Workshop, stream: string, now: ReasonText): ExplainView {
  const facts = shop.world.store.read(stream).map((event: StoredEvent) => ({ seq: event.seq, at: event.at, type: event.body.type, text: sayEvent(event.body) }))
  return { stream, now, facts }
}
