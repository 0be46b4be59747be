// Approvals: who may answer, what it binds to, and how it ends.

import { describe, expect, test } from 'vitest'
import type { ApprovalRule } from '../project/types.ts'
import { PushwayError } from '../reason/errors.ts'
import { type ApprovalSubject, approve, decideApproval, mayApprove, reject, supersede } from './approval.ts'
import { type DeploymentState, deploymentReason, deploymentStatus, evolveDeployment, initialDeployment } from './state.ts'
import type { DeploymentEvent } from './types.ts'

const rule: ApprovalRule = { reviewers: ['ann', 'bob', '@ops'], required: 1, expiresMs: 1000, self: false }
const subject: ApprovalSubject = { contentDigest: `sha256:${'a'.repeat(64)}`, changes: [] }
const changed: ApprovalSubject = { contentDigest: `sha256:${'b'.repeat(64)}`, changes: [] }

function after(state: DeploymentState, events: readonly DeploymentEvent[], at = 0): DeploymentState {
  return events.reduce((before, event) => evolveDeployment(before, event, at), state)
}

function opened(withRule?: ApprovalRule): DeploymentState {
  const created: DeploymentEvent = {
    type: 'DeploymentCreated',
    project: 'acme/hello',
    environment: 'production',
    release: 'r1',
    job: 'deploy-prod',
    by: 'dev',
    kind: 'deploy',
    deploys: true,
    ...(withRule ? { rule: withRule } : {}),
  }
  const state = after(initialDeployment('d1'), [created])
  return after(state, decideApproval(state, subject, 0).events)
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof PushwayError) return error.code
    throw error
  }
  return 'no error'
}

describe('an approval', () => {
  test('without a rule is not asked', () => {
    expect(opened().cleared).toBe(true)
    expect(deploymentReason(opened()).code).toBe('waiting-for-steps')
  })

  test('with a rule is asked, and says whom it waits for', () => {
    expect(deploymentStatus(opened(rule))).toBe('waiting-for-approval')
    expect(deploymentReason(opened(rule)).sentence).toBe('Waiting for 1 approval (ann, bob, @ops).')
  })

  test.each([
    { when: 'a reviewer approves', answer: { by: 'ann', why: 'ok' }, now: 1, gives: 'no error' },
    { when: 'a member of a team approves', answer: { by: 'zoe', teams: ['ops'], why: 'ok' }, now: 1, gives: 'no error' },
    { when: 'somebody else approves', answer: { by: 'zoe', why: 'ok' }, now: 1, gives: 'approval-not-reviewer' },
    { when: 'who started the run approves', answer: { by: 'ann', why: 'ok', runActor: 'ann' }, now: 1, gives: 'approval-self' },
    { when: 'it changed since the person looked', answer: { by: 'ann', why: 'ok', contentDigest: changed.contentDigest }, now: 1, gives: 'approval-stale' },
    { when: 'the time is over', answer: { by: 'ann', why: 'ok' }, now: 1000, gives: 'approval-not-open' },
  ])('when $when: $gives', ({ answer, now, gives }) => {
    const state = opened(rule)
    expect(codeOf(() => approve(state, answer, now))).toBe(gives)
    expect(mayApprove(state, answer, now) || gives === 'approval-stale').toBe(gives === 'no error' || gives === 'approval-stale')
  })

  test('of two needs two people; one person counts once', () => {
    const state = opened({ ...rule, required: 2 })
    const once = after(state, approve(state, { by: 'ann', why: 'ok' }, 1))
    expect(once.cleared).toBe(false)
    expect(approve(once, { by: 'ann', why: 'again' }, 2)).toEqual([])
    expect(after(once, approve(once, { by: 'bob', why: 'ok' }, 3)).cleared).toBe(true)
  })

  test('that is rejected ends the deployment', () => {
    const state = opened(rule)
    const ended = after(state, reject(state, { by: 'bob', why: 'not today' }, 1))
    expect(ended.closed?.reason.sentence).toBe('Rejected by bob: not today.')
    expect(codeOf(() => approve(ended, { by: 'ann', why: 'ok' }, 2))).toBe('approval-not-open')
  })

  test('that nobody gives expires', () => {
    const { events } = decideApproval(opened(rule), subject, 1000)
    expect(events.map((event) => event.type)).toEqual(['ApprovalExpired', 'DeploymentClosed'])
  })

  test('is void and asked again when the content changed after it was given', () => {
    const open = opened(rule)
    const given = after(open, approve(open, { by: 'ann', why: 'ok' }, 1))
    expect(decideApproval(given, subject, 2).events).toEqual([])
    const again = after(given, decideApproval(given, changed, 2).events, 2)
    expect(again.cleared).toBe(false)
    expect(again.approval).toMatchObject({ state: 'open', contentDigest: changed.contentDigest, given: [], expiresAt: 1002 })
    expect(again.approval?.voided).toContain('sha256:bbbbbbbbbbbb')
  })

  test('gives way to a newer deployment, unless it has begun', () => {
    const state = opened(rule)
    expect(after(state, supersede(state, 'd2')).closed?.reason.code).toBe('superseded')
    const plan = { strategy: { kind: 'rolling' }, services: [], removed: [], steps: [], kept: [], serving: {}, sideBySide: true } as never
    expect(supersede(after(state, [{ type: 'RolloutStarted', plan, target: 'r1' }]), 'd2')).toEqual([])
  })
})
