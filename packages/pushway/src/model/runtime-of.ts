// Which runtime an environment uses, by its release.

import { fail } from '@pushway/core/reason/errors.ts'
import type { Release } from '@pushway/core/release/types.ts'
import type { Runtime } from '../ports/runtime.ts'
import type { Workshop } from './workshop.ts'

/** The driver for a release's environment. @throws PushwayError `not-yet` when this installation has none for it */
export function runtimeOf(shop: Workshop, release: Release): Runtime {
  const name = release.runtime ?? 'process'
  const runtime = shop.world.runtimes[name]
  if (runtime) return runtime
  throw fail('not-yet', { what: `The ${name} runtime` })
}
