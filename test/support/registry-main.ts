// A registry as a process of its own that dies at its n-th write: registry-main.ts serve|collect DIR N.
// `serve` prints its address and counts from then on; `collect` runs one pass of garbage collection, hours later, and prints what it did.

import { killAtWrite, watchDatabase } from './kill-at-write.ts'
import { serveRegistry } from './registry.ts'

const [mode, dir = '', n = '0'] = process.argv.slice(2)
const registry = await serveRegistry(dir, { watch: watchDatabase })

if (mode === 'serve') {
  process.stdout.write(`${registry.url}\n`)
  killAtWrite(Number(n))
} else {
  const { collectGarbage } = await import('../../packages/pushway/src/registry/garbage.ts')
  const { blobs, index } = registry
  const clock = { now: () => Date.now() + 2 * 24 * 3_600_000 }
  killAtWrite(Number(n))
  const report = await collectGarbage({ blobs, index, clock, uses: { current: () => [], version: () => 0 } }, { dryRun: false })
  killAtWrite(Number.POSITIVE_INFINITY)
  process.stdout.write(`${JSON.stringify({ blobs: report.blobs, manifests: report.manifests.length })}\n`)
  await registry.close()
}
