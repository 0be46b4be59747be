// From images and specs to programs, and from health commands to probes.

import { describe, expect, test } from 'vitest'
import type { GroupSpec } from '../../../ports/runtime.ts'
import { fetchedPage, simplifyProbe } from './probe-command.ts'
import { makeProgram, type ProcessImage, signalName } from './program.ts'

const timing = { intervalMs: 1000, timeoutMs: 500, retries: 3, startPeriodMs: 0 }
const image: ProcessImage = {
  entrypoint: ['/app/entry.sh'],
  cmd: ['node', '/app/server.js'],
  env: { A: 'image', B: 'image' },
  workingDir: '/app',
  exposedPorts: [9090, 3000],
  healthcheck: { check: { kind: 'shell', line: 'wget -qO- http://localhost:3000/health || exit 1' }, ...timing },
  base: 'host',
}
const spec: GroupSpec = {
  id: 'acme/hello/staging~web~r1',
  environment: 'acme/hello/staging',
  service: 'web',
  release: 'r1',
  image: { repository: 'acme/hello', digest: `sha256:${'0'.repeat(64)}`, origin: 'pushed' },
  env: { B: 'group' },
  ports: [{ target: 3000, protocol: 'http' }],
  stopGraceMs: 1000,
  services: {},
}

function make(over: Partial<GroupSpec> = {}, config: Partial<ProcessImage> = {}) {
  const isolation = { kind: 'none', mounts: false, pids: false, hide: [], keepReadOnly: [] } as const
  return makeProgram({
    spec: { ...spec, ...over },
    image: { ...image, ...config },
    tree: '/t',
    path: [],
    isolation,
    placed: { mounts: {}, sources: {}, program: [], files: [], keep: [] },
    inTree: (path) => path.startsWith('/app/'),
  })
}

describe('the command', () => {
  test.each([
    ['the image’s own', {}, [{ inTree: '/app/entry.sh' }, 'node', { inTree: '/app/server.js' }]],
    ['a command of the service', { command: ['npm', 'start'] }, [{ inTree: '/app/entry.sh' }, 'npm', 'start']],
    ['an entrypoint drops the image’s command', { entrypoint: ['/bin/sh', '-c', 'x'] }, ['/bin/sh', '-c', 'x']],
    ['both', { entrypoint: ['a'], command: ['b'] }, ['a', 'b']],
    ['an entrypoint that is emptied', { entrypoint: [], command: ['b'] }, ['b']],
  ])('%s', (_name, over, argv) => expect(make(over)).toMatchObject({ argv }))

  test('there must be one', () => expect(make({ entrypoint: [] })).toEqual({ problem: 'the image has no command and the service gives none' }))
})

test('the group’s environment wins over the image’s, and its ports come first', () => {
  expect(make()).toMatchObject({ env: { A: 'image', B: 'group' }, ports: [3000, 9090] })
})

test('readiness: the service’s own probe, else the image’s health check', () => {
  expect(make()).toMatchObject({ ready: { check: { kind: 'http', port: 3000, path: '/health' }, ...timing } })
  const own = { check: { kind: 'tcp', port: 7000 }, ...timing } as const
  expect(make({ ready: own })).toMatchObject({ ready: own, ports: [3000, 9090, 7000] })
  expect(make({}, { healthcheck: undefined })).not.toHaveProperty('ready')
})

describe('a health command that only fetches a page', () => {
  test.each([
    ['curl -f http://localhost:3000/health || exit 1', { port: 3000, path: '/health' }],
    ['curl -fsS http://127.0.0.1:8080/ready?full=1', { port: 8080, path: '/ready?full=1' }],
    ['curl --fail --silent -o /dev/null "http://localhost/"', { port: 80, path: '/' }],
    ['wget -qO- http://localhost:3000/health || exit 1', { port: 3000, path: '/health' }],
    ['wget --no-verbose --tries=1 --spider http://localhost:3000/health || exit 1', { port: 3000, path: '/health' }],
    ['wget -q --spider localhost:3000', { port: 3000, path: '/' }],
  ])('%s', (line, page) => expect(fetchedPage(line)).toEqual(page))

  test.each([
    ['does not look at the status', 'curl http://localhost:3000/health'],
    ['sends something', 'curl -f -X POST http://localhost:3000/health'],
    ['goes elsewhere', 'curl -f http://db:5432/'],
    ['does more', 'curl -f http://localhost:3000/health | grep ok'],
    ['does two things', 'curl -f http://localhost:3000/a && curl -f http://localhost:3000/b'],
    ['is another program', 'node health.js'],
    ['has a variable', 'curl -f http://localhost:$PORT/health'],
  ])('stays a command when it %s', (_why, line) => expect(fetchedPage(line)).toBeUndefined())

  test('other probes are left as they are', () => {
    const probe = { check: { kind: 'command', argv: ['node', 'health.js'] }, ...timing } as const
    expect(simplifyProbe(probe)).toBe(probe)
    expect(simplifyProbe({ check: { kind: 'command', argv: ['curl', '-f', 'http://localhost:3000/'] }, ...timing }).check.kind).toBe('http')
  })
})

test.each([
  [undefined, 'SIGTERM'],
  ['QUIT', 'SIGQUIT'],
  ['sigint', 'SIGINT'],
  ['15', 'SIGTERM'],
  ['nonsense', 'SIGTERM'],
])('stop signal %s', (text, name) => expect(signalName(text)).toBe(name))
