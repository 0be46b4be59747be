// The Runtime contract on the process driver: a real agent and real programs.

import { openProcessRuntime, type TestImage } from '../support/process-runtime.ts'
import { type ContractApp, runtimeContract } from './runtime.contract.ts'

const server = (body: string) => `const http = require('node:http')
${body}
http.createServer((req, res) => { res.statusCode = status; res.end('hello') }).listen(3000, () => console.log('started'))
`

const programs: Readonly<Record<ContractApp, string>> = {
  good: server('const status = 200'),
  crashes: "setTimeout(() => { throw new Error('no database') }, 150)",
  exits: 'process.exit(3)',
  'never-ready': server('const status = 503'),
  'slow-to-stop': server("const status = 200; process.on('SIGTERM', () => setTimeout(() => process.exit(0), 500))"),
}

runtimeContract('process', async () => {
  const bench = await openProcessRuntime()
  const names = Object.keys(programs) as ContractApp[]
  const packed = await Promise.all(names.map((name) => bench.pack(name, imageOf(programs[name]))))
  const images = Object.fromEntries(names.map((name, i) => [name, packed[i]])) as Record<ContractApp, (typeof packed)[number]>
  return { runtime: bench.runtime, image: (app) => images[app], close: bench.close }
})

function imageOf(text: string): TestImage {
  return { files: { 'app/server.js': text }, config: { Cmd: ['node', 'server.js'], WorkingDir: '/app', Env: ['NODE_ENV=production'] } }
}
