'use strict'

const { randomUUID } = require('node:crypto')

const columns = 'id::int, user_id::int AS "userId", lines, total_cents::int AS "totalCents", created_at AS "createdAt"'

/** The orders in Postgres, and what is to be told of them. */
function createOrders(pool) {
  /** The new order; the event that tells of it is written with it, or neither is. */
  async function create({ userId, lines, totalCents }, traceparent) {
    return inTransaction(pool, async (client) => {
      const insert = `INSERT INTO orders (user_id, lines, total_cents) VALUES ($1, $2, $3) RETURNING ${columns}`
      const { rows } = await client.query(insert, [userId, JSON.stringify(lines), totalCents])
      const id = randomUUID()
      const body = { id, type: 'order.created', orderId: rows[0].id, userId, totalCents, at: rows[0].createdAt }
      await client.query('INSERT INTO outbox (id, topic, body, traceparent) VALUES ($1, $2, $3, $4)', [id, body.type, JSON.stringify(body), traceparent])
      return rows[0]
    })
  }

  async function find(id) {
    const { rows } = await pool.query(`SELECT ${columns} FROM orders WHERE id = $1`, [id])
    return rows[0]
  }

  async function listOf(userId, limit = 50) {
    const { rows } = await pool.query(`SELECT ${columns} FROM orders WHERE user_id = $1 ORDER BY id DESC LIMIT $2`, [userId, limit])
    return rows
  }

  /** Hands up to 50 waiting events to `publish`, oldest first, and forgets those that it took. Other instances take others. Gives how many. */
  async function drain(publish) {
    return inTransaction(pool, async (client) => {
      const { rows } = await client.query('SELECT id, topic, body, traceparent FROM outbox ORDER BY seq LIMIT 50 FOR UPDATE SKIP LOCKED')
      for (const event of rows) await publish(event)
      if (rows.length > 0) await client.query('DELETE FROM outbox WHERE id = ANY($1)', [rows.map(({ id }) => id)])
      return rows.length
    })
  }

  return { create, find, listOf, drain, check: () => pool.query('SELECT 1') }
}

async function inTransaction(pool, work) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {})
    throw error
  } finally {
    client.release()
  }
}

module.exports = { createOrders }
