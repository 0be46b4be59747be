// pushway.yml: what it says, its defaults, and every finding at its place.

import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { defaultProject, environmentFor, parseProject } from './parse.ts'
import { defaultAnalysis, defaultCanary, defaultRolling } from './strategy.ts'

function findings(text: string, paths?: readonly string[]): string[] {
  return parseProject('pushway.yml', text, paths).diagnostics.map((one) => formatDiagnostic(one).replace('pushway.yml:', ''))
}

function environment(yaml: string) {
  const parsed = parseProject('pushway.yml', `environments:\n  staging: {}\n  production:\n${yaml.replace(/^/gm, '    ')}`)
  expect(parsed.diagnostics).toEqual([])
  return parsed.value && environmentFor(parsed.value, 'production')
}

describe('pushway.yml', () => {
  test('says all of it', () => {
    const text = `builder: embedded
environments:
  staging:
    branch: develop
    files: [docker-compose.yml, docker-compose.staging.yml]
    publish: { 80: 8080 }
    url: http://localhost:8080
    services: { web: { port: 3000, ready: /ready, health: /health } }
    verify: { workflow: e2e.yml }
  production:
    branch: main
    approval: { reviewers: [ops, leads], required: 1, expires: 24h, self: false }
    promote: { from: staging }
    strategy:
      canary:
        steps: [10%, 30%, 60%]
        every: 2m
        ready-within: 1m
        analysis: { errors: "< 1%", p95: "< 1.25x baseline", min-requests: 50, no-data: hold }
`
    const parsed = parseProject('pushway.yml', text)
    expect(parsed.diagnostics).toEqual([])
    expect(parsed.value).toEqual({
      builder: 'embedded',
      environments: [
        {
          name: 'staging',
          branch: 'develop',
          runtime: 'process',
          files: ['docker-compose.yml', 'docker-compose.staging.yml'],
          publish: { 80: 8080 },
          url: 'http://localhost:8080',
          services: { web: { port: 3000, ready: '/ready', health: '/health' } },
          verify: { workflow: 'e2e.yml' },
          strategy: defaultRolling,
        },
        {
          name: 'production',
          branch: 'main',
          runtime: 'process',
          files: [],
          publish: {},
          services: {},
          approval: { reviewers: ['ops', 'leads'], required: 1, expiresMs: 86_400_000, self: false },
          promote: { from: 'staging', automatic: false },
          strategy: {
            kind: 'canary',
            steps: [10, 30, 60],
            everyMs: 120_000,
            readyWithinMs: 60_000,
            analysis: { maxErrorRate: 0.01, p95Factor: 1.25, minRequests: 50, noData: 'hold' },
          },
        },
      ],
    })
  })

  test.each([
    { yaml: 'strategy: canary', says: { strategy: defaultCanary } },
    { yaml: 'strategy: { rolling: { max-surge: 2, max-unavailable: 1 } }', says: { strategy: { ...defaultRolling, maxSurge: 2, maxUnavailable: 1 } } },
    {
      yaml: 'strategy: { rolling: { watch: 10s, analysis: { p95: 300ms, errors: 2% } } }',
      says: { strategy: { watchMs: 10_000, analysis: { ...defaultAnalysis, p95Ms: 300, maxErrorRate: 0.02 } } },
    },
    { yaml: 'verify: .github/workflows/e2e.yml', says: { verify: { workflow: 'e2e.yml' } } },
    { yaml: 'promote: staging', says: { promote: { from: 'staging', automatic: false } } },
    { yaml: 'approval: true', says: { approval: { reviewers: [], required: 1 } } },
    { yaml: 'files: compose.yml', says: { files: ['compose.yml'] } },
  ])('$yaml', ({ yaml, says }) => {
    expect(environment(yaml)).toMatchObject(says)
  })

  test('environments that one image could never run in are not linked by promote', () => {
    const text = 'environments:\n  staging: {}\n  production:\n    runtime: docker\n    promote: staging\n'
    expect(findings(text)).toEqual([
      "5:14: error: production is promoted from staging, but no image runs in both: staging (runtime: process) takes images on the machine's own userland, production (runtime: docker) takes images with a root file system of their own. Give both the same runtime. (project-promote-runtimes)",
    ])
    expect(findings(text.replace('staging: {}', 'staging: { runtime: docker }'))).toEqual([])
  })

  test('finds every mistake at once, at its place', () => {
    const text = `bilder: auto
environments:
  staging:
    branch: "a..b"
    runtime: kubernetes
    files: [k8s/, ../x.yml]
    publish: { web: 80, 81: 99999 }
    url: localhost
    alerts: rules.yml
  production:
    branh: main
    approval: { reviewers: [ann, "@ops"], required: 2, expires: soon }
    promote: { from: stagin }
    verify: e2e
    strategy:
      canary:
        steps: [30%, 10%, 0%]
        analysis: { errors: few, p95: fast, no-data: maybe }
  green: { strategy: blue-green }
  flat: { strategy: { rolling: { max-surge: 0 } } }
`
    expect(findings(text)).toEqual([
      '1:1: error: pushway.yml has no key "bilder": did you mean "builder"? (project-unknown-key)',
      '4:13: error: environments.staging.branch must be one branch\'s name such as main, not "a..b". (project-value)',
      '5:14: error: runtime: kubernetes is not supported yet: remove it for now. (project-not-yet)',
      '6:12: error: "k8s/" (only compose files, *.yml or *.yaml, are read) is not supported yet: remove it for now. (project-not-yet)',
      '6:12: error: environments.staging.files must be a path inside the repository, not "../x.yml". (project-value)',
      '7:16: error: environments.staging.publish maps the file\'s published ports to ports of this machine; "web" is not a port. (project-value)',
      '7:29: error: environments.staging.publish.81 must be a whole number from 1 to 65535. (project-value)',
      '8:10: error: environments.staging.url must be an address such as https://example.org, not "localhost". (project-value)',
      '9:5: error: environments.staging.alerts is not supported yet: remove it for now. (project-not-yet)',
      '11:5: error: environments.production has no key "branh": did you mean "branch"? (project-unknown-key)',
      '12:28: error: The team @ops as a reviewer is not supported yet: remove it for now. (project-not-yet)',
      '12:65: error: environments.production.approval.expires must be a length of time such as 30s, 2m or 1h30m, not "soon". (project-value)',
      '12:15: error: environments.production.approval wants 2 approvals of 1 reviewers: it could never be given. (project-value)',
      '14:13: error: environments.production.verify must be a file in .github/workflows such as e2e.yml, not "e2e". (project-value)',
      '17:22: error: environments.production.strategy.canary.steps[1] must be more than the step before it: shares of traffic only rise. (project-value)',
      '17:27: error: environments.production.strategy.canary.steps[2] must be a share such as 10%, above 0 and up to 100 %, not "0%". (project-value)',
      '18:29: error: environments.production.strategy.canary.analysis.errors must be a limit such as "< 1%", not "few". (project-value)',
      '18:39: error: environments.production.strategy.canary.analysis.p95 must be a limit such as "< 1.25x baseline" or "< 300ms", not "fast". (project-value)',
      '18:54: error: environments.production.strategy.canary.analysis.no-data must be one of hold, pass, fail, not "maybe". (project-value)',
      '19:22: error: The blue-green strategy is not supported yet: remove it for now. (project-not-yet)',
      "20:32: error: environments.flat.strategy.rolling: max-surge and max-unavailable can't both be 0, or nothing could ever be replaced. (project-value)",
      '13:14: error: production is promoted from "stagin", which is not an environment here; did you mean "staging". (project-unknown-environment)',
    ])
  })

  test('finds a circle of promotions, and files that are not there', () => {
    expect(findings('environments:\n  a: { promote: b, files: [x.yml] }\n  b: { promote: a }', ['y.yml'])).toEqual([
      '2:17: error: a is promoted from itself, by way of b: nothing could ever get there. (project-promote-circle)',
      '2:27: error: a names x.yml, which is not in the repository. (project-missing-file)',
      '3:17: error: b is promoted from itself, by way of a: nothing could ever get there. (project-promote-circle)',
    ])
  })

  test.each(['environments: []', 'environments: {', '- a', 'environments: { a: 3 }'])('%s is refused', (text) => {
    expect(parseProject('pushway.yml', text).value).toBeUndefined()
  })

  test('takes the compose file by default', () => {
    expect(parseProject('pushway.yml', 'environments: { staging: {} }', ['compose.yaml', 'docker-compose.yml']).value?.environments[0]?.files).toEqual([
      'compose.yaml',
    ])
    expect(parseProject('pushway.yml', '', ['docker-compose.yml']).value).toEqual(defaultProject(['docker-compose.yml']))
  })
})

describe('without pushway.yml', () => {
  test('develop goes to staging and main to production', () => {
    expect(defaultProject(['docker-compose.yml']).environments).toMatchObject([
      { name: 'staging', branch: 'develop', files: ['docker-compose.yml'] },
      { name: 'production', branch: 'main', files: ['docker-compose.yml'] },
    ])
    expect(defaultProject([], ['master']).environments[1]).toMatchObject({ branch: 'master', files: [] })
    expect(environmentFor(defaultProject([]), 'qa')).toBeUndefined()
  })
})
