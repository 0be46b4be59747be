// Every state shown to people is a reason: a code, its facts, one sentence. CLI, API and UI use the same table.

/** A reason as it travels and is stored: `code` is stable, `sentence` is for people. */
export interface ReasonText {
  readonly code: ReasonCode
  readonly sentence: string
}

type Facts = Readonly<Record<string, string | number>>

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`

const reasons = {
  'waiting-for-ready': (f: { service: string; ready: number; wanted: number }) =>
    `Waiting until ${f.wanted} instances of ${f.service} are ready; ${f.ready} are.`,
  'growing-new': (f: { service: string; replicas: number }) => `Starting the new release of ${f.service}: ${f.replicas} instances.`,
  'preparing-new': (f: { service: string }) => `Fetching what the new release of ${f.service} needs; the old one still serves.`,
  'prepared-new': (f: { service: string }) => `What the new release of ${f.service} needs is there.`,
  'draining-old': (f: { service: string }) => `The old instances of ${f.service} finish their requests and stop.`,
  'retiring-old': () => 'The old release finishes its requests and stops.',
  'setting-weight': (f: { percent: number }) => `Giving ${f.percent} % of the traffic to the new release.`,
  'weight-set': (f: { percent: number }) => `The new release gets ${f.percent} % of the traffic.`,
  analysing: (f: { percent: number; leftMs: number }) => `Watching the new release at ${f.percent} % for ${Math.ceil(f.leftMs / 1000)} more seconds.`,
  'too-little-traffic': (f: { requests: number; wanted: number }) =>
    `Only ${f.requests} of the ${f.wanted} requests needed to judge have come; waiting for more.`,
  'no-traffic-passed': (f: { requests: number }) => `Passed with ${f.requests} requests: the environment says to pass when there is too little traffic.`,
  'no-traffic-failed': (f: { requests: number; wanted: number }) =>
    `Only ${f.requests} of the ${f.wanted} requests needed to judge came in time, and the environment says that this fails.`,
  'error-rate-ok': (f: { rate: number; limit: number; requests: number }) =>
    `${percent(f.rate)} of ${f.requests} requests failed; up to ${percent(f.limit)} is allowed.`,
  'error-rate-high': (f: { rate: number; limit: number; baseline: number; requests: number }) =>
    `${percent(f.rate)} of ${f.requests} requests to the new release failed (old release: ${percent(f.baseline)}; allowed: ${percent(f.limit)}).`,
  'latency-high': (f: { p95: number; limit: number }) =>
    `The new release answers 95 % of its requests within ${Math.round(f.p95)} ms; the limit is ${Math.round(f.limit)} ms.`,
  verifying: (f: { workflow: string }) => `The end-to-end check ${f.workflow} runs against the new release.`,
  'waiting-for-engine': (f: { problem: string }) => `Waiting: ${f.problem} It goes on when it is back.`,
  'verify-passed': (f: { workflow: string }) => `The end-to-end check ${f.workflow} succeeded.`,
  'verify-failed': (f: { workflow: string }) => `The end-to-end check ${f.workflow} failed.`,
  'not-ready-in-time': (f: { service: string; seconds: number; problem: string }) => `${f.service} was not ready within ${f.seconds} seconds: ${f.problem}.`,
  'keeps-crashing': (f: { service: string; crashes: number; problem: string }) => `${f.service} stopped by itself ${f.crashes} times: ${f.problem}.`,
  'new-side-gone': (f: { service: string }) => `No instance of the new release of ${f.service} is ready any more.`,
  'aborted-by-user': (f: { by: string; why: string }) => `Aborted by ${f.by}: ${f.why}.`,
  'going-back': () => 'All traffic goes back to the old release; the new one is being stopped.',
  'rolled-back': (f: { because: string }) => `Rolled back by itself. ${f.because}`,
  paused: (f: { by: string }) => `Paused by ${f.by}.`,
  'rollout-complete': () => 'The new release serves all traffic.',
  'nothing-to-do': () => 'This release runs already.',
  'waiting-for-approval': (f: { missing: number; reviewers: string }) => `Waiting for ${f.missing} approval${f.missing === 1 ? '' : 's'} (${f.reviewers}).`,
  'approval-rejected': (f: { by: string; why: string }) => `Rejected by ${f.by}: ${f.why}.`,
  'approval-expired': () => 'Nobody approved in time.',
  'approval-voided': (f: { because: string }) => `The approval no longer holds: ${f.because}`,
  'waiting-for-rollout': (f: { deployment: string }) => `Waiting for rollout ${f.deployment} of the same environment to end.`,
  'waiting-for-steps': (f: { job: string }) => `Waiting for the steps of job ${f.job}.`,
  superseded: (f: { by: string }) => `A newer deployment, ${f.by}, took its place before it began.`,
  'not-proven-in-staging': (f: { image: string; from: string }) => `${f.image} was never verified in ${f.from}.`,
  'waiting-for-evidence': (f: { image: string }) => `Waiting until ${f.image} is signed and its contents are listed.`,
  'image-without-evidence': (f: { image: string; environment: string; lacks: string; because: string }) =>
    `${f.image} has no ${f.lacks.replace(/^a /, '').replaceAll(' and a ', ' and no ').replaceAll(', a ', ', no ')}, which ${f.environment} requires${f.because}.`,
  'branch-not-allowed': (f: { environment: string; branch: string; ref: string }) =>
    `${f.environment} takes releases of branch ${f.branch} only, not of ${f.ref}.`,
  'nothing-is-deployed': (f: { environment: string }) => `${f.environment} has no files in pushway.yml: it gives secrets and a record, nothing is deployed.`,
  'steps-did-not-succeed': (f: { job: string }) => `The steps of job ${f.job} did not succeed, so nothing was deployed.`,
  'runner-lost': (f: { job: string; step: string }) =>
    `The worker of job ${f.job} ended during step "${f.step}" without a result. It is not repeated by itself: re-run the job.`,
  'job-timed-out': (f: { minutes: number }) => `Stopped after ${f.minutes} minutes (timeout-minutes).`,
  'needs-not-met': (f: { jobs: string }) => `Skipped because ${f.jobs} did not succeed.`,
  'condition-false': (f: { condition: string }) => `Skipped: ${f.condition} is false.`,
  'cancelled-by-user': (f: { by: string }) => `Cancelled by ${f.by}.`,
  'waiting-for-runner': () => 'Ready to start.',
  'waiting-for-clearance': (f: { environment: string }) => `Waiting for the protection rules of ${f.environment}.`,
  'deploying-to': (f: { environment: string }) => `The steps succeeded; the release is being deployed to ${f.environment}.`,
  'run-finished': (f: { conclusion: string }) => `The run has ended: ${f.conclusion}.`,
  'run-moves-on': (f: { running: number; waiting: number }) => `${f.running} jobs run, ${f.waiting} wait.`,
  'waiting-for-run-approval': (f: { by: string }) => `Waiting until somebody approves this run: ${f.by} wants to run code of a fork.`,
  'waiting-for-group': (f: { group: string; ahead: string }) => `Waiting for ${f.ahead} of the concurrency group "${f.group}".`,
  'replaced-in-group': (f: { group: string; by: string }) => `Cancelled because ${f.by} came after it in the concurrency group "${f.group}".`,
  'cancelled-in-group': (f: { group: string; by: string }) => `Cancelled because ${f.by} wants the concurrency group "${f.group}" (cancel-in-progress).`,
  'group-is-full': (f: { group: string; most: number }) => `Cancelled because ${f.most} wait for the concurrency group "${f.group}" already.`,
  'group-deadlock': (f: { group: string }) => `Cancelled because its own run is in the concurrency group "${f.group}": it would wait for ever.`,
  'waiting-for-leg': (f: { most: number }) => `Waiting for another leg of its matrix to end: ${f.most} run at once (max-parallel).`,
  'leg-not-wanted': (f: { leg: string }) => `Cancelled because ${f.leg} failed (fail-fast).`,
  'waiting-for-job': (f: { jobs: string }) => `Waiting for ${f.jobs}.`,
  'deployment-opening': () => 'The rules of the environment are being checked.',
  'deployment-cleared': () => 'The rules of the environment are satisfied.',
  'waiting-to-begin': () => 'Waiting for its turn to begin.',
  'old-is-gone': () => 'The old release has stopped.',
  'grown-ready': (f: { service: string; replicas: number }) => `${f.replicas} new instances of ${f.service} are ready.`,
  'shrunk-old': (f: { service: string; replicas: number }) => `${f.replicas} old instances of ${f.service} are left.`,
  'restoring-old': (f: { service: string; ready: number; wanted: number }) =>
    `Going back: the old release of ${f.service} is started again; ${f.ready} of ${f.wanted} instances are ready.`,
  'weight-going-back': () => 'Going back: all traffic is given to the old release.',
  'retiring-new': () => 'Going back: the new release finishes its requests and stops.',
  'judged-ok': (f: { rate: number; requests: number; p95: number }) =>
    `${f.requests} requests were served well: ${percent(f.rate)} failed, 95 % were answered within ${Math.round(f.p95)} ms.`,
  failed: (f: { problem: string }) => f.problem,
} satisfies Record<string, (facts: never) => string>

export type ReasonCode = keyof typeof reasons

/** A reason with its sentence, from its code and facts. */
export function reason<C extends ReasonCode>(code: C, ...facts: Parameters<(typeof reasons)[C]>): ReasonText {
  const say = reasons[code] as (facts?: Facts) => string
  return { code, sentence: say(facts[0] as Facts | undefined) }
}
