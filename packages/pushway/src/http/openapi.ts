// The OpenAPI document of the API, made from the table of routes.

import { z } from 'zod'
import { needOf } from './authorize.ts'
import type { Route } from './route.ts'

/** OpenAPI 3.1 of these routes. */
export function describeApi(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = `/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pushway',
      version,
      description: 'Times are epoch milliseconds, durations milliseconds, shares 0..1. Errors are { error: { code, message, next, diagnostics } }.',
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' }, password: { type: 'http', scheme: 'basic' } },
      schemas: { Error: errorSchema },
    },
    paths,
  }
}

const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'next', 'diagnostics'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        next: { type: 'string' },
        diagnostics: { type: 'array', items: { type: 'object' } },
      },
    },
  },
}

function describeRoute(route: Route): unknown {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const success = route.status ?? 200
  return {
    summary: route.summary,
    'x-pushway-action': route.action,
    'x-pushway-needs': needOf(route.action),
    security: needOf(route.action) === 'nothing' ? [] : [{ token: [] }, { password: [] }],
    parameters: [...inPath, ...queryParameters(route)],
    ...(route.body ? { requestBody: { content: { 'application/json': { schema: toSchema(route.body) } } } } : {}),
    responses: {
      [success]: { description: 'Done.' },
      default: { description: 'An error.', content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } },
    },
  }
}

function queryParameters(route: Route): readonly unknown[] {
  if (!route.query) return []
  const { properties = {}, required = [] } = toSchema(route.query) as { properties?: Record<string, unknown>; required?: readonly string[] }
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }))
}

function toSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}
