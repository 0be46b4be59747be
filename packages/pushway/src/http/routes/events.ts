// The one event stream of a tab: server-sent events with topics and a cursor.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { StoredEvent } from '@pushway/core/event/types.ts'
import { fail } from '@pushway/core/reason/errors.ts'
import type { LiveMessage } from '@pushway/core/views/types.ts'
import { z } from 'zod'
import type { Principal } from '../../ports/principal.ts'
import { authenticate } from '../authenticate.ts'
import { may } from '../authorize.ts'
import { RawAnswer, type Route, route } from '../route.ts'
import type { Services } from '../services.ts'
import { ALL, projectOfEvent, projectOfTopic, topicsOfEvent } from '../topics.ts'

const HEARTBEAT_MS = 15_000
/** A reader this far behind is cut off; it comes back with its cursor. */
const MAX_BEHIND = 4 * 1024 * 1024

const eventQuery = z.object({
  topics: z.string().max(20_000).default(ALL),
  cursor: z.coerce.number().int().min(0).optional(),
})

export function eventRoutes(services: Services): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/events',
      action: 'project.list',
      summary:
        'What changes, as server-sent events: `topics` is a list of all, project:NAME, environment:ID, run:ID, deployment:ID; `cursor` (or Last-Event-ID) resumes.',
      query: eventQuery,
      handle({ query, req, principal }) {
        const topics = new Set(query.topics.split(',').filter((topic) => topic !== ''))
        for (const topic of topics) checkTopic(services, principal, topic)
        const last = Number(req.headers['last-event-id'] ?? Number.NaN)
        const cursor = Number.isSafeInteger(last) && last >= 0 ? last : query.cursor
        return new RawAnswer((_, res) => stream(services, { req, res, principal, topics, cursor }))
      },
    }),
  ]
}

function checkTopic({ accounts, queries }: Services, principal: Principal | undefined, topic: string): void {
  if (topic === ALL) return
  const project = projectOfTopic(topic, queries)
  if (project === undefined || !may({ accounts, principal }, 'project.read', project)) throw fail('not-found', { what: 'topic', name: topic })
}

interface Subscription {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly principal: Principal | undefined
  readonly topics: ReadonlySet<string>
  readonly cursor: number | undefined
}

async function stream(services: Services, subscription: Subscription): Promise<void> {
  const { queries, accounts } = services
  const { req, res, cursor } = subscription
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  res.write('retry: 1000\n\n')
  const send = (events: readonly StoredEvent[]): void => {
    const text = events.map((event) => messages(services, subscription, event)).join('')
    if (text !== '' && !res.destroyed) res.write(text)
    if (res.writableLength > MAX_BEHIND) res.destroy()
  }
  // Events are read and told in one turn of the loop: none falls between the two.
  if (cursor !== undefined) replay(services, cursor, send)
  const unsubscribe = queries.subscribe(send)
  const timer = setInterval(() => {
    res.write(': \n\n')
    // A session that has ended or a user who was disabled hears no more.
    void authenticate(accounts, req).then(
      (caller) => caller.principal ?? res.destroy(),
      () => res.destroy(),
    )
  }, HEARTBEAT_MS)
  await new Promise<void>((resolve) => {
    if (res.destroyed) resolve()
    res.on('close', resolve)
  })
  clearInterval(timer)
  unsubscribe()
}

function replay({ queries }: Services, cursor: number, send: (events: readonly StoredEvent[]) => void): void {
  for (let events = queries.events(cursor, 500); events.length > 0; events = queries.events(events.at(-1)?.position ?? 0, 500)) send(events)
}

/** The event as one message a subscribed topic, in the form of server-sent events. */
function messages({ queries, accounts }: Services, { topics, principal }: Subscription, event: StoredEvent): string {
  const project = projectOfEvent(event, queries)
  if (project === undefined || !may({ accounts, principal }, 'project.read', project)) return ''
  const about = topicsOfEvent(event, queries)
  const wanted = topics.has(ALL) ? about : about.filter((topic) => topics.has(topic))
  return wanted
    .map((topic): LiveMessage => ({ cursor: event.position, topic, type: event.body.type }))
    .map((message) => `id: ${message.cursor}\ndata: ${JSON.stringify(message)}\n\n`)
    .join('')
}
