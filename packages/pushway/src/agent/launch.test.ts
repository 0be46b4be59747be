// What an instance is started with.

import { describe, expect, test } from 'vitest'
import type { Program } from '../ports/agent.ts'
import { environmentOf, launchOf } from './launch.ts'
import { listeningRows } from './listening.ts'
import { movePorts } from './probes.ts'
import { isAgentGroup } from './schema.ts'

const program: Program = {
  tree: '/data/images/x',
  argv: ['node', { inTree: '/app/server.js' }],
  workingDir: '/app',
  env: { A: '1', PATH: '/image/bin' },
  path: ['/tools/bin'],
  ports: [3000, 9090],
  services: { 'db:5432': '127.0.0.1:20005', 'cache:6379': '127.0.0.1:20006' },
  stopSignal: 'SIGTERM',
  stopGraceMs: 1000,
  isolation: { kind: 'none', mounts: false, pids: false, hide: [], keepReadOnly: [] },
}
const place = { id: 'web-1', dir: '/state/instances/web 1', ports: { 3000: 20_001, 9090: 20_002 } }

describe('the launch of an instance', () => {
  test('paths of the image lead into its own tree', () => {
    expect(launchOf(program, place, program.argv)).toMatchObject({
      argv: ['node', '/state/instances/web 1/tree/app/server.js'],
      cwd: '/state/instances/web 1/tree/app',
    })
  })

  test('a path that leads out of the tree is refused', () => {
    expect(() => launchOf(program, place, [{ inTree: '/../../etc/passwd' }])).toThrowError(/leads out/)
  })

  test('its environment says where it really listens and what it calls', () => {
    expect(environmentOf(program, place)).toMatchObject({
      A: '1',
      HOME: '/state/instances/web 1/tree',
      PORT: '20001',
      NODE_OPTIONS: '--require="/state/instances/web 1/run/preload.cjs"',
      PUSHWAY_PORTS: '3000=20001,9090=20002',
      PUSHWAY_SERVICES: 'db:5432=127.0.0.1:20005,cache:6379=127.0.0.1:20006',
    })
    expect(environmentOf(program, place).PATH).toMatch(/^\/tools\/bin:\/image\/bin:/)
  })

  test.each([
    ['of the second port', '9090', '20002'],
    ['of no port of the service', '4000', '4000'],
  ])('a PORT of the team’s own, %s', (_how, own, wanted) => {
    expect(environmentOf({ ...program, env: { PORT: own } }, place).PORT).toBe(wanted)
  })
})

describe('ports in a health command', () => {
  test.each([
    ['curl -f http://localhost:3000/health', 'curl -f http://127.0.0.1:20001/health'],
    ['nc -z 127.0.0.1:9090 && wget localhost:3000', 'nc -z 127.0.0.1:20002 && wget 127.0.0.1:20001'],
    ['curl http://localhost:30001/', 'curl http://localhost:30001/'],
    ['curl http://db.localhost:3000/', 'curl http://db.localhost:3000/'],
    ['curl http://other:3000/', 'curl http://other:3000/'],
  ])('%s', (text, wanted) => expect(movePorts(text, place.ports)).toBe(wanted))

  test('port 80 goes without saying', () => expect(movePorts('curl http://localhost/x', { 80: 20_009 })).toBe('curl http://127.0.0.1:20009/x'))
})

test('listening sockets are read from the table of the system', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0FA0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 0 0 10 0
   1: 0100007F:0FA1 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4243 1 0 100 0 0 10 0
`
  expect(listeningRows(table)).toEqual([{ port: 4000, inode: '4242' }])
})

describe('what the agent takes for a group', () => {
  const group = { id: 'e~web~r', environment: 'e', service: 'web', release: 'r', replicas: 1, program }
  test('the whole of it', () => expect(isAgentGroup(group)).toBe(true))
  test.each([
    ['no id', { ...group, id: '' }],
    ['half an instance', { ...group, replicas: 0.5 }],
    ['fewer than none', { ...group, replicas: -1 }],
    ['no command', { ...group, program: { ...program, argv: [] } }],
    ['a word that is a number', { ...group, program: { ...program, argv: [1] } }],
    ['an environment of numbers', { ...group, program: { ...program, env: { A: 1 } } }],
    ['a port that can not be', { ...group, program: { ...program, ports: [70_000] } }],
    ['nothing', null],
  ])('not %s', (_what, value) => expect(isAgentGroup(value)).toBe(false))
})
