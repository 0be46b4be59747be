// Reads the messages of the event stream.

import type { LiveMessage } from '@pushway/core/views/types.ts'

/** A message of the event stream; undefined for anything else. */
export function parseLiveMessage(text: string): LiveMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { cursor, topic, type } = value as Record<string, unknown>
  return typeof cursor === 'number' && typeof topic === 'string' && typeof type === 'string' ? { cursor, topic, type } : undefined
}
