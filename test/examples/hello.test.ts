// The example service and its two changes behave as the demo's story needs: the bad one fails only where requests meet.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseProject } from '@pushway/core/project/parse.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import { afterEach, describe, expect, test } from 'vitest'
import { tempDir } from '../support/temp.ts'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))
const started: ChildProcess[] = []

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** A copy of hello with the named change laid over it. */
function checkout(change?: 'better' | 'bad'): string {
  const dir = tempDir('hello')
  cpSync(join(examples, 'hello'), dir, { recursive: true, filter: (path) => !path.includes('node_modules') })
  if (change !== undefined) cpSync(join(examples, 'hello-changes', change), dir, { recursive: true })
  return dir
}

async function start(dir: string): Promise<string> {
  const child = spawn(process.execPath, ['src/main.js'], { cwd: dir, env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  let text = ''
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk
    const port = /listens on port (\d+)/.exec(text)?.[1]
    if (port === undefined) continue
    child.stdout.resume()
    return `http://127.0.0.1:${port}`
  }
  throw new Error(`hello did not start: ${text}`)
}

/** Sends `count` requests, one every `everyMs`, without waiting for answers; gives the share that failed. */
async function failedShare(url: string, count: number, everyMs: number): Promise<number> {
  const answers: Promise<boolean>[] = []
  for (let i = 0; i < count; i++) {
    const path = i % 2 === 0 ? '/' : '/greet/Ada'
    answers.push(fetch(`${url}${path}`).then(async (response) => [await response.text(), response.status < 500][1] as boolean))
    await sleep(everyMs)
  }
  return (await Promise.all(answers)).filter((ok) => !ok).length / count
}

function endToEnd(dir: string, url: string): Promise<number | null> {
  const child = spawn(process.execPath, ['e2e/check.mjs'], { cwd: dir, env: { ...process.env, PUSHWAY_URL: url }, stdio: ['ignore', 'ignore', 'inherit'] })
  return new Promise((resolve) => child.once('exit', resolve))
}

describe.each([
  [undefined, '1.0.0'],
  ['better', '1.1.0'],
  ['bad', '1.2.0'],
] as const)('hello, change %s', (change, version) => {
  test('passes its lint and its end-to-end check, and says its version', async () => {
    const dir = checkout(change)
    expect(spawnSync(process.execPath, ['tools/lint.mjs'], { cwd: dir }).status).toBe(0)
    const url = await start(dir)
    expect(await endToEnd(dir, url)).toBe(0)
    expect(await (await fetch(url)).json()).toMatchObject({ service: 'hello', version })
  })

  test('never fails one request after another', async () => {
    const url = await start(checkout(change))
    for (let i = 0; i < 20; i++) expect((await fetch(`${url}/greet/Ada`)).status).toBe(200)
  })

  test(change === 'bad' ? 'fails many of 25 requests a second' : 'fails none of 200 requests a second', async () => {
    const url = await start(checkout(change))
    if (change === 'bad') expect(await failedShare(url, 50, 40)).toBeGreaterThan(0.1)
    else expect(await failedShare(url, 200, 5)).toBe(0)
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })
})

test('the end-to-end check fails where nothing answers', async () => {
  expect(await endToEnd(checkout(), 'http://127.0.0.1:9')).toBe(1)
})

describe("hello's files are understood whole", () => {
  const read = (file: string) => readFileSync(join(examples, 'hello', file), 'utf8')

  test.each(['.github/workflows/ci-cd.yml', '.github/workflows/e2e.yml'])('%s', (file) => {
    expect(parseWorkflow(file, read(file)).diagnostics).toEqual([])
  })

  test('pushway.yml: staging is rolling and verified, production is approved, promoted and canary', () => {
    const { value, diagnostics } = parseProject('pushway.yml', read('pushway.yml'))
    expect(diagnostics).toEqual([])
    expect(value?.environments).toMatchObject([
      { name: 'staging', branch: 'develop', publish: { 8080: 18080 }, verify: { workflow: 'e2e.yml' }, strategy: { kind: 'rolling' } },
      {
        name: 'production',
        branch: 'main',
        publish: { 8080: 18081 },
        approval: { required: 1, self: false },
        promote: { from: 'staging' },
        strategy: { kind: 'canary', steps: [10, 50], everyMs: 5000, analysis: { maxErrorRate: 0.02, p95Ms: 500, minRequests: 50, noData: 'hold' } },
      },
    ])
  })
})
