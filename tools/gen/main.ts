// Writes the pages that are made from tables: docs/errors.md, docs/cli.md, docs/compatibility/compose.md and workflows.md. With `--check`, says whether they are what they should be.

import { readFileSync, writeFileSync } from 'node:fs'
import { cliPage } from './cli/page.ts'
import { renderCompose } from './compose/render.ts'
import { renderErrors } from './errors/render.ts'
import { renderWorkflows } from './workflows/render.ts'

const pages: Readonly<Record<string, string>> = {
  'docs/errors.md': renderErrors(),
  'docs/cli.md': await cliPage(),
  'docs/compatibility/compose.md': renderCompose(),
  'docs/compatibility/workflows.md': renderWorkflows(),
}

for (const [file, wanted] of Object.entries(pages)) {
  if (readOr(file) === wanted) {
    process.stdout.write(`${file} is up to date\n`)
  } else if (process.argv.includes('--check')) {
    process.stderr.write(`${file} is not what its table makes: run \`npm run gen\`\n`)
    process.exitCode = 1
  } else {
    writeFileSync(file, wanted)
    process.stdout.write(`${file} written\n`)
  }
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
