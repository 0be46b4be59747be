// Makes what `npx pushway` runs: the bundle of the program, and the UI. Called by the root's `prepare`.
// It is made beside the present one and then put in its place file by file: a server that still runs the old build goes on
// loading its own chunks (their names hold their content), so that updating a checkout harms nothing that runs.

import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { buildWeb } from './build-web.mjs'

const out = 'packages/pushway/dist'
const fresh = `${out}.${process.pid}`
/** Files of earlier builds are kept this long for programs that still run them, in ms. */
const keptMs = 7 * 24 * 3_600_000

try {
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  await buildProgram()
  await putInPlace()
  await buildWeb(`${fresh}/web`)
  await putInPlace()
  await removeOld()
} finally {
  await rm(fresh, { recursive: true, force: true })
}

async function buildProgram() {
  const common = {
    outdir: fresh,
    bundle: true,
    platform: 'node',
    target: 'node20',
    // Native code stays in its package.
    external: ['@photostructure/sqlite'],
    sourcemap: 'linked',
    logLevel: 'warning',
  }
  await build({
    ...common,
    entryPoints: { main: 'packages/pushway/src/main.ts' },
    splitting: true,
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    // Bundled CommonJS packages call `require` for Node's own modules.
    banner: { js: "import { createRequire as pushwayRequire } from 'node:module'; const require = pushwayRequire(import.meta.url);" },
  })
  // `pushway run` in files for which V8's compiled code can be kept; the parsers apart, because what they gave is kept too.
  const alone = {
    ...common,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    charset: 'ascii',
    banner: { js: "const pushwayUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: { 'import.meta.url': 'pushwayUrl' },
    // Only what runs from the sources asks for it.
    logOverride: { 'empty-import-meta': 'silent' },
  }
  const parsers = ['@pushway/core/workflow/parse.ts', '@pushway/core/action/parse.ts']
  await build({ ...alone, entryPoints: { run: 'packages/pushway/src/main/run-alone.ts' }, supported: { 'dynamic-import': false }, plugins: [apart(parsers)] })
  const contents = parsers.map((name) => `export * from '${name}'`).join('\n')
  await build({ ...alone, outdir: undefined, outfile: `${fresh}/parse.cjs`, stdin: { contents, resolveDir: 'packages/pushway' } })
  // Scripts and preloads that other processes read as files.
  await cp('packages/pushway/assets', `${fresh}/assets`, { recursive: true })
}

/** Leaves the modules to `parse.cjs`. */
function apart(names) {
  return {
    name: 'apart',
    setup: (bundler) =>
      bundler.onResolve({ filter: /\/parse\.ts$/ }, ({ path }) => (names.includes(path) ? { path: './parse.cjs', external: true } : undefined)),
  }
}

/** Chunks first, the entry last: whoever starts meanwhile finds all that its entry names. */
async function putInPlace() {
  const files = (await listFiles(fresh)).toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))
  for (const file of files) {
    await mkdir(dirname(join(out, file)), { recursive: true })
    await rename(join(fresh, file), join(out, file))
  }
}

function isEntry(file) {
  return file === 'main.js' || file === join('web', 'index.html')
}

/** Each build writes every file anew: what is older than the time it is kept belongs to an earlier one. */
async function removeOld() {
  for (const file of await listFiles(out)) if (Date.now() - (await stat(join(out, file))).mtimeMs > keptMs) await rm(join(out, file))
}

async function listFiles(dir, below = '') {
  const entries = await readdir(join(dir, below), { withFileTypes: true })
  const nested = entries.map((entry) => (entry.isDirectory() ? listFiles(dir, join(below, entry.name)) : [join(below, entry.name)]))
  return (await Promise.all(nested)).flat()
}
