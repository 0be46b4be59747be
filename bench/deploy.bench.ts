// From a push to what users get: a project without dependencies (what Pushway itself costs), a canary under full load, and
// examples/hello with its npm and Jest. `npm run bench deploy`.

import { setTimeout as sleep } from 'node:timers/promises'
import { programCommand, startServer, type TestServer } from '../test/support/server.ts'
import { deploymentEnds, deploymentOf } from '../test/support/story.ts'
import { quickRolling, type TinyProject, tinyProject } from '../test/support/tiny-project.ts'
import { startFullLoad } from './support/full-load.ts'
import { timeProgram } from './support/processes.ts'
import { fixed, median, printMachine, printTable } from './support/report.ts'

const rounds = 3
const patienceMs = 60_000
const canary = ['strategy: { canary: { steps: [10%, 50%], every: 3s, ready-within: 30s, analysis: { errors: "< 1%", min-requests: 50, no-data: hold } } }']

interface Way {
  readonly stagingMs: number
  readonly productionMs: number
}

/** Until the address answers with that version. */
async function answersWith(url: string, version: string): Promise<void> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(10)) {
    const answer = await fetch(url, { headers: { connection: 'close' } }).catch(() => undefined)
    if (answer?.ok && ((await answer.json()) as { version?: unknown }).version === version) return
    await answer?.body?.cancel().catch(() => undefined)
  }
  throw new Error(`${url} does not answer with version ${version}`)
}

/** Pushes a new version to develop, then to main: the time from each push to the new version answering, and to production done. */
async function goTheWay(server: TestServer, project: TinyProject, version: string): Promise<Way> {
  await project.act({ version })
  const begun = performance.now()
  await pushed(server, project, 'develop')
  await answersWith(project.urls.staging, version)
  const stagingMs = performance.now() - begun
  // The run goes on for a moment: it must not be in the way of the next one.
  await sleep(1_000)
  const again = performance.now()
  const { id } = await deploymentOf(server, project, await pushed(server, project, 'main'))
  await mustSucceed(server, id)
  return { stagingMs, productionMs: performance.now() - again }
}

async function pushed(server: TestServer, project: TinyProject, branch: string) {
  const push = await project.push(server, branch)
  if (push.exit !== 0) throw new Error(`git push failed: ${push.stderr}`)
  return push
}

async function mustSucceed(server: TestServer, id: string): Promise<void> {
  const { conclusion, why } = await deploymentEnds(server, id, patienceMs)
  if (conclusion !== 'success') throw new Error(`the deployment ended with ${conclusion}: ${why.sentence}`)
}

/** A new version by canary while production is asked for as much as it takes. */
async function canaryUnderLoad(server: TestServer, project: TinyProject) {
  await project.configure({ production: canary })
  await project.act({ version: 'canary' })
  const { id } = await deploymentOf(server, project, await pushed(server, project, 'main'))
  const load = startFullLoad(project.urls.production)
  try {
    await mustSucceed(server, id)
    // The old release is drained and gone by now; a little more shows that nobody asks for it.
    await sleep(1_000)
  } catch (error) {
    await load.stop()
    throw error
  }
  return { by: load.by, ...(await load.stop()) }
}

async function measureTiny(): Promise<void> {
  const server = await startServer()
  try {
    const project = await tinyProject('acme/tiny', { production: quickRolling })
    const first = await goTheWay(server, project, 'first')
    const ways: Way[] = []
    for (let round = 1; round <= rounds; round++) ways.push(await goTheWay(server, project, `round-${round}`))
    const row = (name: string, pick: (way: Way) => number) => [name, fixed(pick(first)), fixed(median(ways.map(pick)))]
    printTable(
      ['a project without dependencies, ms', 'the first time', `then, median of ${rounds}`],
      [row('push → staging answers with it', (way) => way.stagingMs), row('push → production done (rolling, 2 instances)', (way) => way.productionMs)],
    )
    const load = await canaryUnderLoad(server, project)
    console.log()
    printTable(
      ['canary 10 → 50 → 100 % under full load', 'requests', 'per second', 'failed', 'limit'],
      [[`32 connections (${load.by})`, load.requests, fixed(load.requests / load.seconds), load.failed, 0]],
    )
  } finally {
    await server.stop()
  }
}

/** The demo's own measurements: fields of its `--json`. */
async function measureHello(): Promise<void> {
  const { exit, output, ms } = await timeProgram([...programCommand(), 'demo', '--json'], { timeoutMs: 240_000 })
  const json = output.split('\n').find((line) => line.startsWith('{'))
  if (exit !== 0 || json === undefined) throw new Error(`the demo failed with ${exit}:\n${output.slice(-3000)}`)
  const { pushToStagingMs, pushToProductionMs, requests, bad } = JSON.parse(json)
  const seconds = (value: number) => fixed(value / 1000, 1)
  printTable(
    ['examples/hello (npm, lint, Jest, image, canary with approval)', '', 'limit'],
    [
      ['push → staging answers, first run, s', seconds(pushToStagingMs), ''],
      ['push → production done (canary 10 → 50 → 100 %), s', seconds(pushToProductionMs), ''],
      ['requests meanwhile', requests.total, ''],
      ['… failed', requests.failed, 0],
      ['bad release: first bad answer → decided to go back, s', seconds(bad.detectedMs), 30],
      ['bad release: first bad answer → all as before, s', seconds(bad.rolledBackMs), 30],
      ['bad release: share of bad answers meanwhile, %', fixed(bad.failedShare * 100, 1), 10],
      ['the whole demo, s', seconds(ms), 180],
    ],
  )
}

printMachine()
await measureTiny()
console.log()
await measureHello()
