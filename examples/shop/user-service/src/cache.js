'use strict'

const { createClient } = require('redis')

const lifeSeconds = 60

/**
 * Users by id in Redis, kept for a minute. The cache is a help and never a need: when Redis is away, reads miss and writes are left out.
 */
function createCache(url, { log = () => {} } = {}) {
  const client = createClient({ url, disableOfflineQueue: true, socket: { reconnectStrategy: (tries) => Math.min(100 * 2 ** tries, 3000) } })
  client.on('error', log)
  client.connect().catch(log)
  const key = (id) => `user:${id}`

  async function helped(work) {
    try {
      return await work()
    } catch (error) {
      log(error)
      return undefined
    }
  }

  return {
    get: (id) =>
      helped(async () => {
        const text = await client.get(key(id))
        return text === null ? undefined : JSON.parse(text)
      }),
    put: (user) => helped(() => client.set(key(user.id), JSON.stringify(user), { EX: lifeSeconds })),
    drop: (id) => helped(() => client.del(key(id))),
    check: () => client.ping(),
    close: () => (client.isOpen ? client.disconnect() : undefined),
  }
}

module.exports = { createCache }
