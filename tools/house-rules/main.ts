// Prints what the house rules find; exit 1 when there is an error. `--warnings` lists the warnings too.

import { checkHouse, formatFinding } from './index.ts'

const findings = checkHouse(process.cwd())
const errors = findings.filter((finding) => finding.severity !== 'warning')
const shown = process.argv.includes('--warnings') ? findings : errors
for (const finding of shown) process.stdout.write(`${formatFinding(finding)}\n`)
process.stdout.write(`${errors.length} errors, ${findings.length - errors.length} warnings\n`)
process.exitCode = errors.length === 0 ? 0 : 1
