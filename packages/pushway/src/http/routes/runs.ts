// Runs of workflows: list, look, cancel, re-run, logs, dispatch.

import { fail } from '@pushway/core/reason/errors.ts'
import type { RunView } from '@pushway/core/views/types.ts'
import { z } from 'zod'
import { sendJobLog, sendLogText } from '../log-stream.ts'
import { RawAnswer, type Route, route } from '../route.ts'
import { count, flag, limit } from '../schemas.ts'
import type { Services } from '../services.ts'

const which = z.union([z.enum(['all', 'failed']), z.object({ job: z.string().min(1).max(500) })])
const logQuery = z.object({
  cursor: count(0, Number.MAX_SAFE_INTEGER),
  attempt: z.coerce.number().int().min(1).optional(),
  limit: count(256 * 1024, 4 * 1024 * 1024),
  follow: flag,
  raw: flag,
})
const dispatch = z.object({
  workflow: z.string().min(1).max(500),
  ref: z.string().min(1).max(500),
  inputs: z.record(z.string().max(200), z.coerce.string().max(65_536)).default({}),
})

export function runRoutes(services: Services): readonly Route[] {
  const { commands, queries } = services
  const runOf = ({ project, params }: { project: string; params: Readonly<Record<string, string>> }): RunView => {
    const text = params.number ?? ''
    if (!/^[1-9]\d{0,9}$/.test(text)) throw fail('not-found', { what: 'run', name: text })
    return queries.run({ project, number: Number(text) })
  }
  return [
    route({
      method: 'GET',
      path: '/projects/:owner/:name/runs',
      action: 'run.read',
      summary: 'The newest runs.',
      query: limit,
      handle: ({ project, query }) => queries.runs(project, query.limit),
    }),
    route({ method: 'GET', path: '/projects/:owner/:name/runs/:number', action: 'run.read', summary: 'One run with its jobs and steps.', handle: runOf }),
    route({
      method: 'POST',
      path: '/projects/:owner/:name/runs/:number/cancel',
      action: 'run.control',
      summary: 'Cancel a run; `force`, or a second time, kills its jobs.',
      body: z.object({ force: z.boolean().default(false) }),
      handle: (call) => commands.cancelRun(runOf(call).id, call.body.force, call.by),
    }),
    route({
      method: 'POST',
      path: '/projects/:owner/:name/runs/:number/rerun',
      action: 'run.control',
      summary: 'Run all jobs again, or the failed ones, or one; and those that need them. `debug` shows more in their logs.',
      body: z.object({ which: which.default('all'), debug: z.boolean().default(false) }),
      handle: (call) => commands.rerun(runOf(call).id, call.body, call.by),
    }),
    route({
      method: 'GET',
      path: '/projects/:owner/:name/runs/:number/jobs/:job/log',
      action: 'run.read',
      summary: 'Log lines after a cursor; `follow` streams pages as NDJSON (or server-sent events) until the job has ended, `raw` is the text.',
      query: logQuery,
      handle(call) {
        const { query, signal } = call
        const job = call.params.job ?? ''
        const run = runOf(call).id
        const read = (cursor: number) => queries.jobLog({ run, job, attempt: query.attempt, cursor, limit: query.limit })
        if (query.raw) return new RawAnswer((_, res) => sendLogText(res, read, { name: `${job}.log`, signal }))
        if (query.follow) return new RawAnswer((req, res) => sendJobLog(req, res, { read, cursor: query.cursor, signal }))
        return read(query.cursor)
      },
    }),
    route({
      method: 'POST',
      path: '/projects/:owner/:name/dispatches',
      action: 'run.control',
      summary: 'Start a workflow by hand.',
      body: dispatch,
      status: 201,
      handle: ({ project, body, by }) => commands.dispatchWorkflow(project, body, by),
    }),
  ]
}
