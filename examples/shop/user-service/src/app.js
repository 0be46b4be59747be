'use strict'

const { createService, inTrace, refusal } = require('./service.js')
const { readId, readNewUser } = require('./users.js')
const { version } = require('../package.json')

/**
 * The user service over its parts: `users` (the database) and `cache`. `started` rejects until the schema is up to date.
 * Neither the cache nor the broker is needed to be ready: without them users are only slower to get, and orders are counted later.
 */
function createApp({ users, cache, started = async () => {}, logger }) {
  const service = createService({ name: 'user-service', version, logger, checks: { database: users.check, schema: started } })
  const { app } = service

  app.post('/users', async (request, reply) => {
    const user = await users.create(checked(() => readNewUser(request.body)))
    if (!user) throw refusal(409, 'that address is taken')
    return reply.status(201).send(user)
  })

  app.get('/users', async (request) => {
    const after = request.query.after === undefined ? 0 : checkedId(request.query.after)
    return { users: await users.list({ after }) }
  })

  app.get('/users/:id', async (request, reply) => {
    const id = checkedId(request.params.id)
    const cached = await cache.get(id)
    reply.header('x-cache', cached ? 'hit' : 'miss')
    if (cached) return cached
    const user = await users.find(id)
    if (!user) throw refusal(404, 'no such user')
    await cache.put(user)
    return user
  })

  /** An order was made: counted to its user, whose cached entry is no longer true. */
  function takeOrder(event, traceparent) {
    return inTrace(traceparent, async () => {
      await users.countOrder(event)
      await cache.drop(event.userId)
      app.log.info({ event: event.id, user: event.userId }, 'order counted')
    })
  }

  return { ...service, takeOrder }
}

function checked(read) {
  try {
    return read()
  } catch (error) {
    throw error instanceof RangeError ? refusal(422, error.message) : error
  }
}

function checkedId(text) {
  const id = readId(text)
  if (id === undefined) throw refusal(400, 'that is not an id')
  return id
}

module.exports = { createApp }
