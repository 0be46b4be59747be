// From specs to what the engine is asked for, and from its refusals to sentences. Pure.

import type { PushwayError } from '@pushway/core/reason/errors.ts'
import { describe, expect, test } from 'vitest'
import type { GroupSpec, ResolvedNetwork } from '../../../ports/runtime.ts'
import { chooseAddress } from '../../../util/local-addresses.ts'
import { type BodyInput, containerBody } from './container-body.ts'
import { containerLabels, ownerOf, sharedLabels } from './labels.ts'
import { refusalError } from './refusals.ts'
import { addressRange } from './service-address.ts'

const spec: GroupSpec = {
  id: 'acme/shop/staging~web~r1',
  environment: 'acme/shop/staging',
  service: 'web',
  release: 'r1',
  image: { repository: 'acme/web', digest: `sha256:${'0'.repeat(64)}`, origin: 'pushed' },
  env: { A: '1' },
  ports: [{ target: 3000, published: 8080, protocol: 'http' }],
  stopGraceMs: 1500,
  services: {},
  project: 'shop',
}
const network: ResolvedNetwork = { network: { name: 'shop_back' }, aliases: ['www', 'web'], ipv4: '10.5.0.9' }

type Body = Record<string, unknown> & { readonly HostConfig: Record<string, unknown> }

function bodyOf(over: Partial<GroupSpec> = {}, input: Partial<BodyInput> = {}): Body {
  const base = {
    image: 'i',
    labels: {},
    networks: [network],
    serviceHosts: [],
    shared: { volumesFrom: [] },
    reach: 'bridge',
    api: '1.41',
    boundFiles: {},
  } as const
  return containerBody({ ...base, spec: { ...spec, ...over }, ...input }) as Body
}

describe('the body of a new container', () => {
  test('names, environment, grace; the router publishes its ports', () => {
    expect(bodyOf()).toMatchObject({ Image: 'i', Env: ['A=1'], StopTimeout: 2, ExposedPorts: { '3000/tcp': {} } })
    expect(bodyOf().HostConfig).not.toHaveProperty('PortBindings')
    expect(bodyOf()).not.toHaveProperty('Cmd')
  })

  test('an entrypoint that is emptied is one empty word', () => {
    expect(bodyOf({ entrypoint: [], command: ['x'] })).toMatchObject({ Entrypoint: [''], Cmd: ['x'] })
    expect(bodyOf({ entrypoint: ['a'] })).toMatchObject({ Entrypoint: ['a'] })
  })

  test('the first network, with the service’s name, its aliases and fixed address', () => {
    expect(bodyOf().NetworkingConfig).toEqual({
      EndpointsConfig: { shop_back: { Aliases: ['web', 'www'], IPAMConfig: { IPv4Address: '10.5.0.9' } } },
    })
    expect(bodyOf().HostConfig).toMatchObject({ NetworkMode: 'shop_back' })
  })

  test('datagrams and host ports are published by the engine; every port is, where bridges can’t be reached', () => {
    const ports = [
      { target: 53, published: 5353, protocol: 'udp' },
      { target: 9000, published: 9000, publishedTo: 9010, protocol: 'tcp', mode: 'host', host: '127.0.0.1' },
      { target: 3000, published: 80, protocol: 'http' },
    ] as const
    const own = { '53/udp': [{ HostIp: '', HostPort: '5353' }], '9000/tcp': [{ HostIp: '127.0.0.1', HostPort: '9000-9010' }] }
    expect(bodyOf({ ports }).HostConfig.PortBindings).toEqual(own)
    expect(bodyOf({ ports }, { reach: 'published' }).HostConfig.PortBindings).toEqual({ ...own, '3000/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] })
  })

  test('commands are the engine’s own health check; pages are asked for from outside', () => {
    const timing = { intervalMs: 5_000, timeoutMs: 1_000, retries: 4, startPeriodMs: 2_000 }
    expect(bodyOf({ ready: { check: { kind: 'shell', line: 'true' }, ...timing } }).Healthcheck).toEqual({
      ...{ Test: ['CMD-SHELL', 'true'], Interval: 5e9, Timeout: 1e9, Retries: 4, StartPeriod: 2e9 },
    })
    expect(bodyOf({ ready: { check: { kind: 'http', path: '/', port: 1 }, ...timing } })).not.toHaveProperty('Healthcheck')
  })

  test.each([
    [undefined, { Name: 'always' }],
    [{ policy: 'no' }, { Name: 'no' }],
    [
      { policy: 'on-failure', maxRetries: 3 },
      { Name: 'on-failure', MaximumRetryCount: 3 },
    ],
    [{ policy: 'unless-stopped' }, { Name: 'unless-stopped' }],
  ] as const)('restart %j', (restart, policy) => expect(bodyOf(restart ? { restart } : {}).HostConfig.RestartPolicy).toEqual(policy))

  test('each kind of mount', () => {
    const mounts: GroupSpec['mounts'] = [
      { kind: 'volume', volume: { name: 'shop_data' }, target: '/data', readOnly: false, noCopy: true },
      { kind: 'volume', target: '/own', readOnly: false },
      { kind: 'bind', path: '/srv/x', target: '/x', readOnly: true, propagation: 'rslave' },
      { kind: 'bind', path: '/srv/y', target: '/y', readOnly: true, selinux: 'private' },
      { kind: 'tmpfs', target: '/t', sizeBytes: 1024, mode: 0o700 },
      { kind: 'tmpfs', target: '/u', options: ['uid=7'], sizeBytes: 9 },
      { kind: 'file', from: 'secret', name: 's', contentBase64: '', target: '/run/secrets/s' },
    ]
    expect(bodyOf({ mounts }).HostConfig).toMatchObject({
      Mounts: [
        { Type: 'volume', Source: 'shop_data', Target: '/data', ReadOnly: false, VolumeOptions: { NoCopy: true } },
        { Type: 'volume', Target: '/own', ReadOnly: false, VolumeOptions: {} },
        { Type: 'bind', Source: '/srv/x', Target: '/x', ReadOnly: true, BindOptions: { Propagation: 'rslave' } },
        { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1024, Mode: 0o700 } },
      ],
      Binds: ['/srv/y:/y:ro,Z'],
      Tmpfs: { '/u': 'uid=7,size=9' },
    })
  })

  test('limits and options by the engine’s names', () => {
    const resources = {
      cpus: 0.5,
      memoryBytes: 64,
      pids: 9,
      block: { weight: 300, readBytes: [{ path: '/dev/sda', rate: 5 }] },
      devices: [{ count: -1, capabilities: ['gpu'] }],
    }
    const container = {
      ...{ capAdd: ['NET_ADMIN'], init: true, readOnly: true, shmBytes: 7, sysctls: { 'net.core.somaxconn': '9' } },
      ulimits: { nofile: { soft: 1, hard: 2 } },
      logging: { driver: 'local', options: { 'max-size': '1m' } },
      extraHosts: [{ host: 'gate', address: 'host-gateway' }],
      ...{ hostname: 'h', user: '7', tty: true, stopSignal: 'SIGQUIT', macAddress: '02:42:ac:11:00:09' },
    }
    const body = bodyOf({ resources, container }, { serviceHosts: ['api:198.18.0.1'] })
    expect(body).toMatchObject({ Hostname: 'h', User: '7', Tty: true, StopSignal: 'SIGQUIT', MacAddress: '02:42:ac:11:00:09' })
    expect(body.HostConfig).toMatchObject({
      ...{ NanoCpus: 5e8, Memory: 64, PidsLimit: 9, BlkioWeight: 300, BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 5 }] },
      DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }],
      ...{ CapAdd: ['NET_ADMIN'], Init: true, ReadonlyRootfs: true, ShmSize: 7, Sysctls: { 'net.core.somaxconn': '9' } },
      Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
      LogConfig: { Type: 'local', Config: { 'max-size': '1m' } },
      ExtraHosts: ['gate:host-gateway', 'api:198.18.0.1'],
    })
    const later = bodyOf({ container }, { api: '1.44' })
    expect(later).not.toHaveProperty('MacAddress')
    expect(later.NetworkingConfig).toMatchObject({ EndpointsConfig: { shop_back: { MacAddress: '02:42:ac:11:00:09' } } })
  })
})

test('labels: ours, compose’s, and the user’s, which can’t replace them', () => {
  const labels = containerLabels({ ...spec, container: { labels: { team: 'a', 'dev.pushway.group': 'other' } } }, 'i1', { number: 4, name: 2 })
  expect(labels).toMatchObject({
    team: 'a',
    'com.docker.compose.project': 'shop',
    'com.docker.compose.service': 'web',
    'com.docker.compose.container-number': '2',
  })
  expect(ownerOf(labels)).toEqual({ id: spec.id, environment: spec.environment, service: 'web', release: 'r1', number: 4 })
  expect(ownerOf({ 'com.docker.compose.project': 'shop' })).toBeUndefined()
  expect(sharedLabels(spec, 'i1', { kind: 'volume', name: 'shop_data' })).toMatchObject({ 'com.docker.compose.volume': 'data' })
})

test.each([
  ['driver failed programming external connectivity on endpoint x (ab): Bind for 0.0.0.0:8080 failed: port is already allocated', 'port-in-use', '8080'],
  ['... Error starting userland proxy: listen tcp4 0.0.0.0:53: bind: address already in use', 'port-in-use', '53'],
  ['write /var/lib/docker/tmp/x: no space left on device', 'disk-full', 'storage'],
  ['invalid mount config for type "bind": bind source path does not exist: /srv/x', 'engine-refused', '/srv/x'],
])('%s', (message, code, named) => {
  const error = refusalError('web', message) as PushwayError
  expect(error.code).toBe(code)
  expect(error.message).toContain(named)
})

test('service addresses are in their range, stable, and never the same', () => {
  const taken = new Set<string>()
  for (let at = 0; at < 500; at++) {
    const address = chooseAddress(addressRange, `acme/shop/staging~s${at % 250}`, taken)
    expect(address).toMatch(/^198\.(18|19)\.\d{1,3}\.\d{1,3}$/)
    expect(taken.has(address)).toBe(false)
    taken.add(address)
  }
  expect(chooseAddress(addressRange, 'x', new Set())).toBe(chooseAddress(addressRange, 'x', new Set()))
})
