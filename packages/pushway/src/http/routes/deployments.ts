// One deployment: look, approve, reject, pause, resume, abort.

import type { z } from 'zod'
import type { Action } from '../authorize.ts'
import { type Route, route } from '../route.ts'
import { approval, why, whyRequired } from '../schemas.ts'
import type { Services } from '../services.ts'

export function deploymentRoutes({ commands, queries }: Services): readonly Route[] {
  const id = (params: Readonly<Record<string, string>>): string => params.id ?? ''
  const projectOf = ({ params }: { params: Readonly<Record<string, string>> }) => queries.ownerOf(id(params))
  const command = <B>(name: string, options: { action: Action; summary: string; body?: z.ZodType<B>; run: (id: string, body: B, by: string) => void }): Route =>
    route<B>({
      method: 'POST',
      path: `/deployments/:id/${name}`,
      action: options.action,
      summary: options.summary,
      ...(options.body ? { body: options.body } : {}),
      projectOf,
      handle({ params, body, by }) {
        options.run(id(params), body, by)
        return queries.deployment(id(params), by)
      },
    })
  return [
    route({
      method: 'GET',
      path: '/deployments/:id',
      action: 'deployment.read',
      summary: 'One deployment with its changes, approval, rollout and evidence.',
      projectOf,
      handle: ({ params, by }) => queries.deployment(id(params), by),
    }),
    command('approve', {
      action: 'deployment.decide',
      summary: 'Approve what was looked at: `contentDigest` is what the answer of GET named.',
      body: approval,
      run: (deployment, { why: reason, contentDigest }, by) =>
        commands.approve(deployment, { why: reason, ...(contentDigest === undefined ? {} : { contentDigest }) }, by),
    }),
    command('reject', {
      action: 'deployment.decide',
      summary: 'Reject it, saying why.',
      body: whyRequired,
      run: (deployment, body, by) => commands.reject(deployment, body.why, by),
    }),
    command('pause', { action: 'deployment.control', summary: 'Hold the rollout where it is.', run: (deployment, _, by) => commands.pause(deployment, by) }),
    command('resume', { action: 'deployment.control', summary: 'Let it go on.', run: (deployment, _, by) => commands.resume(deployment, by) }),
    command('abort', {
      action: 'deployment.control',
      summary: 'Give all traffic back to the release before.',
      body: why,
      run: (deployment, body, by) => commands.abort(deployment, body.why, by),
    }),
  ]
}
