'use strict'

const { createApp } = require('./app.js')
const { connect, migrate } = require('./database.js')
const { publishOutbox } = require('./events.js')
const migrations = require('./migrations.js')
const { createOrders } = require('./orders.js')
const { serve } = require('./service.js')

const pool = connect()
const orders = createOrders(pool)
let outbox
let migrated = false
const service = createApp({
  orders,
  events: { wake: () => outbox?.wake() },
  started: async () => {
    if (!migrated) throw new Error('is being brought up to date')
  },
})
const { log } = service.app

async function main() {
  // Listening first: while the database is migrated, /health answers and /ready says what is missing.
  await serve(service, async () => {
    await outbox?.close()
    await pool.end()
  })
  await migrate(pool, migrations, { log: (error) => log.info(`waiting for the database: ${error.message}`) })
  migrated = true
  outbox = publishOutbox(process.env.RABBITMQ_URL || 'amqp://rabbitmq:5672', orders.drain, { log: (error) => log.warn({ err: error }, 'events') })
}

main().catch((error) => {
  log.fatal({ err: error }, 'cannot start')
  process.exit(1)
})
