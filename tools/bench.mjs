// `npm run bench [NAME...]`: runs bench/NAME.bench.ts one after another, each in a process of its own; without names, all of them.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { buildIfOlder } from './build-if-older.mjs'

const all = existsSync('bench')
  ? readdirSync('bench')
      .filter((file) => file.endsWith('.bench.ts'))
      .sort()
  : []
const names = process.argv.slice(2)
const unknown = names.filter((name) => !all.includes(`${name}.bench.ts`))
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are: ${all.map((file) => file.replace('.bench.ts', '')).join(', ')}.\n`)
  process.exit(2)
}
if (!buildIfOlder()) process.exit(1)

const chosen = names.length === 0 ? all : names.map((name) => `${name}.bench.ts`)
const failed = chosen.filter((file) => {
  process.stdout.write(`\n── ${file.replace('.bench.ts', '')}\n`)
  return !run(['--import', 'tsx', `bench/${file}`])
})
process.stdout.write(`\n${chosen.length - failed.length} of ${chosen.length} benchmarks ran${failed.length > 0 ? `; failed: ${failed.join(', ')}` : ''}\n`)
process.exitCode = failed.length === 0 ? 0 : 1

function run(argv) {
  // What is measured is the bundle, as people run it.
  return spawnSync(process.execPath, argv, { stdio: 'inherit', env: { PUSHWAY_TEST_BUNDLE: '1', ...process.env } }).status === 0
}
