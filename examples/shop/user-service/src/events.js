'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const amqp = require('amqplib')

const exchange = 'shop.events'
const queue = 'user-service.orders'

/**
 * Takes `order.created` events from RabbitMQ and gives each to `handle(event, traceparent)`. One is acknowledged when it has been handled;
 * one that fails is delivered again, after a pause. Connects again for as long as it is not closed.
 */
function consumeOrders(url, handle, { log = () => {} } = {}) {
  let connection
  let closed = false
  const running = (async () => {
    while (!closed) {
      try {
        await consumeUntilClosed()
      } catch (error) {
        log(error)
      }
      connection = undefined
      if (!closed) await sleep(1000)
    }
  })()

  async function consumeUntilClosed() {
    connection = await amqp.connect(url, { heartbeat: 10 })
    const ended = new Promise((resolve) => connection.once('close', resolve))
    connection.on('error', log)
    const channel = await connection.createChannel()
    channel.on('error', log)
    await channel.assertExchange(exchange, 'topic', { durable: true })
    await channel.assertQueue(queue, { durable: true })
    await channel.bindQueue(queue, exchange, 'order.created')
    await channel.prefetch(20)
    await channel.consume(queue, (message) => message && take(channel, message))
    await ended
  }

  async function take(channel, message) {
    try {
      await handle(JSON.parse(message.content.toString('utf8')), message.properties.headers?.traceparent)
      channel.ack(message)
    } catch (error) {
      log(error)
      // What is not JSON will never be: it is dropped. Anything else comes again.
      const again = !(error instanceof SyntaxError)
      if (again) await sleep(1000)
      if (connection) channel.nack(message, false, again)
    }
  }

  return {
    async close() {
      closed = true
      await connection?.close().catch(() => {})
      await running
    },
  }
}

module.exports = { consumeOrders, exchange, queue }
