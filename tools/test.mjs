// `npm test [-- ARGS of vitest]`: builds what is missing or old, runs the tests (with servers from the bundle), says why any were skipped, and ends with
// `N passed, N failed, N skipped`. With PUSHWAY_TEST_REQUIRE=all a test may only be skipped for the platform that its title names.

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buildIfOlder } from './build-if-older.mjs'

/** What a title may name as the reason, and whether it holds here. */
const platforms = {
  '(macOS only)': process.platform !== 'darwin',
  '(Linux only)': process.platform !== 'linux',
  '(root only)': process.getuid?.() !== 0,
  '(ordinary user only)': process.getuid?.() === 0,
}

if (!buildIfOlder()) finish({ passed: 0, failed: 1, skipped: [] }, 1)
const folder = mkdtempSync(join(tmpdir(), 'pushway-test-report-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
const report = join(folder, 'report.json')
const exit = await runVitest(report)
finish(summarize(readReport(report)), exit)

function runVitest(outputFile) {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const argv = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${outputFile}`, ...process.argv.slice(2)]
  const child = spawn(process.execPath, argv, { stdio: 'inherit', env: { ...process.env, PUSHWAY_TEST_BUNDLE: '1' } })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('exit', (code) => resolve(code ?? 1))
  })
}

/** The report, or undefined when the runner ended without one. */
function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Counts what ran; a file that could not be loaded, and a runner that ended without a report, is one failure. */
function summarize(report) {
  if (report === undefined) return { passed: 0, failed: 1, skipped: [] }
  const tests = report.testResults.flatMap((file) => file.assertionResults)
  const broken = report.testResults.filter((file) => file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed'))
  const skipped = tests.filter((one) => !['passed', 'failed'].includes(one.status)).map((one) => [...one.ancestorTitles, one.title].join(' > '))
  return {
    passed: tests.filter((one) => one.status === 'passed').length,
    failed: tests.filter((one) => one.status === 'failed').length + broken.length,
    skipped,
  }
}

function finish({ passed, failed, skipped }, exit) {
  const strict = process.env.PUSHWAY_TEST_REQUIRE === 'all'
  const refused = strict ? skipped.filter((title) => !Object.entries(platforms).some(([name, holds]) => holds && title.includes(name))) : []
  const allowed = skipped.filter((title) => !refused.includes(title))
  if (allowed.length > 0) process.stdout.write(`\nskipped:\n${allowed.map((title) => `  ${title}\n`).join('')}`)
  if (refused.length > 0) process.stdout.write(`\nskipped, but nothing may be (PUSHWAY_TEST_REQUIRE=all):\n${refused.map((title) => `  ${title}\n`).join('')}`)
  // A runner that fails without a failed test (an unhandled error, a crash, no test found) is a failure too.
  const failures = failed + refused.length + (exit !== 0 && failed === 0 ? 1 : 0)
  process.stdout.write(`\n${passed} passed, ${failures} failed, ${allowed.length} skipped\n`)
  process.exit(failures === 0 && passed > 0 ? 0 : 1)
}
