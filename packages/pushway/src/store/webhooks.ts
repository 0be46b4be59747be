// The WebhookStore port on SQLite; the secret is sealed with the installation's key.

import type { Settings } from '../ports/settings.ts'
import type { WebhookStore } from '../ports/webhooks.ts'
import type { Database } from './database.ts'

const KEEP_MS = 30 * 24 * 3_600_000
const encoder = new TextEncoder()

/** Webhook settings and deliveries of an open database. */
export function createWebhookStore(database: Database, box: Pick<Settings, 'seal' | 'open'>): WebhookStore {
  const write = (project: string, key: string, value: Uint8Array) =>
    database
      .prepare('insert into project_settings (project, key, value) values (?, ?, ?) on conflict (project, key) do update set value = excluded.value')
      .run(project, key, value)
  const read = (project: string, key: string): Uint8Array | undefined => {
    const value = database.prepare('select value from project_settings where project = ? and key = ?').get(project, key)?.value
    return value instanceof Uint8Array ? value : undefined
  }
  return {
    setWebhook: (project, { remote, secret }) =>
      database.transaction(() => {
        write(project, 'webhook.remote', encoder.encode(remote))
        write(project, 'webhook.secret', box.seal(secret))
      }),
    webhook(project) {
      const remote = read(project, 'webhook.remote')
      const secret = read(project, 'webhook.secret')
      return remote && secret ? { remote: new TextDecoder().decode(remote), secret: box.open(secret) } : undefined
    },
    delivery(project, id, bodyHash) {
      const row = database
        .prepare('select body_hash, status, answer from webhook_deliveries where project = ? and (delivery = ? or body_hash = ?) order by delivery = ? desc')
        .get(project, id, bodyHash, id)
      return row ? { bodyHash: String(row.body_hash), status: Number(row.status), answer: String(row.answer) } : undefined
    },
    rememberDelivery: (project, { id, at, bodyHash, status, answer }) =>
      database.transaction(() => {
        database.prepare('delete from webhook_deliveries where at < ?').run(at - KEEP_MS)
        database
          .prepare('insert into webhook_deliveries (project, delivery, at, body_hash, status, answer) values (?, ?, ?, ?, ?, ?) on conflict do nothing')
          .run(project, id, at, bodyHash, status, answer)
      }),
  }
}
