// The one type for secret values. It cannot be printed, serialised or compared by accident.

import { timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

/** A value that must not reach a log, an error or a response. `reveal` is the only way to it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself: only where it is really handed over. */
  reveal(): string {
    return this.#value
  }

  /** Compares in constant time. */
  equals(other: string): boolean {
    const a = Buffer.from(this.#value)
    const b = Buffer.from(other)
    return a.length === b.length && timingSafeEqual(a, b)
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return 'Secret(***)'
  }
}
