// Options, volumes and ports of containers of jobs, as they reach the engine.

import { describe, expect, test } from 'vitest'
import { createBody } from './create-body.ts'
import { readOptions } from './options.ts'
import { type ContainerSpec, readServices, readSpec } from './spec.ts'

const empty: ContainerSpec = { image: 'i', env: {}, ports: [], volumes: [], options: '' }
const bodyOf = (spec: Partial<ContainerSpec>, trusted = true) =>
  createBody({ spec: { ...empty, ...spec }, image: 'i', network: 'n', aliases: ['a'], labels: {}, binds: [], trusted }).body

describe('options', () => {
  test.each([
    ['--cpus 1.5 -m 512m', { host: { NanoCpus: 1.5e9, Memory: 512 << 20 } }],
    [
      '--health-cmd "pg_isready -U x" --health-interval=10s --health-timeout 1m30s --health-retries 5',
      { health: { Test: ['CMD-SHELL', 'pg_isready -U x'], Interval: 10e9, Timeout: 90e9, Retries: 5 } },
    ],
    ["-e A=1 --env 'B=two words' -eC=3", { env: { A: '1', B: 'two words', C: '3' } }],
    ['--user 1001:1001 -h box -w /x', { config: { User: '1001:1001', Hostname: 'box', WorkingDir: '/x' } }],
    ['--add-host a:1.2.3.4 --add-host b:5.6.7.8', { host: { ExtraHosts: ['a:1.2.3.4', 'b:5.6.7.8'] } }],
    [
      '--ulimit nofile=1024:2048 --tmpfs /t:size=1m --init --read-only',
      { host: { Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 2048 }], Tmpfs: { '/t': 'size=1m' }, Init: true, ReadonlyRootfs: true } },
    ],
    ['--privileged --device /dev/kvm', { reaching: ['--privileged', '--device'], host: { Privileged: true } }],
    ['-v data:/data -p 80:80', { volumes: ['data:/data'], ports: ['80:80'] }],
  ])('%s', (text, expected) => {
    expect(readOptions(text)).toMatchObject(expected)
  })

  test.each([
    ['--no-such x', 'the option --no-such is not carried'],
    ['--memory much', '"much" is no size'],
    ['--health-interval soon', '"soon" is no time such as 10s'],
    ['--user', 'the option --user has no value'],
    ['-e "A=1', 'a " is not closed'],
  ])('%s is refused', (text, problem) => {
    expect(() => readOptions(text)).toThrow(problem)
  })
})

describe('what the engine is asked', () => {
  test('ports and volumes', () => {
    expect(bodyOf({ ports: ['80', '8080:81', '127.0.0.1:53:53/udp'], volumes: ['/only', 'v:/v'] })).toMatchObject({
      ExposedPorts: { '80/tcp': {}, '81/tcp': {}, '53/udp': {} },
      Volumes: { '/only': {} },
      HostConfig: {
        Binds: ['v:/v'],
        PortBindings: { '80/tcp': [{ HostPort: '' }], '81/tcp': [{ HostPort: '8080' }], '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }] },
      },
    })
  })

  test.each([
    [{ options: '--privileged' }, 'the option --privileged would let the job out of its container'],
    [{ options: '-v /etc:/etc' }, 'the volume /etc:/etc is a folder of the machine'],
    [{ volumes: ['/var/run/docker.sock:/s'] }, 'the volume /var/run/docker.sock:/s is a folder of the machine'],
  ])('%j is refused where jobs are kept apart', (spec, problem) => {
    expect(() => bodyOf(spec, false)).toThrow(problem)
    expect(() => bodyOf(spec)).not.toThrow()
  })
})

describe('what a job says', () => {
  test('an image, a map, nothing', () => {
    expect(readSpec('docker://node:20')).toEqual({ ...empty, image: 'node:20' })
    expect(readSpec({ image: 'x', env: { N: 1 }, ports: [80], credentials: { username: 'u', password: 'p' } })).toEqual({
      ...empty,
      image: 'x',
      env: { N: '1' },
      ports: ['80'],
      credentials: { username: 'u', password: 'p' },
    })
    expect(readSpec({ image: '' })).toBeUndefined()
    expect(readServices({ db: 'postgres', none: { image: '' } }).map(([name]) => name)).toEqual(['db'])
  })

  test.each([[3], [['a']], [{ image: 'x', ports: 'y' }], [{ image: 'x', env: [] }]])('%j is refused', (value) => {
    expect(() => readSpec(value)).toThrow(/is no (map|list)/)
  })
})
