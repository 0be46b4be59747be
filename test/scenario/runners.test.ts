// Which runner a job asks for: labels and groups that this server has not got fail the job by name.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createOutside, startLittleWorld } from '../support/little-world.ts'
import { tempDir } from '../support/temp.ts'

const project = 'acme/runners'
const commit = '6'.repeat(40)
const workflow = `
on: push
jobs:
  usual: { runs-on: { group: default }, steps: [{ run: echo }] }
  labelled: { runs-on: { group: Default, labels: [ubuntu-latest] }, steps: [{ run: echo }] }
  group: { runs-on: { group: 'big-\${{ github.ref_name }}' }, steps: [{ run: echo }] }
  label: { runs-on: [ubuntu-latest, gpu], steps: [{ run: echo }] }
`

test('a job whose group or label nobody serves fails and says what it asked for', async () => {
  const outside = createOutside(join(tempDir('runners'), 'story.db'), () => undefined)
  outside.files.set(`${commit}:.github/workflows/ci.yml`, workflow)
  const world = startLittleWorld(outside)
  world.commands.createProject(project, 'ada')
  await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' }, 'ada')
  for (let pass = 0; pass < 6; pass++) await world.pass(500)
  const [run] = world.queries.runs(project, 1)
  const jobs = world.queries.run(run?.id ?? '').jobs.map(({ key, conclusion, why }) => [key, conclusion, why?.sentence])
  expect(jobs).toEqual([
    ['usual', 'success', undefined],
    ['labelled', 'success', undefined],
    ['group', 'failure', expect.stringContaining('runs-on: group big-main (this server has the group Default)')],
    ['label', 'failure', expect.stringContaining('runs-on: gpu (this machine serves ubuntu-latest)')],
  ])
  world.close()
})

test('cancelling a second time kills; running again can log for debugging', async () => {
  const debug: unknown[] = []
  const outside = createOutside(join(tempDir('again'), 'story.db'), (spec) => debug.push(spec.debug))
  outside.files.set(`${commit}:.github/workflows/ci.yml`, 'on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: echo }] } }')
  const world = startLittleWorld(outside)
  world.commands.createProject(project, 'ada')
  await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' }, 'ada')
  const id = world.queries.runs(project, 1)[0]?.id ?? ''
  world.commands.cancelRun(id, false, 'ada')
  expect(world.queries.run(id).cancelling).toBe(true)
  expect(world.shop.states.run(id).state.cancel).toMatchObject({ force: false })
  world.commands.cancelRun(id, false, 'ada')
  expect(world.shop.states.run(id).state.cancel).toMatchObject({ force: true })
  for (let pass = 0; pass < 3; pass++) await world.pass(500)
  expect(world.queries.run(id)).toMatchObject({ status: 'finished', conclusion: 'cancelled' })
  world.commands.rerun(id, { which: 'failed', debug: true }, 'ada')
  for (let pass = 0; pass < 5; pass++) await world.pass(500)
  expect(world.queries.run(id)).toMatchObject({ conclusion: 'success', jobs: [{ attempt: 2 }] })
  expect(debug).toEqual([{ steps: true, runner: true }])
  world.close()
})
