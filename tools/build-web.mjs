// Makes the UI: scripts and the style sheet with a hash of their content in the name, and the page that loads them.
//   node tools/build-web.mjs DIR   the UI alone, into a folder

import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = 'packages/web/src'

/** Builds into `out`. Gives the names of the first script and the style sheet. */
export async function buildWeb(out) {
  await mkdir(out, { recursive: true })
  const { metafile } = await build({
    entryPoints: { main: `${source}/main.tsx`, styles: `${source}/styles/main.css` },
    outdir: out,
    bundle: true,
    minify: true,
    format: 'esm',
    splitting: true,
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[hash]',
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const names = Object.keys(metafile.outputs).map((path) => basename(path))
  const script = names.find((name) => name.startsWith('main-') && name.endsWith('.js'))
  const styles = names.find((name) => name.startsWith('styles-') && name.endsWith('.css'))
  await copyFile(`${source}/favicon.svg`, `${out}/favicon.svg`)
  await writeFile(`${out}/index.html`, page({ script, styles }))
  return { script, styles }
}

function page({ script, styles }) {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Pushway</title>
    <link rel="icon" href="/favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/${styles}">
    <script type="module" src="/${script}"></script>
  </head>
  <body>
    <div id="app"></div>
    <noscript>This page needs JavaScript. The command line does everything it does: <code>pushway --help</code>.</noscript>
  </body>
</html>
`
}

const [, started = '', folder] = process.argv
if (started === fileURLToPath(import.meta.url) && folder !== undefined) await buildWeb(folder)
