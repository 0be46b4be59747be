// An image for containers of jobs: Node.js, a shell, and a small web server at /srv/web.js.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execFileText } from '../../packages/pushway/src/util/exec.ts'
import { tempDir } from './temp.ts'

const server = `require('node:http').createServer((req, res) => res.end('up ' + process.env.WHO)).listen(8080)\n`

/** Its name. The engine builds it on `node:20-slim`; a second time it is there. */
export async function jobImage(): Promise<string> {
  const dir = join(tempDir('image'), 'context')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'web.js'), server)
  writeFileSync(join(dir, 'Dockerfile'), 'FROM node:20-slim\nCOPY web.js /srv/web.js\n')
  await execFileText(['docker', 'build', '-q', '-t', 'pushway.test/job:1', dir], { timeoutMs: 300_000 })
  return 'pushway.test/job:1'
}
