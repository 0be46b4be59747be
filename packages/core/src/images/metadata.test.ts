// Tables after the documentation of docker/metadata-action.

import { describe, expect, test } from 'vitest'
import { imageMetadata, type MetadataInput } from './metadata.ts'
import { type MetadataFacts, MetadataProblem } from './metadata-words.ts'

const facts: MetadataFacts = {
  event: 'push',
  ref: 'refs/heads/main',
  sha: '860c1904a1ce19322e91ac35af1ab07466440c37',
  defaultBranch: 'main',
  baseRef: '',
  commitAt: Date.UTC(2020, 0, 10, 0, 30),
  now: Date.UTC(2026, 1, 3, 4, 5, 6, 7),
}
const repository = { name: 'app', url: 'http://h/acme/app', description: '', license: '' }
const read = (tags: readonly string[], over: Partial<MetadataFacts> = {}, input: Partial<MetadataInput> = {}) =>
  imageMetadata({ images: [], tags, flavor: [], labels: [], annotations: [], repository, ...input }, { ...facts, ...over })
const tag = (name: string) => ({ ref: `refs/tags/${name}` })

describe('tags', () => {
  test.each<[string, readonly string[], Partial<MetadataFacts>, readonly string[]]>([
    ['by default: a branch', [], {}, ['main']],
    ['by default: a branch with slashes', [], { ref: 'refs/heads/feature/a b' }, ['feature-a-b']],
    ['by default: a tag', [], tag('v1.2.3'), ['v1.2.3', 'latest']],
    ['by default: a pull request', [], { event: 'pull_request', ref: 'refs/pull/2/merge' }, ['pr-2']],
    ['by default: a schedule', [], { event: 'schedule' }, ['nightly', 'main']],
    ['a schedule with a date', ["type=schedule,pattern={{date 'YYYYMMDD-hhmmss' tz='Asia/Tokyo'}}"], { event: 'schedule' }, ['20260203-010506']],
    [
      'versions',
      ['type=semver,pattern={{version}}', 'type=semver,pattern={{major}}.{{minor}}', 'type=semver,pattern=v{{major}}'],
      tag('v1.2.3'),
      ['1.2.3', '1.2', 'v1', 'latest'],
    ],
    [
      'a pre-release gives only itself',
      ['type=semver,pattern={{version}}', 'type=semver,pattern={{major}}.{{minor}}'],
      tag('v2.0.8-beta.67'),
      ['2.0.8-beta.67'],
    ],
    ['a pre-release as it is written', ['type=semver,pattern={{raw}}'], tag('v2.0.8-rc1'), ['v2.0.8-rc1']],
    ['a version from a value', ['type=semver,pattern={{version}},value=v1.0.0'], {}, ['1.0.0', 'latest']],
    ['no version on a branch', ['type=semver,pattern={{version}}', 'type=sha'], {}, ['sha-860c190']],
    ['Python versions', ['type=pep440,pattern={{version}}', 'type=pep440,pattern={{major}}.{{minor}}'], tag('1.2.3rc2'), ['1.2.3rc2']],
    ['Python versions, stable', ['type=pep440,pattern={{major}}.{{minor}}'], tag('1.2.3'), ['1.2', 'latest']],
    ['a match with a group', ['type=match,pattern=v(.*)-p(.*),group=1'], tag('v1.0-p3'), ['1.0', 'latest']],
    ['a match with flags', ['type=match,pattern=/V(\\d.*)/i,group=1'], tag('v1.0'), ['1.0', 'latest']],
    ['edge', ['type=edge', 'type=edge,branch=other'], {}, ['edge']],
    ['refs', ['type=ref,event=tag', 'type=ref,event=branch,suffix=-{{sha}}'], {}, ['main-860c190']],
    [
      'raw values, with expressions',
      ['type=raw,value=foo,enable={{is_default_branch}}', 'type=raw,value=bar,enable={{is_not_default_branch}}', 'mytag'],
      {},
      ['foo', 'mytag'],
    ],
    ['commits', ['type=sha,format=long', 'type=sha,prefix=git-'], {}, ['sha-860c1904a1ce19322e91ac35af1ab07466440c37', 'git-860c190']],
    ['priorities', ['type=raw,value=a', 'type=raw,value=b,priority=900', 'type=sha'], {}, ['b', 'a', 'sha-860c190']],
    ['the base of a pull request', ['type=raw,value={{base_ref}}-x'], { baseRef: 'release/1' }, ['release-1-x']],
    ['the date of the commit', ["type=raw,value={{commit_date 'YYYY.MM'}}"], {}, ['2020.01']],
  ])('%s', (_, tags, over, expected) => expect(read(tags, over).tagNames).toEqual(expected))

  test('version is the first; images get every tag, in lower case; flavors', () => {
    const images = ['ghcr.io/Acme/App', 'name=other,enable=false', 'name=docker.io/acme/app']
    const made = read(['type=semver,pattern={{version}}', 'type=sha'], tag('v1.0.0'), { images, flavor: ['prefix=p-,onlatest=true', 'suffix=-s'] })
    expect(made.version).toBe('p-1.0.0-s')
    expect(made.tags).toEqual(['ghcr.io/acme/app', 'docker.io/acme/app'].flatMap((name) => [`${name}:p-1.0.0-s`, `${name}:sha-860c190-s`, `${name}:p-latest`]))
    expect(read(['type=sha'], {}, { flavor: ['latest=true'] }).tagNames).toEqual(['sha-860c190', 'latest'])
    expect(read([], tag('v1'), { flavor: ['latest=false'] }).tagNames).toEqual(['v1'])
  })

  test('labels and annotations: GitHub facts, own ones over them, in order', () => {
    const { labels, annotations } = read(
      ['type=sha'],
      {},
      { labels: ['org.opencontainers.image.title=Mine', 'branch={{branch}}', 'a=b=c'], annotations: ['index:x=1'] },
    )
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': 'Mine',
      'org.opencontainers.image.revision': facts.sha,
      'org.opencontainers.image.version': 'sha-860c190',
      'org.opencontainers.image.created': '2026-02-03T04:05:06.007Z',
      branch: 'main',
      a: 'b=c',
    })
    expect(Object.keys(labels)).toEqual(Object.keys(labels).toSorted())
    expect(annotations).toContain('index:x=1')
    expect(annotations).toContain(`manifest:org.opencontainers.image.revision=${facts.sha}`)
  })

  test('what does not fit is a warning', () => {
    expect(read(['type=semver,pattern={{version}}'], tag('one')).warnings).toEqual([expect.stringContaining('one is not a valid semver')])
    expect(read(['type=match,pattern=v(.*),group=3'], tag('v1')).warnings).toEqual([expect.stringContaining('no group 3')])
  })

  test.each([
    ['type=unknown', /unknown type/],
    ['type=semver', /needs a pattern/],
    ['type=ref,event=x', /event=branch/],
    ['type=raw', /needs a value/],
    ['type=sha,colour=red', /unknown field colour/],
    ['type=sha,enable=maybe', /true or false/],
    ['type=raw,value={{nothing}}', /no expression/],
    ["type=raw,value={{date 'YYYY' tz='Mars/One'}}", /no time zone/],
    ['type=match,pattern=(', /no regular expression/],
  ])('%s is refused', (line, problem) => {
    expect(() => read([line], tag('v1'))).toThrow(MetadataProblem)
    expect(() => read([line], tag('v1'))).toThrow(problem)
  })
})
