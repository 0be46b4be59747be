// Runs of one concurrency group, through the whole engine: one goes on, one waits and says for whom, a newer one replaces it or
// cancels what is in progress. The control plane is killed at every write, before and after; the end is the same.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createOutside, type FakeJobs, Killed, type LittleWorld, type Outside, startLittleWorld } from '../support/little-world.ts'
import { tempDir } from '../support/temp.ts'

const project = 'acme/hello'
const commits = ['1', '2', '3'].map((digit) => digit.repeat(40))
const dir = tempDir('concurrency')
let stories = 0

/** Jobs that go on until they are let go or cancelled. */
function patientJobs(inner: FakeJobs): FakeJobs & { readonly free: Set<string> } {
  const free = new Set<string>()
  const cancelled = new Set<string>()
  const isStarted = (run: string) => inner.started.some((key) => key.startsWith(`${run}/`))
  return {
    ...inner,
    free,
    get started() {
      return inner.started
    },
    cancel: async (ref) => void cancelled.add(ref.run),
    observe: async (ref) => (isStarted(ref.run) ? { state: 'running', pid: 1 } : { state: 'unknown' }),
    reports: async (ref, cursor, signal) => {
      if (cancelled.has(ref.run)) return { items: cursor > 0 ? [] : [{ type: 'finished', at: 0, conclusion: 'cancelled', outputs: {} }], cursor: 1 }
      return free.has(ref.run) ? inner.reports(ref, cursor, signal) : { items: [], cursor }
    },
  }
}

function newOutside(concurrency: string): { outside: Outside; jobs: ReturnType<typeof patientJobs> } {
  stories += 1
  const plain = createOutside(join(dir, `story-${stories}.db`), () => undefined)
  const jobs = patientJobs(plain.jobs)
  const text = `on: push\n${concurrency}jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: x }]\n`
  for (const commit of commits) plain.files.set(`${commit}:.github/workflows/ci.yml`, text)
  return { outside: { ...plain, jobs }, jobs }
}

const runsOf = ({ shop, queries }: LittleWorld) =>
  shop.world.lists
    .runs(project, 10)
    .toReversed()
    .map((id) => queries.run(id))
const states = (world: LittleWorld) => runsOf(world).map((run) => run.conclusion ?? run.status)

async function push(world: LittleWorld, index: number) {
  await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commits[index] ?? '' }], source: 'webhook' }, 'ada')
  for (let pass = 0; pass < 4; pass++) await world.pass(100)
}

const letGo = (world: LittleWorld, jobs: { free: Set<string> }) => {
  for (const run of world.shop.world.lists.runs(project, 10)) jobs.free.add(run)
}

describe('three pushes into one group', () => {
  test('the second waits and says for whom, the third takes its place', async () => {
    const { outside, jobs } = newOutside('concurrency: deploy-${{ github.ref_name }}\n')
    const world = startLittleWorld(outside)
    world.commands.createProject(project, 'ada')
    await push(world, 0)
    await push(world, 1)
    expect(states(world)).toEqual(['running', 'queued'])
    expect(runsOf(world)[1]?.why?.sentence).toBe('Waiting for run 1 of the concurrency group "deploy-main".')
    expect(runsOf(world)[1]?.jobs[0]?.why?.code).toBe('waiting-for-group')
    await push(world, 2)
    expect(states(world)).toEqual(['running', 'cancelled', 'queued'])
    expect(runsOf(world)[1]?.jobs[0]?.why?.sentence).toContain('run 3 came after it')
    letGo(world, jobs)
    for (let pass = 0; pass < 8; pass++) await world.pass(100)
    expect(states(world)).toEqual(['success', 'cancelled', 'success'])
    world.close()
  })

  test('cancel-in-progress ends the one that runs; queue: max lets all wait', async () => {
    const cancelling = newOutside('concurrency: { group: g, cancel-in-progress: "${{ github.ref == \'refs/heads/main\' }}" }\n')
    const first = startLittleWorld(cancelling.outside)
    first.commands.createProject(project, 'ada')
    for (const index of [0, 1]) await push(first, index)
    for (let pass = 0; pass < 4; pass++) await first.pass(100)
    expect(states(first)).toEqual(['cancelled', 'running'])
    expect(runsOf(first)[0]?.jobs[0]?.why?.sentence).toBe('Cancelled because run 2 wants the concurrency group "g" (cancel-in-progress).')
    first.close()
    const queueing = newOutside('concurrency: { group: g, queue: max }\n')
    const second = startLittleWorld(queueing.outside)
    second.commands.createProject(project, 'ada')
    for (const index of [0, 1, 2]) await push(second, index)
    expect(states(second)).toEqual(['running', 'queued', 'queued'])
    letGo(second, queueing.jobs)
    for (let pass = 0; pass < 12; pass++) await second.pass(100)
    expect(states(second)).toEqual(['success', 'success', 'success'])
    second.close()
  })

  test('killed at every write, it comes to the same end', async () => {
    const whole = await story()
    expect(whole.end).toEqual(['success', 'cancelled', 'success'])
    for (let write = 1; write <= whole.writes; write++) {
      for (const when of ['before', 'after'] as const) expect((await story({ write, when })).end, `killed ${when} write ${write}`).toEqual(whole.end)
    }
  }, 60_000)
})

/** Pushes one after the other while nothing is let go, then lets all go; killed once, and started again. */
async function story(killAt?: { write: number; when: 'before' | 'after' }) {
  const { outside, jobs } = newOutside('concurrency: deploy\n')
  let world = startLittleWorld(outside, killAt)
  const step = async (work: () => unknown) => {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      world.close()
      world = startLittleWorld(outside)
    }
  }
  const pushes = () => world.shop.states.project(project).state.pushes.length
  for (let round = 0; round < 40; round++) {
    await step(async () => {
      if (!world.shop.world.lists.hasProject(project)) world.commands.createProject(project, 'ada')
      if (round % 6 === 0 && pushes() < commits.length) await push(world, pushes())
      if (round > 24) letGo(world, jobs)
      await world.pass(100)
    })
  }
  const result = { end: states(world), writes: world.writes() }
  world.close()
  return result
}
