// Makes what `npx pushway` runs: the bundle of the program, and the UI. Called by the root's `prepare`.

import { existsSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { build } from 'esbuild'

const out = 'packages/pushway/dist'

await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })
await build({
  entryPoints: { main: 'packages/pushway/src/main.ts' },
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  // Native code stays in its package.
  external: ['@photostructure/sqlite'],
  // Bundled CommonJS packages call `require` for Node's own modules.
  banner: { js: "import { createRequire as pushwayRequire } from 'node:module'; const require = pushwayRequire(import.meta.url);" },
  sourcemap: 'linked',
  logLevel: 'warning',
})
// Scripts and preloads that other processes read as files.
await cp('packages/pushway/assets', `${out}/assets`, { recursive: true })
if (existsSync('packages/web/src/main.tsx')) {
  await build({
    entryPoints: ['packages/web/src/main.tsx'],
    outdir: `${out}/web`,
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    loader: { '.svg': 'text' },
    logLevel: 'warning',
  })
}
