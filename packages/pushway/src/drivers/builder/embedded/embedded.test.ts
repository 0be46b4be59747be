// The embedded builder over real folders: what comes out, that it is always the same, and what is refused.

import { chmodSync, cpSync, existsSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { create } from 'tar'
import { describe, expect, test } from 'vitest'
import { type Files, findings, makeBuilder, writeFiles } from '../../../../../../test/support/embedded-builder.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { readImage, readImageConfig } from '../../../oci/config.ts'

const app: Files = {
  Dockerfile: [
    'ARG BASE=18-alpine',
    `FROM node:${process.versions.node.split('.')[0]}-alpine AS build`,
    'WORKDIR /app',
    'COPY package*.json ./',
    'RUN mkdir -p node_modules/.bin && echo installed > node_modules/x.js && ln -s ../x.js node_modules/.bin/x && mkdir node_modules/.cache && date +%N > node_modules/.cache/now',
    'COPY . .',
    'ENV NODE_ENV=production GREETING="hello there"',
    'EXPOSE 3000 9000/udp',
    'USER node',
    'HEALTHCHECK --interval=5s --timeout=2s --retries=4 --start-period=1m30s CMD curl -f localhost:3000/health',
    'CMD ["node", "server.js"]',
  ].join('\n'),
  'package.json': '{"name":"app"}',
  'server.js': 'console.log(1)',
  'src/deep/file.txt': 'deep',
  '.dockerignore': '*.log\nsecret\n!keep.log\n',
  'noise.log': 'noise',
  'keep.log': 'kept',
  'secret/key': 'top secret',
}

describe('an application', () => {
  test('becomes an image with its files, its configuration and what it was built from', async () => {
    const { root, store, digest, log } = await makeBuilder()(writeFiles(app), {
      tags: ['ghcr.io/acme/hello:main', 'ghcr.io/acme/hello:v1'],
      labels: { team: 'a' },
    })
    expect(readFileSync(join(root, 'app/src/deep/file.txt'), 'utf8')).toBe('deep')
    expect(readlinkSync(join(root, 'app/node_modules/.bin/x'))).toBe('../x.js')
    const config = await readImageConfig(store.blobs, digest)
    expect(config).toMatchObject({
      cmd: ['node', 'server.js'],
      env: { NODE_ENV: 'production', GREETING: 'hello there' },
      workingDir: '/app',
      user: 'node',
      exposedPorts: [3000],
      base: 'host',
      node: process.versions.node.split('.')[0],
      healthcheck: { check: { kind: 'shell', line: 'curl -f localhost:3000/health' }, intervalMs: 5_000, timeoutMs: 2_000, retries: 4, startPeriodMs: 90_000 },
    })
    const { manifest, file } = await readImage(store.blobs, digest)
    expect(manifest.annotations).toMatchObject({ 'dev.pushway.base': 'host', 'dev.pushway.build.context': '.', 'dev.pushway.build.dockerfile': 'Dockerfile' })
    expect(file.config?.Labels).toEqual({ team: 'a' })
    expect(store.find('ghcr.io/acme/hello:v1')?.digest).toBe(digest)
    expect(log).toContain('Step 3/10 : COPY package*.json ./')
  })

  test('.dockerignore keeps out what it names, with exceptions', async () => {
    const { root } = await makeBuilder()(writeFiles(app))
    expect(['app/noise.log', 'app/secret', 'app/keep.log'].map((path) => existsSync(join(root, path)))).toEqual([false, false, true])
  })

  test('has the same digest from another folder, another cache, another umask, another time', async () => {
    const first = writeFiles(app)
    const second = tempDir('context')
    cpSync(first, second, { recursive: true })
    chmodSync(join(second, 'server.js'), 0o600)
    chmodSync(join(second, 'src'), 0o700)
    const one = await makeBuilder()(first)
    const two = await makeBuilder()(second)
    expect(two.digest).toBe(one.digest)
    expect(two.log.filter((line) => line.includes('CACHED'))).toEqual([])
  })

  test('is built again from the cache, step by step; a changed file redoes only what depends on it', async () => {
    const build = makeBuilder()
    const context = writeFiles(app)
    const first = await build(context)
    const again = await build(context)
    expect(again.digest).toBe(first.digest)
    expect(again.log.filter((line) => line === ' ---> CACHED')).toHaveLength(3)
    writeFileSync(join(context, 'server.js'), 'console.log(2)')
    const changed = await build(context)
    expect(changed.digest).not.toBe(first.digest)
    expect(changed.log.filter((line) => line === ' ---> CACHED')).toHaveLength(2)
    expect((await build(context, { noCache: true })).log).not.toContain(' ---> CACHED')
  })
})

describe('stages', () => {
  const files: Files = {
    Dockerfile: [
      'FROM node:20 AS build',
      'WORKDIR /src',
      'COPY in.txt .',
      'RUN tr a-z A-Z < in.txt > out.txt && rm in.txt',
      'FROM scratch AS unused',
      'RUN exit 1',
      'FROM alpine AS final',
      'COPY --from=build /src/out.txt /result/',
      'COPY --from=build --chmod=750 --chown=1000:1000 /src /all',
    ].join('\n'),
    'in.txt': 'shout',
  }

  test('copy from each other; those that are not needed are not built; removed files are gone', async () => {
    const { root, log } = await makeBuilder()(writeFiles(files), {
      provideNode: async () => ({ binDir: dirname(process.execPath), node: process.execPath, version: '20.0.0' }),
    })
    expect(readFileSync(join(root, 'result/out.txt'), 'utf8')).toBe('SHOUT')
    expect(existsSync(join(root, 'all/in.txt'))).toBe(false)
    expect(log.join('\n')).not.toContain('exit 1')
  })

  test('a target ends the build there; an unknown one is refused with the names', async () => {
    const provideNode = async () => ({ binDir: dirname(process.execPath), node: process.execPath, version: '20.0.0' })
    const { root } = await makeBuilder()(writeFiles(files), { target: 'build', provideNode })
    expect(existsSync(join(root, 'src/out.txt'))).toBe(true)
    await expect(makeBuilder()(writeFiles(files), { target: 'nope' })).rejects.toMatchObject({ code: 'usage', next: 'Its stages are: build, unused, final.' })
  })

  test('an image made here before can be a base', async () => {
    const build = makeBuilder()
    await build(writeFiles({ Dockerfile: 'FROM alpine\nENV A=1\nWORKDIR /base\nCOPY f .', f: 'from base' }), { tags: ['docker.io/acme/base:1'] })
    const { root, store, digest } = await build(writeFiles({ Dockerfile: 'FROM acme/base:1\nRUN cat f > g\nENV B=$A$A' }))
    expect(readFileSync(join(root, 'base/g'), 'utf8')).toBe('from base')
    expect((await readImageConfig(store.blobs, digest)).env).toEqual({ A: '1', B: '11' })
  })
})

describe('arguments and variables', () => {
  const files = {
    Dockerfile: [
      'ARG V=1',
      'ARG BASE=alpine',
      'FROM ${BASE}',
      'ARG V',
      'ARG W=${V:-none}-w',
      'ARG X',
      'ENV A=$V B=${X:-unset} C=${W} D="a \\$V" E=${X:+set}',
      'RUN echo "$V $W" > seen',
    ].join('\n'),
  }

  test.each<{ given: Record<string, string>; env: Record<string, string>; seen: string }>([
    { given: {}, env: { A: '1', B: 'unset', C: '1-w', D: 'a $V', E: '' }, seen: '1 1-w\n' },
    { given: { V: '2', X: 'x' }, env: { A: '2', B: 'x', C: '2-w', D: 'a $V', E: 'set' }, seen: '2 2-w\n' },
  ])('with $given', async ({ given, env, seen }) => {
    const { store, digest, root } = await makeBuilder()(writeFiles(files), { buildArgs: given })
    expect((await readImageConfig(store.blobs, digest)).env).toEqual(env)
    expect(readFileSync(join(root, 'seen'), 'utf8')).toBe(seen)
  })

  test('a build argument that no ARG takes is a warning', async () => {
    const { log } = await makeBuilder()(writeFiles(files), { buildArgs: { TYPO: '1' } })
    expect(log.join('\n')).toMatch(/warning: .*TYPO/)
  })
})

describe('what is refused', () => {
  test('all at once, by file, line and name', async () => {
    const Dockerfile = [
      '# syntax=someone/else:1',
      'FROM python:3.12',
      'ONBUILD FROM x',
      'RUN --mount=type=ssh npm ci',
      'ADD https://example.com/x.git /x',
      'COPY --hardlinks a b',
      'FETCH it',
      'COPY <<EOF package.json /x',
      'echo',
      'EOF',
      'COPY onlyone',
      'HEALTHCHECK --interval=soon CMD x',
      'RUN --security=insecure x',
      'RUN --network=mine x',
      'RUN --mount=type=cache,target=/x,colour=red y',
      'ADD --checksum=md5:1 https://example.com/x /x',
      'ADD --keep-git-dir=true a /x',
      'ONBUILD RUN --mount=type=nothing x',
    ].join('\n')
    const found = await findings(makeBuilder()(writeFiles({ Dockerfile })))
    expect(
      found.map((line) =>
        line
          .replace(/: error: /, ' ')
          .split(' ')
          .slice(0, 3)
          .join(' '),
      ),
    ).toEqual([
      'Dockerfile:1:1 # syntax=someone/else:1:',
      'Dockerfile:3:1 ONBUILD FROM',
      'Dockerfile:4:1 RUN --mount=type=ssh:',
      'Dockerfile:5:1 ADD of',
      'Dockerfile:6:1 COPY has',
      'Dockerfile:7:1 FETCH is',
      'Dockerfile:8:1 COPY with',
      'Dockerfile:11:1 COPY needs',
      'Dockerfile:12:1 HEALTHCHECK --interval=soon',
      'Dockerfile:13:1 RUN --security=insecure',
      'Dockerfile:14:1 RUN --network=mine',
      'Dockerfile:15:1 RUN --mount=type=cache,target=/x,colour=red:',
      'Dockerfile:16:1 ADD --checksum=md5:1',
      'Dockerfile:17:1 ADD --keep-git-dir',
      'Dockerfile:18:1 RUN --mount=type=nothing:',
    ])
  })

  test('without namespaces: a base that is not on this machine, and RUNs that would change the machine, before anything runs', async () => {
    const marker = join(tempDir('marker'), 'ran')
    const Dockerfile = [
      'FROM node:20',
      `RUN touch ${marker}`,
      'RUN apk add --no-cache curl',
      'RUN npm ci && rm -rf /var/cache/*',
      'RUN echo ok > /dev/null',
      "RUN sed -i '/x/d' f",
      'FROM python:3',
      'COPY --from=0 / /',
    ].join('\n')
    const found = await findings(makeBuilder()(writeFiles({ Dockerfile }), { view: { kind: 'folder', why: 'a test' } }))
    expect(found.map((line) => line.split(':')[1]).sort()).toEqual(['2', '3', '4', '7'])
    expect(found.join('\n')).toMatch(/python:3.*userland/)
    expect(existsSync(marker)).toBe(false)
  })

  test.each([
    ['COPY ../outside /x', 'leads out of the build context'],
    ['COPY missing /x', 'not in the build context'],
    ['COPY *.nothing /x/', 'matches *.nothing'],
    ['COPY a b /x', 'end it with /'],
    ['COPY escape /x/', 'link to nothing'],
    ['COPY . /x/', 'link out of the image'],
    ['COPY --chown=someone a /x', '--chown=someone'],
    ['COPY --chmod=z+x a /x', '--chmod=z+x'],
    ['USER nobody-here\nRUN x', 'no user "nobody-here"'],
    ['COPY --from=nope a /x', 'no such stage'],
    ['ENV A=${B', 'no closing brace'],
  ])('%s', async (line, why) => {
    const context = writeFiles({ Dockerfile: `FROM alpine\n${line}`, a: '1', b: '2' })
    symlinkSync('/etc/passwd', join(context, 'escape'))
    const found = await findings(makeBuilder()(context))
    expect(found[0]).toMatch(/^Dockerfile:[23]:1: error: /)
    expect(found[0]).toContain(why)
  })

  test('an empty Dockerfile, one without FROM, and one that is not there', async () => {
    expect((await findings(makeBuilder()(writeFiles({ Dockerfile: '' }))))[0]).toContain('no FROM')
    expect((await findings(makeBuilder()(writeFiles({ Dockerfile: 'RUN x' }))))[0]).toContain('before the first FROM')
    await expect(makeBuilder()(writeFiles({ other: '' }))).rejects.toMatchObject({ code: 'usage' })
  })

  test('a RUN that fails names the command, its exit code and its last lines', async () => {
    await expect(makeBuilder()(writeFiles({ Dockerfile: 'FROM alpine\nRUN echo about to fail; exit 3' }))).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringMatching(/exit code 3: about to fail/),
    })
  })
})

test('long names, odd names, links and modes come through', async () => {
  const long = `${'d'.repeat(90)}/${'e'.repeat(90)}/file.txt`
  const context = writeFiles({ Dockerfile: 'FROM scratch\nCOPY . /', [long]: 'long', ünïcode: 'u', 'a b.txt': 'blank', 'bin/tool': '#!/bin/sh' })
  chmodSync(join(context, 'bin/tool'), 0o755)
  symlinkSync('bin/tool', join(context, 'link'))
  const { root } = await makeBuilder()(context)
  expect([long, 'ünïcode', 'a b.txt'].map((path) => readFileSync(join(root, path), 'utf8'))).toEqual(['long', 'u', 'blank'])
  expect(readlinkSync(join(root, 'link'))).toBe('bin/tool')
  expect(statSync(join(root, 'bin/tool')).mode & 0o777).toBe(0o755)
  expect(statSync(join(root, 'a b.txt')).mode & 0o777).toBe(0o644)
})

test('RUN npm ci twice, in two folders with two caches, gives the same digest', async () => {
  const pack = tempDir('pack')
  writeFiles({ 'package/package.json': '{"name":"dep","version":"1.0.0","bin":{"dep":"cli.js"}}', 'package/cli.js': '#!/usr/bin/env node\n' }, pack)
  const packed = join(pack, 'dep.tgz')
  await create({ gzip: true, file: packed, cwd: pack }, ['package'])
  const contexts = [tempDir('context'), tempDir('context')]
  for (const context of contexts) {
    cpSync(packed, join(context, 'dep.tgz'))
    const manifest = { name: 'app', version: '1.0.0', dependencies: { dep: 'file:dep.tgz' } }
    const lock = { name: 'app', version: '1.0.0', lockfileVersion: 3, requires: true }
    const dep = { version: '1.0.0', resolved: 'file:dep.tgz', bin: { dep: 'cli.js' } }
    const files = {
      'package.json': JSON.stringify(manifest),
      'package-lock.json': JSON.stringify({ ...lock, packages: { '': manifest, 'node_modules/dep': dep } }),
      Dockerfile: `FROM node:${process.versions.node.split('.')[0]}\nWORKDIR /app\nCOPY . .\nRUN npm ci --no-audit --no-fund\n`,
    }
    writeFiles(files, context)
  }
  const [one, two] = [await makeBuilder()(contexts[0] ?? ''), await makeBuilder()(contexts[1] ?? '')]
  expect(existsSync(join(one.root, 'app/node_modules/dep/cli.js'))).toBe(true)
  expect(existsSync(join(one.root, 'app/node_modules/.package-lock.json'))).toBe(true)
  expect(two.log).not.toContain(' ---> CACHED')
  expect(two.digest).toBe(one.digest)
}, 60_000)

test('a build that is called off stops its RUN', async () => {
  const aborting = new AbortController()
  const context = writeFiles({ Dockerfile: 'FROM alpine\nRUN echo started && sleep 60' })
  const log = (line: string) => line === 'started' && aborting.abort(new Error('called off'))
  const started = Date.now()
  await expect(makeBuilder()(context, { signal: aborting.signal, log })).rejects.toThrow('called off')
  expect(Date.now() - started).toBeLessThan(20_000)
})
