// Package managers' books as they are in real images, and the statements made of them.

import { describe, expect, test } from 'vitest'
import { lacking, preAuthentication, provenancePredicate, sayDemands, spdxDocument, statement } from './evidence.ts'
import { bookOf, type InstalledPackage, mergePackages, packageUrl } from './packages.ts'

const dpkg = `Package: libc6
Status: install ok installed
Version: 2.36-9+deb12u10
Description: GNU C Library
 Contains the standard libraries.

Package: gone
Status: deinstall ok config-files
Version: 1.0
`

const apk = `C:Q1abc
P:musl
V:1.2.5-r0
L:MIT

C:Q1def
P:busybox
V:1.36.1-r29
L:GPL-2.0-only
`

const lock = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    '': { name: 'shop' },
    'node_modules/fastify': { version: '4.29.1', license: 'MIT' },
    'node_modules/a/node_modules/@scope/b': { version: '2.0.0' },
    'node_modules/jest': { version: '29.7.0', dev: true },
    'node_modules/own': { resolved: 'own', link: true },
  },
})

describe('a book of', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['npm, installed', 'app/node_modules/@scope/b/package.json', '{"name":"@scope/b","version":"2.0.0","license":"ISC"}', ['npm @scope/b 2.0.0 ISC']],
    ['npm, locked', 'app/package-lock.json', lock, ['npm fastify 4.29.1 MIT', 'npm @scope/b 2.0.0 -']],
    ['npm, locked long ago', 'package-lock.json', '{"dependencies":{"left-pad":{"version":"1.3.0"}}}', ['npm left-pad 1.3.0 -']],
    ['Debian', 'var/lib/dpkg/status', dpkg, ['deb libc6 2.36-9+deb12u10 -']],
    ['distroless', 'var/lib/dpkg/status.d/base', 'Package: base-files\nVersion: 12.4\n', ['deb base-files 12.4 -']],
    ['Alpine', 'lib/apk/db/installed', apk, ['apk musl 1.2.5-r0 MIT', 'apk busybox 1.36.1-r29 GPL-2.0-only']],
    [
      'Python',
      'usr/lib/python3/site-packages/Foo_Bar-1.0.dist-info/METADATA',
      'Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.0\n\nText\nName: no\n',
      ['pypi foo-bar 1.0 -'],
    ],
    ['what is no JSON', 'app/node_modules/x/package.json', '{', []],
    ['what has no version', 'app/node_modules/x/package.json', '{"name":"x"}', []],
  ])('%s', (_, path, text, expected) => {
    const found = bookOf(path)?.(text) ?? []
    expect(found.map(({ kind, name, version, license = '-' }) => `${kind} ${name} ${version} ${license}`)).toEqual(expected)
  })

  test.each(['app/package.json', 'app/node_modules/x/lib/package.json', 'lib/apk/db/installed.old', 'var/lib/dpkg/status-old'])('nothing: %s', (path) => {
    expect(bookOf(path)).toBeUndefined()
  })
})

const npm = (name: string, version: string, path = 'app/node_modules/x/package.json'): InstalledPackage => ({ kind: 'npm', name, version, path })

test('packages stand once and in order; a lock file counts where nothing is installed', () => {
  const locked = npm('locked', '1.0.0', 'app/package-lock.json')
  expect(mergePackages([npm('b', '2.0.0'), npm('a', '1.0.0'), npm('b', '2.0.0'), locked]).map(({ name }) => name)).toEqual(['a', 'b'])
  expect(mergePackages([locked]).map(({ name }) => name)).toEqual(['locked'])
})

test.each<[InstalledPackage, string]>([
  [npm('@scope/b', '2.0.0'), 'pkg:npm/%40scope/b@2.0.0'],
  [{ kind: 'deb', name: 'libc6', version: '2.36-9+deb12u10', path: '' }, 'pkg:deb/debian/libc6@2.36-9%2Bdeb12u10'],
  [{ kind: 'apk', name: 'musl', version: '1.2.5-r0', path: '' }, 'pkg:apk/alpine/musl@1.2.5-r0'],
])('an address: %o', (one, expected) => {
  expect(packageUrl(one)).toBe(expected)
})

const subject = { name: 'localhost:7070/acme/hello', digest: `sha256:${'ab'.repeat(32)}` }
const origin = {
  project: 'acme/hello',
  pushedBy: 'run of acme/hello',
  pushedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  build: { context: '.' },
  server: 'http://localhost:7070',
  version: '0.1.0',
  run: { id: 'r1', attempt: 2, event: 'push', workflowFile: '.github/workflows/ci-cd.yml', ref: 'refs/heads/main', commit: 'c'.repeat(40), startedAt: 0 },
}

describe('statements', () => {
  test('provenance names commit, workflow, run and builder as SLSA 1.0 has them', () => {
    const predicate = provenancePredicate(origin)
    expect(predicate).toMatchObject({
      buildDefinition: {
        externalParameters: {
          workflow: { ref: 'refs/heads/main', repository: 'http://localhost:7070/acme/hello', path: '.github/workflows/ci-cd.yml' },
          build: { context: '.' },
        },
        resolvedDependencies: [{ uri: 'git+http://localhost:7070/acme/hello@refs/heads/main', digest: { gitCommit: 'c'.repeat(40) } }],
      },
      runDetails: { builder: { id: 'http://localhost:7070/builder' }, metadata: { invocationId: 'http://localhost:7070/acme/hello/runs/r1/attempts/2' } },
    })
    expect(statement(subject, 'https://slsa.dev/provenance/v1', predicate ?? {})).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: subject.name, digest: { sha256: 'ab'.repeat(32) } }],
    })
  })

  test('what somebody pushed by hand has no provenance', () => {
    const { run: _, ...byHand } = origin
    expect(provenancePredicate(byHand)).toBeUndefined()
  })

  test('a bill of materials says the same of the same image', () => {
    const bill = () => spdxDocument(subject, [npm('a', '1.0.0')], origin)
    expect(bill()).toEqual(bill())
    expect(bill()).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      creationInfo: { created: '2026-01-02T03:04:05Z' },
      packages: [{ name: subject.name }, { name: 'a', versionInfo: '1.0.0', externalRefs: [{ referenceLocator: 'pkg:npm/a@1.0.0' }] }],
      relationships: [{ relationshipType: 'DESCRIBES' }, { relationshipType: 'CONTAINS', relatedSpdxElement: 'SPDXRef-Package-1' }],
    })
  })

  test('what is signed has its lengths before its texts', () => {
    const text = (bytes: readonly Uint8Array[]) => Buffer.concat(bytes).toString()
    expect(text(preAuthentication('http://example.com/HelloWorld', Buffer.from('hello world'), (one) => Buffer.from(one)))).toBe(
      'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
    )
  })

  test('demands that are not met, in words', () => {
    const evidence = { repository: 'acme/hello', digest: subject.digest, signed: { key: 'k' }, problems: [] }
    expect(lacking(['sbom', 'provenance', 'signed'], evidence)).toEqual(['provenance', 'sbom'])
    expect(lacking([], evidence)).toEqual([])
    expect(sayDemands(['provenance', 'sbom'])).toBe('provenance and a bill of materials')
  })
})
