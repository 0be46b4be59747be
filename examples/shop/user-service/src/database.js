'use strict'

const { setTimeout: sleep } = require('node:timers/promises')
const { Pool } = require('pg')

/** The pool of connections, from DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD (or the file that DB_PASSWORD_FILE names). */
function connect(env = process.env) {
  const password = env.DB_PASSWORD_FILE ? require('node:fs').readFileSync(env.DB_PASSWORD_FILE, 'utf8').trim() : env.DB_PASSWORD || 'password'
  const pool = new Pool({
    host: env.DB_HOST || 'localhost',
    port: Number(env.DB_PORT || 5432),
    database: env.DB_NAME,
    user: env.DB_USER || 'user',
    password,
    max: Number(env.DB_POOL || 10),
    connectionTimeoutMillis: 3000,
  })
  // A connection that is idle may be lost at any time; the next query takes a new one.
  pool.on('error', () => {})
  return pool
}

/**
 * Brings the schema up to date: each migration once, in order, in a transaction, under a lock that other instances wait for.
 * Waits for the database to come up, `patience` ms at most.
 */
async function migrate(pool, migrations, { patience = 60_000, log = () => {} } = {}) {
  const client = await whenUp(pool, patience, log)
  try {
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock(727001)')
    await client.query('CREATE TABLE IF NOT EXISTS migrations (id int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())')
    const { rows } = await client.query('SELECT coalesce(max(id), 0)::int AS last FROM migrations')
    for (const [index, sql] of migrations.entries()) {
      if (index + 1 <= rows[0].last) continue
      await client.query(sql)
      await client.query('INSERT INTO migrations (id) VALUES ($1)', [index + 1])
    }
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

async function whenUp(pool, patience, log) {
  for (const until = Date.now() + patience; ; ) {
    try {
      return await pool.connect()
    } catch (error) {
      if (Date.now() >= until) throw error
      log(error)
      await sleep(500)
    }
  }
}

module.exports = { connect, migrate }
