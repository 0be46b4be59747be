// Compose files: what is read, how files merge, and every finding at its place.

import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../text/diagnostic.ts'
import { interpolate } from './interpolate.ts'
import { loadCompose } from './load.ts'
import { splitCommand } from './words.ts'

function load(text: string, env: Record<string, string> = {}) {
  return loadCompose([{ file: 'docker-compose.yml', text }], { env })
}

function findings(text: string, env: Record<string, string> = {}): string[] {
  return load(text, env).diagnostics.map((one) => formatDiagnostic(one).replace('docker-compose.yml:', ''))
}

function service(yaml: string, env: Record<string, string> = {}) {
  const parsed = load(`services:\n  web:\n    image: acme/web\n${yaml.replace(/^/gm, '    ')}`, env)
  expect(parsed.diagnostics.filter((one) => one.severity === 'error')).toEqual([])
  return parsed.value?.services[0]
}

describe('a compose service', () => {
  test('gets its defaults', () => {
    expect(service('')).toEqual({
      name: 'web',
      image: { kind: 'image', reference: 'acme/web' },
      environment: {},
      ports: [],
      dependsOn: [],
      replicas: 1,
      stopGraceMs: 10_000,
    })
  })

  test.each([
    { yaml: 'ports: ["8080:3000"]', ports: [{ published: 8080, target: 3000, protocol: 'http' }] },
    { yaml: 'ports: [3000]', ports: [{ target: 3000, ephemeral: true, protocol: 'http' }] },
    { yaml: 'ports: ["127.0.0.1:8080:3000/tcp"]', ports: [{ published: 8080, target: 3000, host: '127.0.0.1', protocol: 'http' }] },
    { yaml: 'ports: ["[::1]:80:80"]', ports: [{ published: 80, target: 80, host: '::1', protocol: 'http' }] },
    { yaml: 'ports: ["5432:5432"]', ports: [{ published: 5432, target: 5432, protocol: 'tcp' }] },
    { yaml: 'ports: [{ target: 3000, published: "80", app_protocol: http }]', ports: [{ published: 80, target: 3000, protocol: 'http' }] },
    { yaml: 'ports: ["$' + '{PORT:-81}:3000"]', ports: [{ published: 81, target: 3000, protocol: 'http' }] },
    {
      yaml: 'ports: ["80:3000"]\nexpose: [3000, "9090"]',
      ports: [
        { published: 80, target: 3000, protocol: 'http' },
        { target: 9090, protocol: 'http' },
      ],
    },
  ])('has ports from $yaml', ({ yaml, ports }) => {
    expect(service(yaml)?.ports).toEqual(ports)
  })

  test('takes environment as a mapping or a list, also from outside', () => {
    expect(service('environment: { A: 1, B: "x $V", C: true, D: }', { V: 'v', D: 'd' })?.environment).toEqual({ A: '1', B: 'x v', C: 'true', D: 'd' })
    expect(service('environment: ["A=1=2", "D", "E"]', { D: 'd' })?.environment).toEqual({ A: '1=2', D: 'd' })
  })

  test.each([
    { yaml: 'command: node "my app.js" --x', command: ['node', 'my app.js', '--x'] },
    { yaml: 'command: ["node", "app.js"]', command: ['node', 'app.js'] },
  ])('has a command from $yaml', ({ yaml, command }) => {
    expect(service(yaml)?.command).toEqual(command)
  })

  test.each([
    { yaml: 'test: ["CMD", "curl", "-f", "http://localhost:3000/health"]', check: { kind: 'http', port: 3000, path: '/health' } },
    { yaml: 'test: curl -fsS http://127.0.0.1:3000/ready || exit 1', check: { kind: 'http', port: 3000, path: '/ready' } },
    { yaml: 'test: ["CMD-SHELL", "wget -qO- http://localhost:3000/health"]', check: { kind: 'http', port: 3000, path: '/health' } },
    { yaml: 'test: ["CMD", "wget", "--spider", "-q", "localhost:80/"]', check: { kind: 'http', port: 80, path: '/' } },
    { yaml: 'test: ["CMD", "curl", "http://localhost:3000/health"]', check: { kind: 'command', argv: ['curl', 'http://localhost:3000/health'] } },
    { yaml: 'test: ["CMD", "node", "check.js"]', check: { kind: 'command', argv: ['node', 'check.js'] } },
    { yaml: 'test: pg_isready -U user | grep ok', check: { kind: 'shell', line: 'pg_isready -U user | grep ok' } },
  ])('has a check from $yaml', ({ yaml, check }) => {
    const ready = service(`healthcheck:\n  interval: 5s\n  timeout: 2s\n  retries: 4\n  start_period: 1m30s\n  ${yaml}`)?.ready
    expect(ready).toEqual({ check, intervalMs: 5000, timeoutMs: 2000, retries: 4, startPeriodMs: 90_000 })
  })

  test('has a check that is switched off replaced by a connection', () => {
    expect(service('ports: [3000]\nhealthcheck: { disable: true }')?.ready?.check).toEqual({ kind: 'tcp', port: 3000 })
    expect(service('ports: [3000]\nhealthcheck: { test: [NONE] }')?.ready?.check).toEqual({ kind: 'tcp', port: 3000 })
  })

  test('builds from a folder, with file and target', () => {
    const text = 'services:\n  a: { build: ./a }\n  b: { build: { context: ../b, dockerfile: b.Dockerfile, target: prod }, image: acme/b }'
    expect(loadCompose([{ file: 'deploy/compose.yml', text }], { env: {} }).value?.services.map((one) => one.image)).toEqual([
      { kind: 'build', context: 'deploy/a', dockerfile: 'Dockerfile' },
      { kind: 'build', context: 'b', dockerfile: 'b.Dockerfile', target: 'prod', image: 'acme/b' },
    ])
  })

  test('takes anchors, merge keys and x- keys', () => {
    const parsed = load('x-base: &base\n  image: acme/web\n  deploy: { replicas: 2 }\nservices:\n  web:\n    <<: *base\n    image: acme/api\n')
    expect(parsed.diagnostics).toEqual([])
    expect(parsed.value?.services[0]).toMatchObject({ image: { reference: 'acme/api' }, replicas: 2 })
  })
})

describe('several files', () => {
  test('merge by the rules of compose', () => {
    const base =
      'services:\n  web:\n    image: a\n    command: [x, y]\n    environment: [A=1, B=2]\n    ports: ["80:3000"]\n    depends_on: [db]\n  db: { image: postgres }'
    const overlay =
      'services:\n  web:\n    command: [z]\n    environment: { B: 3 }\n    ports: ["81:3000", "80:3000"]\n    depends_on: { db: { condition: service_healthy } }\n    deploy: { replicas: 3 }'
    const files = [
      { file: 'docker-compose.yml', text: base },
      { file: 'docker-compose.prod.yml', text: overlay },
    ]
    expect(loadCompose(files, { env: {} }).value?.services[0]).toMatchObject({
      image: { reference: 'a' },
      command: ['z'],
      environment: { A: '1', B: '3' },
      ports: [
        { published: 80, target: 3000 },
        { published: 81, target: 3000 },
      ],
      dependsOn: [{ service: 'db', condition: 'healthy' }],
      replicas: 3,
    })
  })
})

describe('findings', () => {
  test('are all given at once, at their places', () => {
    const text = `version: '3.8'
services:
  web:
    imgae: acme/web
    container_name: web
    ports: ["80-90:80", "x", "53:53/udp"]
    command: 'a "b'
    volumes: [data:/b]
    depends_on: [dbb]
    healthcheck: { test: [FOO], interval: soon }
    deploy: { replicas: many, resources: {} }
  db:
    image: postgres
networks: {}
`
    expect(findings(text)).toEqual([
      '1:1: warning: version is obsolete and ignored: remove it. (compose-obsolete)',
      '3:3: error: services.web has neither image nor build: nothing says what it runs. (compose-no-image)',
      '4:5: error: services.web has no key "imgae": did you mean "image"? (compose-unknown-key)',
      '6:25: error: services.web.ports[1] must be a port such as "8080:3000", not "x": ports are numbers from 0 to 65535, or ranges such as 8000-8010. (compose-value)',
      '7:14: error: services.web.command must be a command whose quotes and parentheses are closed, not "a "b". (compose-value)',
      "8:15: error: services.web uses data, which is not among the file's volumes; add it to volumes at the top level of the file. (compose-undefined)",
      '9:18: error: web depends on "dbb", which is not a service here; did you mean "db"? (compose-unknown-service)',
      '10:26: error: services.web.healthcheck.test must be text, or a list that begins with CMD, CMD-SHELL or NONE and has a command. (compose-value)',
      '10:43: error: services.web.healthcheck.interval must be a length of time such as 10s or 1m30s, not "soon". (compose-value)',
      '11:25: error: services.web.deploy.replicas must be a whole number, not "many". (compose-value)',
    ])
  })

  test.each([
    { text: '', says: 'compose-empty' },
    { text: 'services: [', says: 'compose-yaml' },
    { text: 'services: []', says: 'compose-type' },
    { text: 'services:\n  a: { image: x }\n  a: { image: y }', says: 'compose-yaml' },
    { text: 'services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a] }', says: 'compose-circle' },
    { text: 'services:\n  a: { image: x, depends_on: [a] }', says: 'compose-circle' },
    { text: 'services:\n  a: { image: x, ports: ["80:1"] }\n  b: { image: x, ports: ["127.0.0.1:80:1"] }', says: 'compose-port-twice' },
    { text: 'services:\n  a: { image: "$' + '{X:?tell me}" }', says: 'compose-variable-required' },
    { text: 'services:\n  a: { image: "$' + '{X" }', says: 'compose-variable-syntax' },
    { text: 'services:\n  a: { image: x, command: !foo y }', says: 'compose-yaml' },
    { text: 'services:\n  a: { image: x, ports: ["53:53/sctp"] }', says: 'compose-not-yet' },
    { text: 'services:\n  a: { image: x, build: { context: ../.. } }', says: 'compose-outside' },
    { text: 'services:\n  a: { build: "https://github.com/a/b.git" }', says: 'compose-not-yet' },
    { text: 'services:\n  a: { image: "--privileged" }', says: 'compose-value' },
  ])('$says for $text', ({ text, says }) => {
    const parsed = load(text)
    expect(parsed.value).toBeUndefined()
    expect(parsed.diagnostics.map((one) => one.code)).toContain(says)
  })

  test('an unset variable is a warning', () => {
    expect(findings('services:\n  a: { image: x, environment: { A: $NOPE } }')).toEqual([
      '2:36: warning: The variable NOPE is not set; it is replaced by nothing. (compose-variable-unset)',
    ])
  })
})

describe('interpolation', () => {
  test.each([
    ['$A-${A}', 'a-a'],
    ['$$A', '$A'],
    ['${E:-d}', 'd'],
    ['${E-d}', ''],
    ['${N-d}', 'd'],
    ['${N:-${A}}', 'a'],
    ['${A:+yes}', 'yes'],
    ['${N:+yes}', ''],
    ['${E+yes}', 'yes'],
    ['${A:?must}', 'a'],
    ['a}b', 'a}b'],
    ['$', '$'],
    ['$1 costs 5 $', '$1 costs 5 $'],
  ])('%s is %s', (text, value) => {
    expect(interpolate(text, (name) => ({ A: 'a', E: '' })[name])).toEqual({ value, problems: [] })
  })

  test.each(['${}', '${A', '${A!}'])('%s is refused', (text) => {
    expect(interpolate(text, (name) => (name === 'A' ? 'a' : undefined)).problems.map((one) => one.kind)).toContain('syntax')
  })
})

test.each([
  ['a  b', ['a', 'b']],
  [`a 'b "c"' d\\ e`, ['a', 'b "c"', 'd e']],
  ['"a\\"b" \'\'', ['a"b', '']],
  ['"a', undefined],
])('%s is split into words', (line, words) => {
  expect(splitCommand(line)?.words).toEqual(words)
})
