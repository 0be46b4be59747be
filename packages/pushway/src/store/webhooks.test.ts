import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { Secret } from '../util/secret.ts'
import { openDatabase } from './database.ts'
import { createSettings } from './settings.ts'
import { createWebhookStore } from './webhooks.ts'

it('keeps the setting sealed, and each delivery once by id or body', () => {
  const database = openDatabase(':memory:')
  const store = createWebhookStore(database, createSettings(database, randomBytes(32)))
  expect(store.webhook('a/b')).toBeUndefined()
  store.setWebhook('a/b', { remote: 'https://example.org/x.git', secret: new Secret('very secret') })
  expect(store.webhook('a/b')?.secret.reveal()).toBe('very secret')
  expect(
    Buffer.from(database.prepare("select value from project_settings where key = 'webhook.secret'").get()?.value as Uint8Array).includes('very secret'),
  ).toBe(false)

  const answered = { bodyHash: 'h', status: 200, answer: '{}' }
  store.rememberDelivery('a/b', { ...answered, id: 'd1', at: 0 })
  store.rememberDelivery('a/b', { ...answered, status: 500, id: 'd1', at: 0 })
  expect([store.delivery('a/b', 'd1', 'x'), store.delivery('a/b', 'd2', 'h'), store.delivery('a/c', 'd1', 'h')]).toEqual([answered, answered, undefined])
  store.rememberDelivery('a/b', { ...answered, bodyHash: 'i', id: 'd9', at: 40 * 24 * 3_600_000 })
  expect(store.delivery('a/b', 'd1', 'h')).toBeUndefined()
  database.close()
})
