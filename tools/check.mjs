// `npm run check`: types, lint, house rules, generated files. Shows a summary; exit 1 when one of them fails.
//   node tools/check.mjs [NAME...]   only those whose name begins so

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const bin = (pkg, file) => join(dirname(require.resolve(`${pkg}/package.json`)), file)
const types = (name, project, present = true) => ({ name: `types: ${name}`, argv: [bin('typescript', 'bin/tsc'), '-p', project], present })
const tsx = (...argv) => ['--import', 'tsx', ...argv]

const steps = [
  types('core (no Node, no DOM)', 'packages/core'),
  types('pushway', 'packages/pushway'),
  types('web', 'packages/web', existsSync('packages/web/src')),
  types('tests, benches, tools', 'tsconfig.test.json'),
  { name: 'lint and format', argv: [bin('@biomejs/biome', 'bin/biome'), 'check', '--error-on-warnings', '--max-diagnostics=100'] },
  { name: 'house rules', argv: tsx('tools/house-rules/main.ts') },
  { name: 'generated files', argv: tsx('tools/gen/main.ts', '--check') },
]

const wanted = process.argv.slice(2)
const results = steps
  .filter((step) => step.present !== false && (wanted.length === 0 || wanted.some((name) => step.name.startsWith(name))))
  .map(({ name, argv }) => {
    process.stdout.write(`\n── ${name}\n`)
    const startedAt = performance.now()
    const { status, error } = spawnSync(process.execPath, argv, { stdio: 'inherit' })
    if (error) process.stderr.write(`${error.message}\n`)
    return { name, ok: status === 0, seconds: (performance.now() - startedAt) / 1000 }
  })

const width = Math.max(...results.map(({ name }) => name.length), 0)
process.stdout.write('\n')
for (const { name, ok, seconds } of results) process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s\n`)
if (results.length === 0) process.stderr.write(`no check is named ${wanted.join(' ')}\n`)
process.exitCode = results.length > 0 && results.every(({ ok }) => ok) ? 0 : 1
