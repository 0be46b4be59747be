// Releases: which digest each service gets, what they bind to, how they differ, what is proven.

import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../app/render.ts'
import type { App, Service } from '../app/types.ts'
import { releaseChanges } from './changes.ts'
import { makeRelease, type ReleaseInput, type ResolvedImages } from './make.ts'
import { provenIn } from './promote.ts'
import { repositoryOf, tagOf } from './reference.ts'
import type { Release } from './types.ts'

const a = `sha256:${'a'.repeat(64)}`
const b = `sha256:${'b'.repeat(64)}`
const none: ResolvedImages = { pushed: [], built: {}, resolved: {}, aliases: ['ghcr.io'] }

function service(image: Service['image'], options: Partial<Service> = {}): Service {
  return {
    name: 'web',
    image,
    environment: {},
    ports: [{ target: 3000, published: 80, protocol: 'http' }],
    dependsOn: [],
    replicas: 1,
    stopGraceMs: 10_000,
    ...options,
  }
}

const root = { kind: 'build', context: '.', dockerfile: 'Dockerfile' } as const
const tagged = { kind: 'image', reference: 'ghcr.io/Acme/web:latest' } as const

/** Stands for sha256: tells texts apart, which is all that is needed here. */
function fakeSha(text: string): string {
  let hash = 7
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) % 4294967296
  return hash.toString(16).padStart(64, '0')
}

function make(app: App, images: Partial<ResolvedImages>, options: Partial<ReleaseInput> = {}) {
  return makeRelease({
    id: 'r1',
    project: 'acme/web',
    environment: 'production',
    number: 1,
    commit: 'c1',
    createdAt: 5,
    app,
    hints: {},
    publish: {},
    images: { ...none, ...images },
    secretVersions: {},
    sha256: fakeSha,
    ...options,
  })
}

function released(app: App, images: Partial<ResolvedImages>, options: Partial<ReleaseInput> = {}): Release {
  const result = make(app, images, options)
  if (result.kind !== 'release') throw new Error(`not a release: ${JSON.stringify(result)}`)
  return result.release
}

describe('a service', () => {
  test.each([
    {
      when: 'its repository was pushed, whatever the tag',
      image: tagged,
      images: { pushed: [{ repository: 'acme/web', digest: a, tag: 'sha' }] },
      pin: [a, 'pushed'],
    },
    {
      when: 'several were pushed, one with its tag',
      image: tagged,
      images: {
        pushed: [
          { repository: 'acme/web', digest: a, tag: 'latest' },
          { repository: 'acme/web', digest: b, tag: 'sha' },
        ],
      },
      pin: [a, 'pushed'],
    },
    {
      when: 'the same name was pushed for another registry',
      image: { kind: 'image', reference: 'quay.io/acme/web' } as const,
      images: { pushed: [{ repository: 'acme/web', digest: a }], resolved: { 'quay.io/acme/web': { repository: 'acme/web', digest: b } } },
      pin: [b, 'resolved'],
    },
    {
      when: 'its build was pushed',
      image: { ...root, context: './' },
      images: {
        pushed: [
          { repository: 'x/y', digest: b },
          { repository: 'acme/app', digest: a, source: { context: '.', dockerfile: './Dockerfile' } },
        ],
      },
      pin: [a, 'pushed'],
    },
    {
      when: 'its build in a folder was pushed',
      image: { ...root, context: 'web' },
      images: { pushed: [{ repository: 'acme/app', digest: a, source: { context: 'web', dockerfile: 'web/Dockerfile' } }] },
      pin: [a, 'pushed'],
    },
    {
      when: 'one image of unknown origin was pushed and it builds the root',
      image: root,
      images: {
        pushed: [
          { repository: 'acme/app', digest: a },
          { repository: 'acme/app', digest: a, tag: 'v1' },
        ],
      },
      pin: [a, 'pushed'],
    },
    { when: 'it was built for the release', image: root, images: { built: { '.|Dockerfile|': { repository: 'acme/web', digest: a } } }, pin: [a, 'built'] },
  ])('is pinned when $when', ({ image, images, pin }) => {
    const { digest, origin } = released({ services: [service(image)] }, images).services[0]?.image ?? {}
    expect([digest, origin]).toEqual(pin)
  })

  test.each([
    {
      when: 'another target was pushed',
      image: { ...root, target: 'prod' },
      images: { pushed: [{ repository: 'acme/app', digest: a, source: { context: '.', target: 'dev' } }] },
    },
    {
      when: 'two different images were pushed',
      image: root,
      images: {
        pushed: [
          { repository: 'acme/app', digest: a },
          { repository: 'acme/b', digest: b },
        ],
      },
    },
    { when: 'its folder is not the root', image: { ...root, context: 'web' }, images: { pushed: [{ repository: 'acme/app', digest: a }] } },
  ])('is to be built when $when', ({ image, images }) => {
    expect(make({ services: [service(image)] }, images)).toMatchObject({ kind: 'needs', builds: [{ service: 'web', context: image.context }], resolves: [] })
  })

  test('is to be resolved when nobody pushed it, and refused by name when that fails', () => {
    const app = { services: [service({ kind: 'image', reference: 'redis:7' }, { name: 'cache' }), service({ kind: 'image', reference: 'redis:7' })] }
    expect(make(app, {})).toEqual({ kind: 'needs', builds: [], resolves: [{ reference: 'redis:7', service: 'web' }] })
    const refused = make(app, { failed: { 'redis:7': 'no registry answers' } })
    expect(refused.kind === 'refused' && refused.problems.map((problem) => problem.code)).toEqual(['image-not-pinned', 'image-not-pinned'])
    expect(refused.kind === 'refused' && refused.problems[0]?.message).toContain('cache')
  })

  test('gets ports and probes that pushway.yml adds, and its ports on this machine', () => {
    const app = { services: [service(root)] }
    const one = released(app, { pushed: [{ repository: 'a/b', digest: a }] }, { hints: { web: { port: 4000, ready: '/ready' } }, publish: { 80: 8080 } })
      .services[0]
    expect(one?.ports).toEqual([
      { target: 3000, published: 8080, protocol: 'http' },
      { target: 4000, protocol: 'http' },
    ])
    expect(one?.ready?.check).toEqual({ kind: 'http', path: '/ready', port: 4000 })
  })
})

describe('the content digest', () => {
  const app = { services: [service(root, { environment: { A: '1', B: '2' } })] }
  const images = { pushed: [{ repository: 'acme/web', digest: a }] }
  const before = released(app, images).contentDigest

  test.each([
    { what: 'the commit, the run and the clock', app, images, options: { commit: 'c2', run: 'x', createdAt: 9, id: 'r2', number: 2 }, same: true },
    { what: 'how the image came', app, images: { built: { '.|Dockerfile|': { repository: 'acme/web', digest: a } } }, options: {}, same: true },
    { what: 'the order of keys', app: { services: [service(root, { environment: { B: '2', A: '1' } })] }, images, options: {}, same: true },
    { what: 'the image', app, images: { pushed: [{ repository: 'acme/web', digest: b }] }, options: {}, same: false },
    { what: 'the configuration', app: { services: [service(root, { environment: { A: '2' } })] }, images, options: {}, same: false },
    { what: 'a secret version', app, images, options: { secretVersions: { TOKEN: 2 } }, same: false },
  ])('with another $what: same is $same', ({ app: other, images: pushed, options, same }) => {
    expect(released(other, pushed, options).contentDigest === before).toBe(same)
  })

  test('is over canonical JSON', () => {
    expect(before).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(canonicalJson({ b: [1, undefined], a: undefined, c: { z: 'x', y: null } })).toBe('{"b":[1,null],"c":{"y":null,"z":"x"}}')
  })
})

describe('changes', () => {
  const images = { pushed: [{ repository: 'acme/web', digest: a }] }
  const next = { pushed: [{ repository: 'acme/web', digest: b }] }

  test('are told by service and field, secrets without their values', () => {
    const before = released({ services: [service(root, { environment: { MODE: 'a', API_TOKEN: 'x', URL: 'amqp://me:pw@mq', OLD: '1' } })] }, images)
    const after = released(
      { services: [service(root, { replicas: 3, command: ['node', 'a b'], environment: { MODE: 'b', API_TOKEN: 'y', URL: 'amqp://me:pw@mq2' } })] },
      next,
      { secretVersions: { T: 2 }, publish: { 80: 81 } },
    )
    expect(releaseChanges(before, after)).toEqual([
      { service: 'web', field: 'command', after: 'node "a b"' },
      { service: 'web', field: 'image', before: 'sha256:aaaaaaaaaaaa', after: 'sha256:bbbbbbbbbbbb' },
      { service: 'web', field: 'ports', before: '80 → 3000', after: '81 → 3000' },
      { service: 'web', field: 'replicas', before: '1', after: '3' },
      { service: 'web', field: 'environment.API_TOKEN', before: '(not shown)', after: '(not shown)' },
      { service: 'web', field: 'environment.MODE', before: 'a', after: 'b' },
      { service: 'web', field: 'environment.OLD', before: '1' },
      { service: 'web', field: 'environment.URL', before: 'amqp://(not shown)@mq', after: 'amqp://(not shown)@mq2' },
      { service: '*', field: 'secret.T', after: 'version 2' },
    ])
    expect(releaseChanges(after, after)).toEqual([])
  })

  test('name services that come and go', () => {
    const before = released({ services: [service(root)] }, images)
    const after = released({ services: [service(root, { name: 'api', replicas: 2 })] }, images)
    expect(releaseChanges(before, after)).toEqual([
      { service: 'api', field: 'service', after: 'acme/web@sha256:aaaaaaaaaaaa, 2 replicas' },
      { service: 'web', field: 'service', before: 'acme/web@sha256:aaaaaaaaaaaa, 1 replicas' },
    ])
    expect(releaseChanges(undefined, before)).toHaveLength(1)
  })
})

test('a release is proven when every digest was verified there', () => {
  const release = released({ services: [service(root)] }, { pushed: [{ repository: 'acme/web', digest: a }] })
  expect(provenIn(release, 'staging', [b, a])).toEqual({ ok: true })
  expect(provenIn(release, 'staging', [b])).toMatchObject({ ok: false, reason: { code: 'not-proven-in-staging' }, missing: [{ image: 'acme/web', digest: a }] })
})

test.each([
  ['redis', 'redis', 'latest'],
  ['ghcr.io/Acme/Web:1', 'acme/web', '1'],
  ['localhost:5000/a/b', 'a/b', 'latest'],
  [`acme/web@${a}`, 'acme/web', undefined],
  ['acme/web:2', 'acme/web', '2'],
])('%s is repository %s, tag %s', (reference, repository, tag) => {
  expect(repositoryOf(reference)).toBe(repository)
  expect(tagOf(reference)).toBe(tag)
})
