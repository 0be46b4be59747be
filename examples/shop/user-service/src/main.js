'use strict'

const { createApp } = require('./app.js')
const { createCache } = require('./cache.js')
const { connect, migrate } = require('./database.js')
const { consumeOrders } = require('./events.js')
const migrations = require('./migrations.js')
const { serve } = require('./service.js')
const { createUsers } = require('./users.js')

const pool = connect()
const cache = createCache(process.env.REDIS_URL || 'redis://redis:6379', { log: (error) => log.warn({ err: error }, 'cache') })
let migrated = false
let events
const service = createApp({
  users: createUsers(pool),
  cache,
  started: async () => {
    if (!migrated) throw new Error('is being brought up to date')
  },
})
const { log } = service.app

async function main() {
  // Listening first: while the database is migrated, /health answers and /ready says what is missing.
  await serve(service, async () => {
    await events?.close()
    await cache.close()
    await pool.end()
  })
  await migrate(pool, migrations, { log: (error) => log.info(`waiting for the database: ${error.message}`) })
  migrated = true
  events = consumeOrders(process.env.RABBITMQ_URL || 'amqp://rabbitmq:5672', service.takeOrder, { log: (error) => log.warn({ err: error }, 'events') })
}

main().catch((error) => {
  log.fatal({ err: error }, 'cannot start')
  process.exit(1)
})
