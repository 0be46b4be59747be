'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const amqp = require('amqplib')

const exchange = 'shop.events'

/**
 * Publishes what waits in the outbox to RabbitMQ, each with the trace it belongs to, and takes it from the outbox when the broker confirmed it.
 * `drain(publish)` is the outbox. Connects again for as long as it is not closed.
 */
function publishOutbox(url, drain, { log = () => {}, pause = 500 } = {}) {
  let connection
  let closed = false
  let wake = () => {}
  const running = (async () => {
    while (!closed) {
      try {
        await publishUntilClosed()
      } catch (error) {
        log(error)
      }
      connection = undefined
      if (!closed) await sleep(1000)
    }
  })()

  async function publishUntilClosed() {
    connection = await amqp.connect(url, { heartbeat: 10 })
    let open = true
    connection.once('close', () => {
      open = false
      wake()
    })
    connection.on('error', log)
    const channel = await connection.createConfirmChannel()
    channel.on('error', log)
    await channel.assertExchange(exchange, 'topic', { durable: true })
    while (open && !closed) {
      const count = await drain(async ({ id, topic, body, traceparent }) => {
        const headers = traceparent ? { traceparent } : {}
        channel.publish(exchange, topic, Buffer.from(JSON.stringify(body)), { persistent: true, messageId: id, contentType: 'application/json', headers })
        await channel.waitForConfirms()
      })
      if (count === 0) await rest()
    }
  }

  /** Until something was put into the outbox, or for a while. */
  function rest() {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    /** Something was put into the outbox. */
    wake: () => wake(),
    async close() {
      closed = true
      wake()
      await connection?.close().catch(() => {})
      await running
    },
  }
}

module.exports = { publishOutbox, exchange }
