// What `up` does with what is there.

import { describe, expect, test } from 'vitest'
import { containerName } from './labels.ts'
import { type ContainerAction, dependencyWaves, dependsOnLabel, type FoundContainer, planService, readDependsOn, restartedWith } from './plan.ts'

const wanted = { name: 'web', hash: 'h1', image: 'sha256:1', replicas: 1, networks: ['shop_default'] }

function found(number: number, more: Partial<FoundContainer> = {}): FoundContainer {
  return {
    ...{ id: `c${number}`, name: `shop-web-${number}`, service: 'web', number, state: 'running' },
    ...{ hash: 'h1', image: 'sha256:1', networks: ['shop_default'] },
    ...more,
  }
}

function said(actions: readonly ContainerAction[]): readonly string[] {
  return actions.map((action) => {
    if (action.kind === 'create') return `create ${action.number}`
    return action.kind === 'recreate' ? `recreate ${action.container.number}: ${action.why}` : `${action.kind} ${action.container.number}`
  })
}

describe('planService', () => {
  test.each([
    { why: 'nothing is there', wants: {}, there: [], is: ['create 1'] },
    { why: 'all is as it should be', wants: {}, there: [found(1)], is: ['keep 1'] },
    { why: 'it does not run', wants: {}, there: [found(1, { state: 'exited' })], is: ['keep 1'] },
    { why: 'its configuration changed', wants: { hash: 'h2' }, there: [found(1)], is: ['recreate 1: its configuration changed'] },
    { why: 'others made it', wants: {}, there: [found(1, { hash: undefined })], is: ['recreate 1: its configuration changed'] },
    { why: 'its image changed', wants: { image: 'sha256:2' }, there: [found(1)], is: ['recreate 1: its image changed'] },
    { why: 'the image is not known', wants: { image: undefined }, there: [found(1)], is: ['keep 1'] },
    { why: 'it is in another network', wants: {}, there: [found(1, { networks: ['x'] })], is: ['recreate 1: it is not in the network shop_default'] },
    { why: 'there are more to be', wants: { replicas: 3 }, there: [found(2)], is: ['keep 2', 'create 3', 'create 4'] },
    { why: 'there are fewer to be', wants: {}, there: [found(2), found(1), found(3)], is: ['remove 2', 'remove 3', 'keep 1'] },
    { why: 'the surplus is out of date', wants: {}, there: [found(1, { hash: 'old' }), found(2)], is: ['remove 1', 'keep 2'] },
    { why: 'there are to be none', wants: { replicas: 0 }, there: [found(1)], is: ['remove 1'] },
    { why: 'all are to be new', wants: {}, there: [found(1)], policy: 'force' as const, is: ['recreate 1: it was asked for'] },
    { why: 'none is to be new', wants: { hash: 'h2' }, there: [found(1)], policy: 'never' as const, is: ['keep 1'] },
  ])('when $why', ({ wants, there, policy, is }) => {
    expect(said(planService({ ...wanted, ...wants }, there, policy ?? 'diverged'))).toEqual(is)
  })
})

const services = {
  web: { depends_on: { api: { condition: 'service_started', required: true }, db: { condition: 'service_healthy', restart: true, required: true } } },
  api: { depends_on: { db: { condition: 'service_healthy', required: true } } },
  db: {},
  alone: { depends_on: { elsewhere: { condition: 'service_started', required: false } } },
}

test('services come in waves', () => {
  expect(dependencyWaves(services)).toEqual([['alone', 'db'], ['api'], ['web']])
  expect(dependencyWaves({})).toEqual([])
})

test('a dependency that is new restarts those that ask for it', () => {
  expect(restartedWith(services, new Set(['db']))).toEqual(['web'])
  expect(restartedWith(services, new Set(['db', 'web']))).toEqual([])
})

test('labels and names', () => {
  expect(dependsOnLabel(services.web)).toBe('api:service_started:false,db:service_healthy:true')
  expect(readDependsOn(dependsOnLabel(services.web))).toEqual(['api', 'db'])
  expect([readDependsOn(''), readDependsOn(undefined)]).toEqual([[], []])
  expect(containerName({ project: 'shop', service: 'web', number: 2 })).toBe('shop-web-2')
  expect(containerName({ project: 'shop', service: 'web', number: 2, own: 'site' })).toBe('site')
})
