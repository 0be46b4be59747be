// A light lint: every file parses, has no tabs or trailing blanks, no console; what each service has a copy of is equal.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const rules = [
  { name: 'no tabs', breaks: (line) => line.includes('\u0009') },
  { name: 'no trailing blanks', breaks: (line) => /\s$/.test(line) },
  { name: 'no console', breaks: (line, file) => file.includes('/src/') && line.includes('console.') },
  { name: 'at most 160 characters', breaks: (line) => line.length > 160 },
]

const services = ['api-gateway', 'user-service', 'order-service']
/** Each service is built from its own folder, so it has its own copy of these. */
const copies = [
  { file: 'src/service.js', of: services },
  { file: 'src/probe.js', of: services },
  { file: 'src/database.js', of: ['user-service', 'order-service'] },
]

const files = [...services, 'test', 'e2e', 'tools'].flatMap(listFiles).filter((file) => /\.m?js$/.test(file))
const findings = [...files.flatMap((file) => [...checkSyntax(file), ...checkLines(file)]), ...copies.flatMap(checkCopies)]
for (const finding of findings) process.stderr.write(`${finding}\n`)
process.stdout.write(`${files.length} files, ${findings.length} findings\n`)
process.exitCode = findings.length === 0 ? 0 : 1

function listFiles(dir) {
  const entries = readdirSync(dir, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules')
  return entries.flatMap((entry) => (entry.isDirectory() ? listFiles(join(dir, entry.name)) : [join(dir, entry.name)]))
}

function checkSyntax(file) {
  const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
  return status === 0 ? [] : [stderr.trim()]
}

function checkLines(file) {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, i) => rules.filter((rule) => rule.breaks(line, file)).map((rule) => `${file}:${i + 1}: ${rule.name}`))
}

function checkCopies({ file, of: [first, ...others] }) {
  const text = readFileSync(join(first, file), 'utf8')
  return others.filter((other) => readFileSync(join(other, file), 'utf8') !== text).map((other) => `${other}/${file}: differs from ${first}/${file}`)
}
