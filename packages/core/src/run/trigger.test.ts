import { describe, expect, test } from 'vitest'
import { parseWorkflow } from '../workflow/parse.ts'
import { matchTrigger, shortRef, triggerEventOf } from './trigger.ts'

function workflowOn(on: string) {
  const { value, diagnostics } = parseWorkflow('ci.yml', `on: ${on}\njobs:\n  a: { runs-on: ubuntu-latest, steps: [{ run: x }] }`)
  if (!value) throw new Error(JSON.stringify(diagnostics))
  return value
}

const head = (branch: string) => ({ event: 'push' as const, ref: `refs/heads/${branch}` })
const tag = (name: string) => ({ event: 'push' as const, ref: `refs/tags/${name}` })

describe('a push', () => {
  test.each([
    ['push', head('x'), true],
    ['push', tag('v1'), true],
    ['push', { event: 'push' as const, ref: 'refs/notes/commits' }, false],
    ['[pull_request]', head('main'), false],
    ['{ push: { branches: [main] } }', head('main'), true],
    ['{ push: { branches: [main] } }', head('dev'), false],
    ['{ push: { branches: [main] } }', tag('main'), false],
    ['{ push: { branches-ignore: [main] } }', tag('v1'), false],
    ['{ push: { tags: ["v*"] } }', tag('v1'), true],
    ['{ push: { tags: ["v*"] } }', head('v1'), false],
    ['{ push: { tags: ["v*"], branches: [main] } }', head('main'), true],
    ['{ push: { tags-ignore: ["v*"] } }', tag('v1'), false],
    ['{ push: { paths: ["src/**"] } }', { ...head('main'), changedPaths: ['src/a.ts', 'README.md'] }, true],
    ['{ push: { paths: ["src/**"] } }', { ...head('main'), changedPaths: ['README.md'] }, false],
    ['{ push: { paths-ignore: ["**.md"] } }', { ...head('main'), changedPaths: ['docs/a.md', 'b.md'] }, false],
    ['{ push: { paths: ["src/**"] } }', { ...tag('v1'), changedPaths: ['README.md'] }, true],
    ['{ push: { branches: ["release/**", "!release/**-alpha"] } }', head('release/1/2-alpha'), false],
  ] as const)('on %s with %j: %s', (on, event, expected) => {
    expect(matchTrigger(workflowOn(on), event)).toBe(expected)
  })
})

describe('other events', () => {
  test.each([
    ['pull_request', { event: 'pull_request' as const, ref: 'refs/pull/1/merge', baseRef: 'main', action: 'opened' }, true],
    ['pull_request', { event: 'pull_request' as const, ref: 'refs/pull/1/merge', baseRef: 'main', action: 'closed' }, false],
    ['{ pull_request: { types: [closed] } }', { event: 'pull_request' as const, ref: 'refs/pull/1/merge', baseRef: 'main', action: 'closed' }, true],
    ['{ pull_request: { branches: [main] } }', { event: 'pull_request' as const, ref: 'refs/pull/1/merge', baseRef: 'refs/heads/dev' }, false],
    ['workflow_dispatch', { event: 'workflow_dispatch' as const, ref: 'refs/heads/x' }, true],
    ['push', { event: 'workflow_dispatch' as const, ref: 'refs/heads/x' }, false],
    ['deployment_status', { event: 'deployment_status' as const, ref: 'refs/heads/x' }, true],
    ['workflow_call', { event: 'workflow_call' as const, ref: 'refs/heads/x' }, true],
    ['pull_request_target', { event: 'pull_request_target' as const, ref: 'refs/heads/main', baseRef: 'main', action: 'opened' }, true],
    ['{ pull_request_target: { branches: [dev] } }', { event: 'pull_request_target' as const, ref: 'refs/heads/main', baseRef: 'main' }, false],
    ['pull_request', { event: 'pull_request_target' as const, ref: 'refs/heads/main', baseRef: 'main' }, false],
    ['{ pull_request: { types: [labeled] } }', { event: 'pull_request' as const, ref: 'r', baseRef: 'main', action: 'labeled' }, true],
    ['{ pull_request: { paths: ["src/**"] } }', { event: 'pull_request' as const, ref: 'r', baseRef: 'main', changedPaths: ['README.md'] }, false],
    ['{ workflow_run: { workflows: [CI] } }', { event: 'workflow_run' as const, ref: 'r', workflowName: 'CI', action: 'requested', baseRef: 'x' }, true],
    ['{ workflow_run: { workflows: [CI] } }', { event: 'workflow_run' as const, ref: 'r', workflowName: 'ci', action: 'requested' }, false],
    ['{ workflow_run: { workflows: CI, types: [completed] } }', { event: 'workflow_run' as const, ref: 'r', workflowName: 'CI', action: 'requested' }, false],
    ['{ workflow_run: { workflows: CI, branches: [main] } }', { event: 'workflow_run' as const, ref: 'r', workflowName: 'CI', baseRef: 'dev' }, false],
    ['repository_dispatch', { event: 'repository_dispatch' as const, ref: 'r', action: 'anything' }, true],
    ['{ repository_dispatch: { types: [deploy] } }', { event: 'repository_dispatch' as const, ref: 'r', action: 'build' }, false],
    ['{ release: { types: [published] } }', { event: 'release' as const, ref: 'refs/tags/v1', action: 'published' }, true],
    ['{ release: { types: [published] } }', { event: 'release' as const, ref: 'refs/tags/v1', action: 'created' }, false],
    ['create', { event: 'create' as const, ref: 'refs/tags/v1' }, true],
    ['delete', { event: 'create' as const, ref: 'refs/tags/v1' }, false],
    ['deployment', { event: 'deployment' as const, ref: 'r' }, true],
    ['{ schedule: [{ cron: "0 0 * * *" }] }', { event: 'schedule' as const, ref: 'r' }, true],
  ] as const)('on %s with %j: %s', (on, event, expected) => {
    expect(matchTrigger(workflowOn(on), event)).toBe(expected)
  })

  test('short names of refs', () => {
    expect([shortRef('refs/heads/a/b'), shortRef('refs/tags/v1'), shortRef('main')]).toEqual(['a/b', 'v1', 'main'])
  })

  test('what a payload says of itself', () => {
    const payload = { action: 'opened', pull_request: { base: { ref: 'main' } } }
    expect(triggerEventOf({ event: 'pull_request', ref: 'r', payload })).toEqual({ event: 'pull_request', ref: 'r', action: 'opened', baseRef: 'main' })
    const run = { action: 'completed', workflow: { name: 'CI' }, workflow_run: { head_branch: 'x' } }
    expect(triggerEventOf({ event: 'workflow_run', ref: 'r', payload: run })).toMatchObject({ workflowName: 'CI', baseRef: 'x' })
    expect(triggerEventOf({ event: 'push', ref: 'r', payload: {} })).toEqual({ event: 'push', ref: 'r' })
  })
})
