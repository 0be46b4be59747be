// Reusable workflows on the server: files of the repository and of others, secrets of environments, a restart in between, running again.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JobSpec } from '@pushway/core/run/types.ts'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../packages/pushway/src/util/secret.ts'
import { createOutside, type LittleWorld, startLittleWorld } from '../support/little-world.ts'
import { tempDir } from '../support/temp.ts'

const project = 'acme/caller'
const commit = '5'.repeat(40)
const caller = `
on: push
jobs:
  first: { runs-on: ubuntu-latest, steps: [{ run: echo }] }
  own: { needs: first, uses: ./.github/workflows/own.yml, with: { to: x } }
  shared: { needs: first, uses: acme/flows/.github/workflows/shared.yml@v1, secrets: { key: '\${{ secrets.TOP }}' } }
  after: { needs: [own, shared], runs-on: ubuntu-latest, steps: [{ run: echo }] }
`
const own =
  'on: { workflow_call: { inputs: { to: { type: string } } } }\njobs:\n  work: { runs-on: ubuntu-latest, environment: preview, steps: [{ run: echo }] }\n'
const shared = 'on: { workflow_call: { secrets: { key: {} } } }\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: echo }] }\n'

function given() {
  const mirror = join(tempDir('mirror'))
  const folder = join(mirror, 'acme/flows@v1/.github/workflows')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'shared.yml'), shared)
  const specs: JobSpec[] = []
  const outside = { ...createOutside(join(tempDir('calls'), 'story.db'), (spec) => specs.push(spec)), mirror }
  outside.files.set(`${commit}:.github/workflows/ci.yml`, caller)
  outside.files.set(`${commit}:.github/workflows/own.yml`, own)
  return { outside, specs, sharedFile: join(folder, 'shared.yml') }
}

async function passes(world: LittleWorld, count: number): Promise<void> {
  for (let pass = 0; pass < count; pass++) await world.pass(500)
}

const push = { project, updates: [{ ref: 'refs/heads/main', before: null, after: commit }], source: 'git' } as const

describe('a run that calls workflows', () => {
  test('takes the files as they were at the push, also after a restart; environments give their own secrets', async () => {
    const { outside, specs, sharedFile } = given()
    let world = startLittleWorld(outside)
    world.commands.createProject(project, 'ada')
    world.commands.setSecret({ project, environment: undefined }, { name: 'TOP', value: new Secret('top') }, 'ada')
    world.commands.setSecret({ project, environment: 'preview' }, { name: 'HERE', value: new Secret('preview only') }, 'ada')
    await world.commands.receivePush(push, 'ada')
    world.close()
    // What another repository's file says now is of no interest to a run that was planned before.
    writeFileSync(sharedFile, shared.replace('  a:', '  changed:'))
    world = startLittleWorld(outside)
    await passes(world, 12)
    const [run] = world.queries.runs(project, 1)
    const view = world.queries.run(run?.id ?? '')
    expect(view.jobs.map(({ key, name, group, conclusion }) => [key, name, group, conclusion])).toEqual([
      ['first', 'first', undefined, 'success'],
      ['own.work', 'own / work', 'own', 'success'],
      ['shared.a', 'shared / a', 'shared', 'success'],
      ['after', 'after', undefined, 'success'],
    ])
    expect(view.jobs.map(({ needs }) => needs)).toEqual([[], ['first'], ['first'], ['own.work', 'shared.a']])
    const secrets = Object.fromEntries(specs.map(({ job, contexts }) => [job.id, contexts.secrets]))
    expect(secrets).toMatchObject({ a: { key: 'top', GITHUB_TOKEN: 'token' }, work: { HERE: 'preview only', GITHUB_TOKEN: 'token' }, after: { TOP: 'top' } })
    expect(secrets.work).not.toHaveProperty('TOP')
    expect(secrets.a).not.toHaveProperty('TOP')
    world.close()
  })

  test('runs one job of a called workflow again, and what needs the call after it', async () => {
    const { outside } = given()
    const world = startLittleWorld(outside)
    world.commands.createProject(project, 'ada')
    await world.commands.receivePush(push, 'ada')
    await passes(world, 12)
    const [run] = world.queries.runs(project, 1)
    expect(() => world.commands.rerun(run?.id ?? '', { which: { job: 'none' } }, 'ada')).toThrow('none')
    world.commands.rerun(run?.id ?? '', { which: { job: 'shared' } }, 'ada')
    await passes(world, 8)
    const attempts = world.queries.run(run?.id ?? '').jobs.map(({ key, attempt, conclusion }) => [key, attempt, conclusion])
    expect(attempts).toEqual([
      ['first', 1, 'success'],
      ['own.work', 1, 'success'],
      ['shared.a', 2, 'success'],
      ['after', 2, 'success'],
    ])
    world.commands.rerun(run?.id ?? '', { which: { job: 'first' } }, 'ada')
    await passes(world, 12)
    expect(world.queries.run(run?.id ?? '').jobs.map(({ attempt, conclusion }) => [attempt, conclusion])).toEqual(Array(4).fill([3, 'success']))
    world.close()
  })

  test('is refused when a call is wrong, and who pushed is told', async () => {
    const { outside } = given()
    outside.files.set(`${commit}:.github/workflows/ci.yml`, caller.replace('@v1', '@v2').replace('to: x', 'tu: x'))
    const world = startLittleWorld(outside)
    world.commands.createProject(project, 'ada')
    const { problems } = await world.commands.receivePush(push, 'ada')
    expect(problems).toEqual([
      expect.stringContaining('ci.yml:5:67: error: The called workflow has no input `tu`. Its inputs: to. (input-unknown)'),
      expect.stringContaining('ci.yml:6:33: error: There is no workflow `acme/flows/.github/workflows/shared.yml@v2`: no source has'),
    ])
    world.close()
  })
})
