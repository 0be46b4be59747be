// Projects, their images, what happened in them, and why things are as they are.

import { fail } from '@pushway/core/reason/errors.ts'
import { z } from 'zod'
import { type Asker, authorize, may } from '../authorize.ts'
import { isSameName, registerProject } from '../register-project.ts'
import { type Route, route } from '../route.ts'
import { count, projectName } from '../schemas.ts'
import type { Services } from '../services.ts'

const newProject = z.object({ name: projectName, import: z.string().max(2000).optional() })
const timeline = z.object({
  project: projectName.optional(),
  environment: z.string().max(200).optional(),
  kind: z.string().max(50).optional(),
  by: z.string().max(200).optional(),
  limit: count(100, 1000),
})

/** Makes a project and its repository; the creator administers it. */
async function createProject(services: Services, name: string, options: { readonly by: string; readonly from?: string | undefined }) {
  const { repositories, queries } = services
  if (queries.projectNames().some((other) => isSameName(other, name))) throw fail('already-exists', { what: 'Project', name })
  if (options.from === undefined) await repositories.create(name)
  else await repositories.importFrom(name, options.from)
  return registerProject(services, name, options.by)
}

export function projectRoutes(services: Services): readonly Route[] {
  const { accounts, queries } = services
  return [
    route({
      method: 'GET',
      path: '/projects',
      action: 'project.list',
      summary: 'The projects the caller may see.',
      handle: ({ principal }) => queries.projects().filter((project) => may({ accounts, principal }, 'project.read', project.name)),
    }),
    route({
      method: 'POST',
      path: '/projects',
      action: 'project.create',
      summary: 'Create a project, empty or from a URL (administrators: also from a folder of the server).',
      body: newProject,
      status: 201,
      projectOf: ({ body }) => body.name,
      handle({ body, by, principal }) {
        if (body.import !== undefined && !/^(https?|ssh):\/\//.test(body.import)) requireAdmin(services, principal)
        return createProject(services, body.name, { by, from: body.import })
      },
    }),
    route({
      method: 'GET',
      path: '/projects/:owner/:name',
      action: 'project.read',
      summary: 'One project with its environments and the ways of its newest releases.',
      handle: ({ project }) => queries.project(project),
    }),
    route({
      method: 'GET',
      path: '/projects/:owner/:name/images',
      action: 'project.read',
      summary: 'The images that were pushed for the project.',
      handle: ({ project }) => queries.images(project),
    }),
    route({
      method: 'GET',
      path: '/timeline',
      action: 'project.list',
      summary: 'What happened, newest first, in the projects the caller may see.',
      query: timeline,
      handle({ query, principal }) {
        const { limit, ...wanted } = query
        const seen = queries.timeline({ ...definedOnly(wanted), limit: query.project === undefined ? limit * 4 : limit })
        return seen.filter((entry) => may({ accounts, principal }, 'project.read', entry.project)).slice(0, limit)
      },
    }),
    route({
      method: 'GET',
      path: '/explain/:id',
      action: 'project.read',
      summary: 'Why a run or deployment is as it is: the facts and the present reason.',
      projectOf: ({ params }) => queries.ownerOf(params.id ?? ''),
      handle: ({ params }) => queries.explain(params.id ?? ''),
    }),
  ]
}

function requireAdmin({ accounts }: Services, principal: Asker['principal']): void {
  authorize({ accounts, principal }, 'user.manage')
}

function definedOnly<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> }
}
