// Writes docs/errors.md; with `--check`, says whether it is what it should be.

import { readFileSync, writeFileSync } from 'node:fs'
import { renderErrors } from './render.ts'

const file = 'docs/errors.md'
const wanted = renderErrors()
const current = readOr(file)
if (current === wanted) {
  process.stdout.write(`${file} is up to date\n`)
} else if (process.argv.includes('--check')) {
  process.stderr.write(`${file} is not what the error table makes: run \`npm run gen\`\n`)
  process.exitCode = 1
} else {
  writeFileSync(file, wanted)
  process.stdout.write(`${file} written\n`)
}

function readOr(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
