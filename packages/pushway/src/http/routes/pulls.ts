// Pull requests of a project, when its scheduled workflows run next, and the approval of a fork's runs.

import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import type { PullPlace } from '../../ports/service.ts'
import { type Call, type Route, route } from '../route.ts'
import { count } from '../schemas.ts'
import type { Services } from '../services.ts'

const text = z.string().max(65_536)
const branch = z.string().min(1).max(500)
const newPull = z.object({ title: text, body: text.default(''), head: branch, base: branch.optional(), draft: z.boolean().default(false) })
const edit = z.object({ title: text.optional(), body: text.optional(), base: branch.optional(), draft: z.boolean().optional() })
const merge = z.object({
  method: z.enum(['merge', 'squash']).default('merge'),
  title: text.optional(),
  message: text.optional(),
  sha: z.string().max(40).optional(),
})
const labels = z.object({ add: z.array(z.string().min(1).max(50)).max(100).default([]), remove: z.array(z.string().max(50)).max(100).default([]) })
const list = z.object({ state: z.enum(['open', 'closed', 'all']).default('open'), limit: count(50, 1000) })

const base = '/projects/:owner/:name/pulls'

type Named = Pick<Call<unknown, unknown>, 'project' | 'params' | 'by' | 'principal'>

function placeOf({ project, params }: Named): PullPlace {
  const { number = '' } = params
  if (!/^[1-9]\d{0,9}$/.test(number)) throw fail('not-found', { what: 'pull request', name: number })
  return { project, number: Number(number) }
}

const whoOf = ({ by, principal }: Named) => ({ by, ...(principal?.kind === 'run' ? { byRun: true } : {}) })

export function pullRoutes(services: Services): readonly Route[] {
  const { commands, queries, repositories } = services
  return [
    route({
      method: 'GET',
      path: base,
      action: 'pulls.read',
      summary: 'The pull requests, newest first.',
      query: list,
      handle: ({ project, query }) => queries.pulls(project, { limit: query.limit, ...(query.state === 'all' ? {} : { state: query.state }) }),
    }),
    route({
      method: 'POST',
      path: base,
      action: 'pulls.write',
      summary: 'Open a pull request from a branch into another one, the default branch unless told.',
      body: newPull,
      status: 201,
      async handle(call) {
        const { project, body } = call
        const into = body.base ?? (await repositories.defaultBranch(project)).slice('refs/heads/'.length)
        return commands.openPull(project, { ...body, base: into }, whoOf(call))
      },
    }),
    route({ method: 'GET', path: `${base}/:number`, action: 'pulls.read', summary: 'One pull request, whole.', handle: (call) => queries.pull(placeOf(call)) }),
    route({
      method: 'PUT',
      path: `${base}/:number`,
      action: 'pulls.write',
      summary: 'Change its title, text, base, or whether it is a draft.',
      body: edit,
      handle(call) {
        const given = Object.entries(call.body).filter(([, value]) => value !== undefined)
        return commands.editPull(placeOf(call), Object.fromEntries(given), whoOf(call))
      },
    }),
    ...pullActions(services),
    route({
      method: 'GET',
      path: '/projects/:owner/:name/schedules',
      action: 'schedule.read',
      summary: 'When scheduled workflows run next, soonest first.',
      handle: ({ project }) => queries.schedules(project),
    }),
    route({
      method: 'POST',
      path: '/projects/:owner/:name/runs/:number/approve',
      action: 'run.control',
      summary: "Let a run of a fork's code go on.",
      handle(call) {
        const { project, number } = placeOf(call)
        commands.approveRun(queries.run({ project, number }).id, call.by)
      },
    }),
  ]
}

function pullActions({ commands }: Services): readonly Route[] {
  return [
    route({
      method: 'POST',
      path: `${base}/:number/close`,
      action: 'pulls.write',
      summary: 'Close it.',
      handle: (call) => commands.closePull(placeOf(call), whoOf(call)),
    }),
    route({
      method: 'POST',
      path: `${base}/:number/reopen`,
      action: 'pulls.write',
      summary: 'Open it again.',
      handle: (call) => commands.reopenPull(placeOf(call), whoOf(call)),
    }),
    route({
      method: 'POST',
      path: `${base}/:number/merge`,
      // It writes to the base's branch, too.
      action: 'contents.write',
      summary: 'Merge it into its base: with a commit of two parents, or squashed into one.',
      body: merge,
      handle(call) {
        const { method, title, message, sha } = call.body
        const words = { ...(title === undefined ? {} : { title }), ...(message === undefined ? {} : { message }), ...(sha === undefined ? {} : { sha }) }
        return commands.mergePull(placeOf(call), { method, ...words }, whoOf(call))
      },
    }),
    route({
      method: 'POST',
      path: `${base}/:number/labels`,
      action: 'issues.write',
      summary: 'Give it labels and take some off.',
      body: labels,
      handle: (call) => commands.labelPull(placeOf(call), call.body, whoOf(call)),
    }),
    route({
      method: 'POST',
      path: `${base}/:number/comments`,
      action: 'issues.write',
      summary: 'Comment on it.',
      body: z.object({ body: text.min(1, 'must not be empty') }),
      status: 201,
      handle: async (call) => ({ id: await commands.commentPull(placeOf(call), call.body.body, whoOf(call)) }),
    }),
  ]
}
