// The control plane is killed at every single write of three deployments (a first one, a canary, a bad one), once before the
// write reaches the disk and once after. Started again, it must come to the same end each time.
// Method: Sieve (OSDI 2022): crash at every state change of a controller.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createOutside, Killed, type LittleWorld, type Outside, startLittleWorld } from '../support/little-world.ts'
import { tempDir } from '../support/temp.ts'

const project = 'acme/hello'
const workflow = `on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps: [{ run: make image }]
  deploy:
    needs: build
    runs-on: ubuntu-latest
    environment: production
    steps: [{ run: echo deploying }]
`
const compose = `services:
  web:
    build: .
    ports: ["8080:3000"]
    deploy: { replicas: 2 }
`
const config = `environments:
  production:
    branch: main
    files: [docker-compose.yml]
    approval: { required: 1 }
    strategy:
      canary:
        steps: [10%, 50%]
        every: 2s
        analysis: { errors: "< 2%", min-requests: 20, no-data: hold }
`
const commits = ['1', '2', '3'].map((digit) => digit.repeat(40))

const dir = tempDir('crash')
let stories = 0

function newOutside(): Outside {
  stories += 1
  const outside = createOutside(join(dir, `story-${stories}.db`), () => undefined)
  for (const commit of commits) {
    outside.files.set(`${commit}:.github/workflows/ci.yml`, workflow)
    outside.files.set(`${commit}:docker-compose.yml`, compose)
    outside.files.set(`${commit}:pushway.yml`, config)
  }
  return outside
}

/** What happens from outside, each time the world is looked at: people and clients do what they would do. */
async function live(world: LittleWorld, outside: Outside): Promise<boolean> {
  const { lists } = world.shop.world
  if (!lists.hasProject(project)) world.commands.createProject(project, 'ada')
  const pushes = world.shop.states.project(project).state.pushes
  const idle = lists.activeRuns().length === 0 && lists.activeDeployments().length === 0
  const next = commits[pushes.length]
  if (idle && next === undefined) return false
  if (idle && next !== undefined)
    await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: next }], source: 'webhook' }, 'ada')
  for (const run of lists.activeRuns()) {
    const { cause } = world.shop.states.run(run).state
    const pushed = world.shop.states.project(project).state.images.some((image) => image.run === run)
    const digest = `sha256:${(cause?.sha ?? '').repeat(2).slice(0, 64)}`
    if (!pushed && outside.jobs.started.some((key) => key.startsWith(`${run}/build/`)))
      world.commands.imagePushed({ repository: project, tag: 'main', digest, run, by: 'ada' })
  }
  for (const id of lists.activeDeployments()) {
    const { state } = world.shop.states.deployment(id)
    if (state.approval?.state === 'open') world.commands.approve(id, { why: 'looks good' }, 'grace')
    for (const service of state.rollout?.plan.services ?? []) {
      const bad = world.shop.states.release(state.rollout?.target ?? '')?.commit === commits[2]
      outside.router.setCounts(service.to, { requests: 200, errors: bad ? 60 : 0, p50Ms: 2, p95Ms: 5 })
      if (service.from) outside.router.setCounts(service.from, { requests: 2_000, errors: 0, p50Ms: 2, p95Ms: 5 })
    }
  }
  return true
}

async function tell(world: LittleWorld, outside: Outside): Promise<void> {
  for (let pass = 0; pass < 400; pass++) {
    if (!(await live(world, outside))) return
    await world.pass(500)
  }
  throw new Error(
    `the story does not end: ${JSON.stringify(world.shop.world.lists.activeRuns().map((id) => [...world.shop.states.run(id).state.jobs.values()]))} ${JSON.stringify(world.shop.world.lists.activeDeployments().map((id) => [world.shop.states.deployment(id).state, world.shop.notes.get(`deployment/${id}`)]))}`,
  )
}

/** What people would see in the end, without ids and times. */
async function ending(world: LittleWorld, outside: Outside) {
  const { shop } = world
  const environment = shop.states.environment(project, 'production').state
  const live = environment.live && shop.states.release(environment.live.release)
  const groups = await outside.runtime.observe(undefined, AbortSignal.timeout(1_000))
  const routes = await outside.router.read(undefined, AbortSignal.timeout(1_000))
  const releaseCommit = (id: string) => shop.states.release(id)?.commit.slice(0, 4)
  return {
    live: live?.commit,
    holder: environment.holder,
    history: environment.history.map((record) => releaseCommit(record.release)),
    deployments: shop.world.lists
      .deployments(project, 'production', 10)
      .map((id) => shop.states.deployment(id).state)
      .map((state) => [state.closed?.conclusion, state.closed?.reason.code]),
    runs: shop.world.lists.runs(project, 10).map((id) => shop.states.run(id).state.conclusion),
    groups: groups.map((group) => [releaseCommit(group.release), group.ready]),
    routes: routes.map((route) => [route.listen.port, route.groups.map((group) => [releaseCommit(group.group.split('~')[2] ?? ''), group.weight])]),
  }
}

async function tellWithKill(write: number, when: 'before' | 'after') {
  const outside = newOutside()
  const first = startLittleWorld(outside, { write, when })
  try {
    await tell(first, outside)
    throw new Error(`there is no write ${write}`)
  } catch (error) {
    if (!(error instanceof Killed)) throw error
  } finally {
    first.close()
  }
  outside.clock.time += 1_000
  const second = startLittleWorld(outside)
  try {
    await tell(second, outside)
    return await ending(second, outside)
  } finally {
    second.close()
  }
}

describe('a control plane that is killed', () => {
  test('comes to the same end, whichever write it was killed at', async () => {
    const calm = newOutside()
    const world = startLittleWorld(calm)
    await tell(world, calm)
    const expected = await ending(world, calm)
    const writes = world.writes()
    world.close()
    expect(expected).toMatchObject({ live: commits[1], history: ['1111', '2222'], groups: [['2222', 2]], runs: ['failure', 'success', 'success'] })
    expect(expected.holder).toBeUndefined()
    expect(expected.routes).toEqual([[8080, [['2222', 100]]]])
    expect(writes).toBeGreaterThan(60)

    for (let write = 1; write <= writes; write++) {
      for (const when of ['before', 'after'] as const) {
        expect(await tellWithKill(write, when), `killed ${when} write ${write} of ${writes}`).toEqual(expected)
      }
    }
    process.stdout.write(`killed at ${writes} writes, before and after each: the same end\n`)
  }, 300_000)
})
