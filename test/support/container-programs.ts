// Small programs that behave as their names say, for images of engines.

import type { ContractApp } from '../contract/runtime.contract.ts'

const server = (body: string) => `const http = require('node:http')
${body}
http.createServer((req, res) => { res.statusCode = status; res.end('hello') }).listen(3000, () => console.log('started'))
`

/** Process 1 of a container has no default for SIGTERM: a polite program says what it does on it. */
const stops = "process.on('SIGTERM', () => process.exit(0));"

export const containerPrograms: Readonly<Record<ContractApp, string>> = {
  good: server(`const status = 200; ${stops}`),
  crashes: "setTimeout(() => { throw new Error('no database') }, 150)",
  exits: 'process.exit(3)',
  'never-ready': server(`const status = 503; ${stops}`),
  'slow-to-stop': server("const status = 200; process.on('SIGTERM', () => setTimeout(() => process.exit(0), 500))"),
}
