// Where the engine is looked for.

import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { tempDir } from '../../../../../test/support/temp.ts'
import { findEngine } from './find.ts'

const home = tempDir('home')
const find = (env: Record<string, string>) => findEngine({ env: { XDG_RUNTIME_DIR: join(home, 'run'), ...env }, home, uid: 1000 })

describe('DOCKER_HOST', () => {
  test.each([
    ['unix:///some/socket', { kind: 'unix', path: '/some/socket' }],
    ['tcp://example.test:1234', { kind: 'tcp', host: 'example.test', port: 1234 }],
    ['tcp://example.test', { kind: 'tcp', host: 'example.test', port: 2375 }],
    ['tcp://[::1]:2375', { kind: 'tcp', host: '::1', port: 2375 }],
    ['https://example.test', { kind: 'tcp', host: 'example.test', port: 2376, tls: { verify: true } }],
  ])('%s', (host, address) => expect(find({ DOCKER_HOST: host })).toEqual({ ...address, foundBy: 'DOCKER_HOST' }))

  test.each(['ssh://me@example.test', 'unix://relative', 'nonsense'])('%s is refused', (host) =>
    expect(() => find({ DOCKER_HOST: host })).toThrow(expect.objectContaining({ code: 'engine-address' })),
  )

  test('with TLS: the certificates of DOCKER_CERT_PATH', () => {
    const dir = tempDir('certs')
    writeFileSync(join(dir, 'ca.pem'), 'CA')
    expect(find({ DOCKER_HOST: 'tcp://h', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: dir })).toMatchObject({ port: 2376, tls: { verify: true, ca: 'CA' } })
  })
})

describe('the docker command’s context', () => {
  const config = join(home, '.docker')
  const id = createHash('sha256').update('far').digest('hex')
  mkdirSync(join(config, 'contexts/meta', id), { recursive: true })
  writeFileSync(join(config, 'contexts/meta', id, 'meta.json'), JSON.stringify({ Name: 'far', Endpoints: { docker: { Host: 'tcp://far.test:2375' } } }))

  test('the current one', () => {
    writeFileSync(join(config, 'config.json'), JSON.stringify({ currentContext: 'far' }))
    expect(find({})).toEqual({ kind: 'tcp', host: 'far.test', port: 2375, foundBy: 'the context far' })
    writeFileSync(join(config, 'config.json'), 'not JSON')
  })

  test('DOCKER_CONTEXT; DOCKER_HOST wins', () => {
    expect(find({ DOCKER_CONTEXT: 'far' })).toMatchObject({ host: 'far.test' })
    expect(find({ DOCKER_CONTEXT: 'far', DOCKER_HOST: 'unix:///s' })).toMatchObject({ path: '/s' })
  })

  test('one that is not there is refused', () => expect(() => find({ DOCKER_CONTEXT: 'gone' })).toThrow(expect.objectContaining({ code: 'engine-address' })))
})

test('a socket of rootless Podman', () => {
  const socket = join(home, 'run/podman/podman.sock')
  mkdirSync(join(home, 'run/podman'), { recursive: true })
  writeFileSync(socket, '')
  const found = find({ DOCKER_CONTEXT: 'default' })
  // A machine with a Docker Engine has that one first.
  expect(found).toMatchObject(found?.kind === 'unix' && found.path === '/var/run/docker.sock' ? {} : { kind: 'unix', path: socket })
})
