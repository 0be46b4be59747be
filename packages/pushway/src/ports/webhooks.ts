// The WebhookStore port: where a project's commits are fetched from, the secret of its deliveries, and which deliveries have been answered.

import type { EpochMs, ProjectName } from '@pushway/core/text/ids.ts'
import type { Secret } from '../util/secret.ts'

export interface WebhookSetting {
  /** The address that commits are fetched from; never one out of a delivery. */
  readonly remote: string
  readonly secret: Secret
}

/** What was answered to a delivery, to answer its repetition alike. */
export interface AnsweredDelivery {
  /** sha256 of the raw body: one id with another body is no repetition. */
  readonly bodyHash: string
  readonly status: number
  readonly answer: string
}

/** Synchronous and durable when a call returns; deliveries may come several times, at once, and again after a crash. */
export interface WebhookStore {
  setWebhook(project: ProjectName, setting: WebhookSetting): void
  webhook(project: ProjectName): WebhookSetting | undefined
  /** The answered delivery with that id or, as the id is not signed, with that very body. */
  delivery(project: ProjectName, id: string, bodyHash: string): AnsweredDelivery | undefined
  /** Keeps the first answer; a later one for the same id changes nothing. Forgets answers older than 30 days. */
  rememberDelivery(project: ProjectName, delivery: AnsweredDelivery & { readonly id: string; readonly at: EpochMs }): void
}
