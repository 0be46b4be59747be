import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { parseWorkflow } from './parse.ts'

const parse = (on: string) => parseWorkflow('ci.yml', `on:\n${on}\njobs:\n  a: { runs-on: x, steps: [{ run: a }] }\n`)
const said = (on: string) => parse(on).diagnostics.map(formatDiagnostic)

describe('events', () => {
  test('all that are honoured', () => {
    const on = `  schedule:
    - cron: '30 5 * * 1-5'
    - { cron: '0 0 * * *', timezone: Europe/Berlin }
  pull_request_target: { types: [opened], branches: [main], paths: ['src/**'] }
  workflow_run: { workflows: [CI, Build], types: [completed], branches-ignore: [old] }
  repository_dispatch: { types: [deploy] }
  release: { types: [published] }
  create:
  delete:
  deployment:
  deployment_status:`
    const { value, diagnostics } = parse(on)
    expect(diagnostics).toEqual([])
    expect(value?.on).toEqual([
      { event: 'schedule', entries: [{ cron: '30 5 * * 1-5' }, { cron: '0 0 * * *', timezone: 'Europe/Berlin' }] },
      { event: 'pull_request_target', types: ['opened'], branches: { include: ['main'] }, paths: { include: ['src/**'] } },
      { event: 'workflow_run', workflows: ['CI', 'Build'], types: ['completed'], branches: { exclude: ['old'] } },
      { event: 'repository_dispatch', types: ['deploy'] },
      { event: 'release', types: ['published'] },
      { event: 'create' },
      { event: 'delete' },
      { event: 'deployment' },
      { event: 'deployment_status' },
    ])
  })

  test.each([
    ["  schedule: [{ cron: '0 0 * *' }]", '2:22: error: "0 0 * *" is no schedule.'],
    ["  schedule: [{ cron: '@daily' }]", '2:22: error: "@daily" is no schedule.'],
    ["  schedule: [{ cron: '61 0 * * *' }]", '2:22: error: "61 0 * * *" is no schedule.'],
    ["  schedule: [{ cron: '* * * * *' }]", '2:22: warning: "* * * * *" asks for runs less than 5 minutes apart.'],
    ["  schedule: [{ cron: '0 0 * * *', timezone: Mars/Base }]", '2:45: error: There is no time zone "Mars/Base".'],
    ['  schedule: [{ timezone: UTC }]', '2:14: error: `cron` is required here and missing.'],
    ['  pull_request: { types: [opened, nonsense] }', '2:35: error: `nonsense` is not allowed here.'],
    ['  pull_request: { types: [review_requested] }', '2:27: warning: `review_requested` never happens here.'],
    ['  release: { types: [shipped] }', '2:22: error: `shipped` is not allowed here.'],
    ['  workflow_run: { types: [completed] }', '2:3: error: `workflow_run` needs `workflows`'],
    ['  workflow_run: { workflows: [a], types: [done] }', '2:43: error: `done` is not allowed here.'],
    ['  issues:', '2:3: error: `on: issues` is not supported yet. Pushway keeps no issues or discussions. Send it as a `repository_dispatch`'],
    ['  merge_group:', '2:3: error: `on: merge_group` is not supported yet. There is no merge queue.'],
    ['  check_run:', '2:3: error: `on: check_run` is not supported yet. Use `workflow_run` for runs'],
    ['  watch: { types: [started] }', '2:3: error: `on: watch` is not supported yet. It never happens here.'],
  ])('%s', (on, expected) => {
    const found = said(on)
    expect(found.length).toBeGreaterThan(0)
    expect(found[0]).toContain(`ci.yml:${expected}`)
  })

  test('every event of GitHub that is not carried is refused by line, with what to use instead', () => {
    const names =
      'branch_protection_rule check_run check_suite discussion discussion_comment fork gollum image_version issue_comment issues label merge_group milestone page_build project project_card project_column public pull_request_comment pull_request_review pull_request_review_comment registry_package status watch'
    for (const name of names.split(' ')) {
      const found = said(`  ${name}:`)
      expect(found, name).toHaveLength(1)
      expect(found[0], name).toMatch(/ci\.yml:2:3: error: .*(Use|Send) /)
    }
  })
})
