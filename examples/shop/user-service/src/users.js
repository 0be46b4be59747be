'use strict'

const columns = 'id::int, name, email, created_at AS "createdAt", orders, spent_cents::int AS "spentCents"'
const uniqueViolation = '23505'

/** The users in Postgres. */
function createUsers(pool) {
  /** The new user, or undefined when the address is taken. */
  async function create({ name, email }) {
    try {
      const { rows } = await pool.query(`INSERT INTO users (name, email) VALUES ($1, $2) RETURNING ${columns}`, [name, email])
      return rows[0]
    } catch (error) {
      if (error.code === uniqueViolation) return undefined
      throw error
    }
  }

  async function find(id) {
    const { rows } = await pool.query(`SELECT ${columns} FROM users WHERE id = $1`, [id])
    return rows[0]
  }

  async function list({ limit = 50, after = 0 } = {}) {
    const { rows } = await pool.query(`SELECT ${columns} FROM users WHERE id > $1 ORDER BY id LIMIT $2`, [after, limit])
    return rows
  }

  /** Counts an order to its user; the same event counts once, however often it is delivered. */
  async function countOrder({ id, userId, totalCents }) {
    const client = await pool.connect()
    try {
      await client.query('BEGIN')
      const { rowCount } = await client.query('INSERT INTO seen_events (id) VALUES ($1) ON CONFLICT DO NOTHING', [id])
      if (rowCount === 1) await client.query('UPDATE users SET orders = orders + 1, spent_cents = spent_cents + $2 WHERE id = $1', [userId, totalCents])
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error
    } finally {
      client.release()
    }
  }

  return { create, find, list, countOrder, check: () => pool.query('SELECT 1') }
}

/** A new user from outside, checked; throws a RangeError that says what is wrong with it. */
function readNewUser(body) {
  const name = typeof body?.name === 'string' ? body.name.trim() : ''
  const email = typeof body?.email === 'string' ? body.email.trim().toLowerCase() : ''
  if (name === '' || name.length > 100) throw new RangeError('name must have 1 to 100 characters')
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > 254) throw new RangeError('email must be an address')
  return { name, email }
}

/** An id from outside; undefined when it can't be one. */
function readId(text) {
  const id = Number(text)
  return Number.isSafeInteger(id) && id > 0 ? id : undefined
}

module.exports = { createUsers, readNewUser, readId }
