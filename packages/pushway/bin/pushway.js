#!/usr/bin/env node
// The committed launcher: the bundle behind it is made by the root's `prepare` (`npm ci` runs it).
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const bundle = new URL('../dist/main.js', import.meta.url)
if (existsSync(fileURLToPath(bundle))) {
  await import(bundle.href)
} else {
  process.stderr.write('pushway: the program is not built yet. Run `npm ci` (or `npm run build`) in the checkout first.\n')
  process.exit(70)
}
