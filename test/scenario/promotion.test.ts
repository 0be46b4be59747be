// What staging has proven, production takes by itself when pushway.yml says so.

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createOutside, type LittleWorld, startLittleWorld } from '../support/little-world.ts'
import { tempDir } from '../support/temp.ts'

const project = 'acme/hello'
const [first, second] = ['5'.repeat(40), '6'.repeat(40)] as [string, string]
const workflow = `on: { push: { branches: [develop] } }
jobs:
  build: { runs-on: ubuntu-latest, steps: [{ run: make image }] }
  deploy: { needs: build, runs-on: ubuntu-latest, environment: staging, steps: [{ run: echo deploying }] }
`
const compose = 'services:\n  web: { build: ., ports: ["8080:3000"] }\n'
const config = (promote: string) => `environments:
  staging: { branch: develop, files: [docker-compose.yml] }
  production: { branch: main, files: [docker-compose.yml], publish: { 8080: 8081 }, promote: ${promote} }
`

function given(promote: string): LittleWorld {
  const outside = createOutside(join(tempDir('promotion'), 'story.db'), () => undefined)
  for (const commit of [first, second]) {
    outside.files.set(`${commit}:.github/workflows/ci.yml`, workflow)
    outside.files.set(`${commit}:docker-compose.yml`, compose)
    outside.files.set(`${commit}:pushway.yml`, config(promote))
  }
  const world = startLittleWorld(outside)
  world.commands.createProject(project, 'ada')
  return world
}

async function whenPushed(world: LittleWorld, commit: string): Promise<void> {
  await world.commands.receivePush({ project, updates: [{ ref: 'refs/heads/develop', before: null, after: commit }], source: 'git' }, 'ada')
  for (let pass = 0; pass < 60; pass++) {
    for (const run of world.shop.world.lists.activeRuns()) {
      const pushed = world.shop.states.project(project).state.images.some((image) => image.run === run)
      if (!pushed) world.commands.imagePushed({ repository: project, tag: 'develop', digest: `sha256:${commit.slice(0, 1).repeat(64)}`, run, by: 'ada' })
    }
    await world.pass(500)
  }
}

const liveIn = (world: LittleWorld, environment: string) => {
  const live = world.shop.states.environment(project, environment).state.live
  return live && world.shop.states.release(live.release)?.services[0]?.image.digest.slice(7, 8)
}

describe('promotion', () => {
  test('with `automatic`, production follows staging with the same digest, once per release', async () => {
    const world = given('{ from: staging, automatic: true }')
    await whenPushed(world, first)
    expect([liveIn(world, 'staging'), liveIn(world, 'production')]).toEqual(['5', '5'])
    await whenPushed(world, second)
    expect([liveIn(world, 'staging'), liveIn(world, 'production')]).toEqual(['6', '6'])
    expect(world.queries.history(project, 'production').map(({ kind, by }) => [kind, by])).toEqual([
      ['promote', 'pushway'],
      ['promote', 'pushway'],
    ])
    world.close()
  })

  test('without it, only the command promotes', async () => {
    const world = given('{ from: staging }')
    await whenPushed(world, first)
    expect([liveIn(world, 'staging'), liveIn(world, 'production')]).toEqual(['5', undefined])
    await world.commands.promote(project, { from: 'staging', to: 'production' }, 'grace')
    for (let pass = 0; pass < 20; pass++) await world.pass(500)
    expect(liveIn(world, 'production')).toBe('5')
    world.close()
  })

  test('a way back in production is not undone by staging', async () => {
    const world = given('{ from: staging, automatic: true }')
    await whenPushed(world, first)
    await whenPushed(world, second)
    world.commands.rollback({ project, environment: 'production' }, undefined, 'grace')
    for (let pass = 0; pass < 30; pass++) await world.pass(500)
    expect([liveIn(world, 'staging'), liveIn(world, 'production')]).toEqual(['6', '5'])
    world.close()
  })
})
