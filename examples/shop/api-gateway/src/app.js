'use strict'

const { createService, refusal } = require('./service.js')
const { version } = require('../package.json')

/** The gateway over the services behind it: it routes, checks across services, and puts answers together. */
function createApp({ users, orders, logger }) {
  const service = createService({ name: 'api-gateway', version, logger, checks: { 'user-service': users.check, 'order-service': orders.check } })
  const { app } = service

  app.get('/', async () => ({ service: 'shop', version, routes: ['/api/users', '/api/orders', '/api/users/:id/overview'] }))
  app.route({ method: ['GET', 'POST'], url: '/api/users', handler: passOn(users, '/api') })
  app.get('/api/users/:id', passOn(users, '/api'))
  app.get('/api/orders', passOn(orders, '/api'))
  app.get('/api/orders/:id', passOn(orders, '/api'))

  /** An order is only taken for a user who exists. */
  app.post('/api/orders', async (request, reply) => {
    const userId = request.body?.userId
    if (Number.isSafeInteger(userId) && (await users.send('GET', `/users/${userId}`)).status === 404) throw refusal(422, 'userId is not the id of a user')
    const { status, body } = await orders.send('POST', '/orders', request.body)
    return reply.status(status).send(body)
  })

  /** A user with their newest orders, in one answer. When the orders can't be had the user is given all the same. */
  app.get('/api/users/:id/overview', async (request, reply) => {
    const id = encodeURIComponent(request.params.id)
    const [user, list] = await Promise.all([users.send('GET', `/users/${id}`), orders.send('GET', `/orders?userId=${id}`).catch(() => undefined)])
    if (user.status !== 200) return reply.status(user.status).send(user.body)
    return { user: user.body, orders: list?.status === 200 ? list.body.orders : null }
  })

  return service
}

/** Sends a request on as it is, without `prefix`, and its answer back. */
function passOn(upstream, prefix) {
  return async (request, reply) => {
    const { status, body, cache } = await upstream.send(request.method, request.url.slice(prefix.length), request.body)
    if (cache) reply.header('x-cache', cache)
    return reply.status(status).send(body)
  }
}

module.exports = { createApp }
