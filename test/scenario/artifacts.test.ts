// Artifacts, caches and identity tokens on a real server: kept by its isolated jobs, seen in the API, downloaded from the command line.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RunView } from '@pushway/core/views/types.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { tempDir } from '../support/temp.ts'
import { type TinyProject, tinyProject } from '../support/tiny-project.ts'

vi.setConfig({ testTimeout: 180_000 })

const workflow = `
name: Keep
on: { push: { branches: [feature] } }
permissions: { contents: read, id-token: write }
jobs:
  make:
    runs-on: ubuntu-latest
    outputs: { id: '\${{ steps.up.outputs.artifact-id }}' }
    steps:
      - { id: c, uses: actions/cache@v4, with: { path: ~/.deps, key: deps-1 } }
      - run: 'echo "cached [\${{ steps.c.outputs.cache-hit }}] as $(id -u)"; mkdir -p ~/.deps out && echo x > ~/.deps/x && echo made > out/a.txt'
      - { id: up, uses: actions/upload-artifact@v4, with: { name: dist, path: out } }
      - { uses: actions/upload-artifact@v4, with: { name: other, path: out } }
      - run: |
          token=$(curl -sf -H "authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=x" | cut -d'"' -f4)
          echo "$token" | cut -d. -f2 | tr '_-' '/+' | base64 -d 2>/dev/null | grep -o '"sub":"[^"]*"'
  take:
    needs: make
    runs-on: ubuntu-latest
    steps:
      - { uses: actions/download-artifact@v4, with: { artifact-ids: '\${{ needs.make.outputs.id }}' } }
      - run: cat a.txt
`

let server: TestServer
let tiny: TinyProject
beforeAll(async () => {
  server = await startServer()
  tiny = await tinyProject('acme/keep')
}, 120_000)
afterAll(() => server?.stop())

async function finished(number: number): Promise<RunView> {
  for (let round = 0; round < 400; round++) {
    const run = await server.client.run('acme/keep', number).catch(() => undefined)
    if (run?.status === 'finished') return run
    await sleep(300)
  }
  throw new Error('the run did not end in time')
}

async function logOf(number: number, job: string): Promise<string> {
  const { lines } = await server.client.jobLog('acme/keep', number, { job })
  return lines.map(({ text }) => text).join('\n')
}

test('go from job to job, and from the server to people', async () => {
  await tiny.commit({ '.github/workflows/ci.yml': undefined, '.github/workflows/keep.yml': workflow })
  await tiny.push(server, 'feature')
  const run = await finished(1)
  const log = `${await logOf(1, 'make')}\n${run.jobs.some(({ key }) => key === 'take') ? await logOf(1, 'take') : ''}`
  expect(run.conclusion, log).toBe('success')
  expect(log).toContain('"sub":"repo:acme/keep:ref:refs/heads/feature"')
  expect(await logOf(1, 'take')).toContain('made')
  const artifacts = await server.client.artifacts('acme/keep', 1)
  expect(artifacts.map(({ name }) => name)).toEqual(['other', 'dist'])
  expect(artifacts[0]?.digest).toMatch(/^sha256:/)

  const env = { PUSHWAY_PROJECT: 'acme/keep' }
  const one = tempDir('one')
  expect(await server.cli(['download', '1', '-n', 'dist', '-D', one], { env })).toMatchObject({ exit: 0 })
  expect(readFileSync(join(one, 'a.txt'), 'utf8')).toBe('made\n')
  const all = tempDir('all')
  expect((await server.cli(['download', '--pattern', '*', '-D', all], { env })).stdout).toContain('1 file in')
  expect(readFileSync(join(all, 'other', 'a.txt'), 'utf8')).toBe('made\n')
  expect(await server.cli(['download', '1', '-n', 'none'], { env })).toMatchObject({ exit: 5, stderr: expect.stringContaining('(not-found)') })
  await server.client.removeArtifact('acme/keep', 1, artifacts[0]?.id ?? 0)
  expect(await server.client.artifacts('acme/keep', 1)).toHaveLength(1)

  await tiny.commit({ 'more.txt': 'x' })
  await tiny.push(server, 'feature')
  const again = await finished(2)
  expect(again.conclusion).toBe('success')
  expect(await logOf(2, 'make')).toContain('cached [true]')
})
