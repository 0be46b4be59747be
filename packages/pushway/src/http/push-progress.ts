// What a pusher sees (`remote: …`): the runs his push started with their addresses, and how their jobs go on for a while.

import type { JobView, RunView } from '@pushway/core/views/types.ts'
import type { GitPush } from '../git/server.ts'
import type { Services } from './services.ts'

const WAIT_MAX_MS = 6 * 3_600_000

/** Hands a push to the engine and shows what comes of it: for `showMs`, or with `-o wait` until its runs have ended. */
export async function reportPush(services: Services, push: GitPush, showMs: number): Promise<void> {
  const { commands, queries, clock, publicUrl } = services
  const { project, updates, principal } = push
  const received = { project, updates, source: 'git' as const, ...(principal.kind === 'run' ? { byRun: true } : {}) }
  const { runs, problems } = await commands.receivePush(received, principal.name)
  push.say('')
  for (const problem of problems) push.say(problem)
  for (const run of runs) push.say(`${run.workflowName} #${run.number}  ${publicUrl()}/${push.project}/runs/${run.number}`)
  if (runs.length === 0) return push.say(`${push.project}: no run was started.`)
  const wait = push.options.includes('wait')
  const until = clock.now() + (wait ? WAIT_MAX_MS : showMs)
  const shown = new Map<string, string>()
  let open = new Set(runs.map((run) => run.id))
  while (open.size > 0 && clock.now() < until && !push.signal.aborted) {
    const changed = nextChange(services, Math.min(1000, until - clock.now()), push.signal)
    const views = [...open].map((id) => queries.run(id))
    for (const view of views) sayJobs(push, view, { shown, many: runs.length > 1 })
    open = new Set(views.filter((view) => view.status !== 'finished').map((view) => view.id))
    if (!wait && views.every((view) => view.jobs.some((job) => job.phase !== 'pending'))) break
    if (open.size > 0) await changed
  }
  push.say('')
}

function sayJobs(push: GitPush, run: RunView, { shown, many }: { shown: Map<string, string>; many: boolean }): void {
  for (const job of run.jobs) {
    const text = jobText(job)
    const key = `${run.id} ${job.key}`
    if (shown.get(key) === text) continue
    shown.set(key, text)
    push.say(`  ${many ? `#${run.number} ` : ''}${job.name}: ${text}`)
  }
  if (run.status !== 'finished' || shown.has(run.id)) return
  shown.set(run.id, run.conclusion ?? '')
  for (const problem of run.problems) push.say(`  ${problem}`)
  push.say(`  ${run.workflowName} #${run.number}: ${run.conclusion ?? 'finished'}`)
}

function jobText(job: JobView): string {
  if (job.phase === 'finished') return job.conclusion ?? 'finished'
  return job.why && job.phase === 'waiting' ? `waiting: ${job.why.sentence}` : job.phase
}

/** Resolves at the next event of any kind, at the latest after `ms`. */
function nextChange({ queries }: Services, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', done)
      resolve()
    }
    const unsubscribe = queries.subscribe(done)
    const timer = setTimeout(done, Math.max(0, ms))
    signal.addEventListener('abort', done)
  })
}
