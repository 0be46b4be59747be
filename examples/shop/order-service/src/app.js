'use strict'

const { priceOrder } = require('./pricing.js')
const { createService, formatTrace, refusal } = require('./service.js')
const { version } = require('../package.json')

/** The order service over its parts: `orders` (the database) and `events` (the way out of the outbox). `started` rejects until the schema is up to date. */
function createApp({ orders, events, started = async () => {}, logger }) {
  // Orders are taken also while the broker is away: what is to be told waits in the outbox.
  const service = createService({ name: 'order-service', version, logger, checks: { database: orders.check, schema: started } })
  const { app } = service

  app.post('/orders', async (request, reply) => {
    const order = await orders.create(checked(() => priceOrder(request.body)), formatTrace())
    events?.wake()
    return reply.status(201).send(order)
  })

  app.get('/orders', async (request) => ({ orders: await orders.listOf(checkedId(request.query.userId)) }))

  app.get('/orders/:id', async (request) => {
    const order = await orders.find(checkedId(request.params.id))
    if (!order) throw refusal(404, 'no such order')
    return order
  })

  return service
}

function checked(read) {
  try {
    return read()
  } catch (error) {
    throw error instanceof RangeError ? refusal(422, error.message) : error
  }
}

function checkedId(text) {
  const id = Number(text)
  if (!Number.isSafeInteger(id) || id < 1) throw refusal(400, 'that is not an id')
  return id
}

module.exports = { createApp }
