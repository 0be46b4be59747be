// The Dockerfile language, instruction by instruction: what it leaves in the image.

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { create } from 'tar'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findings, makeBuilder, readLayers, writeFiles } from '../../../../../../test/support/embedded-builder.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { readImage } from '../../../oci/config.ts'
import { writeTar } from '../../../oci/tar-write.ts'
import { execProgram } from '../../../util/exec.ts'
import { fetchUrl } from '../shim/fetch-url.ts'
import { parseMode } from './chmod.ts'
import { lexDockerfile } from './lex.ts'
import { findUser } from './users.ts'

type More = Parameters<ReturnType<typeof makeBuilder>>[1]

async function layersOf(context: string, more: More = {}) {
  const built = await makeBuilder()(context, more)
  return { ...built, layers: await readLayers(built) }
}
const of = (lines: readonly string[], files: Record<string, string> = {}) => writeFiles({ Dockerfile: ['FROM scratch', ...lines].join('\n'), ...files })

describe('COPY', () => {
  const tree = { 'a/one.txt': '1', 'a/b/two.txt': '2', 'a/b/skip.md': 's', 'c/three.txt': '3' }

  test.each<[string, readonly string[]]>([
    ['COPY --parents a/b/two.txt c /x/', ['x', 'x/a', 'x/a/b', 'x/a/b/two.txt', 'x/c', 'x/c/three.txt']],
    ['COPY --parents ./a/./b/*.txt /x/', ['x', 'x/b', 'x/b/two.txt']],
    ['COPY --parents **/*.txt /x/', ['x', 'x/a', 'x/a/b', 'x/a/b/two.txt', 'x/a/one.txt', 'x/c', 'x/c/three.txt']],
    ['COPY --exclude=**/*.md --exclude=one.txt a /x', ['x', 'x/b', 'x/b/two.txt', 'x/one.txt']],
    ['COPY --exclude=a/one.txt a /x', ['x', 'x/b', 'x/b/skip.md', 'x/b/two.txt']],
    ['COPY --link a/one.txt /deep/er/', ['deep', 'deep/er', 'deep/er/one.txt']],
    ['COPY ["a/one.txt", "a/b/two.txt", "/x y/"]', ['x y', 'x y/one.txt', 'x y/two.txt']],
  ])('%s', async (line, paths) => {
    const { layers } = await layersOf(of([line], tree))
    expect([...(layers[0]?.keys() ?? [])].sort()).toEqual(paths)
  })

  test('--chmod in letters, --chown by the names of the base', async () => {
    const { layers } = await layersOf(
      writeFiles({ Dockerfile: 'FROM node:20\nCOPY --chmod=u=rwX,go=rX --chown=node:staff a /x\nCOPY --chown=33 a/one.txt /y', ...tree }),
      { view: { kind: 'folder', why: 'a test' } },
    )
    expect(layers[0]?.get('x/one.txt')).toMatchObject({ mode: 0o644, uid: 1000, gid: 50 })
    expect(layers[0]?.get('x/b')).toMatchObject({ mode: 0o755, uid: 1000 })
    expect(layers[1]?.get('y')).toMatchObject({ uid: 33, gid: 33 })
  })

  test('goes where a link of the image leads', async () => {
    const base = tempDir('context')
    mkdirSync(join(base, 'real'))
    symlinkSync('real', join(base, 'alias'))
    writeFiles({ Dockerfile: 'FROM scratch\nCOPY alias real /\nCOPY . /\nWORKDIR /alias\nCOPY Dockerfile .\nCOPY Dockerfile /alias/second' }, base)
    writeFileSync(join(base, 'Dockerfile'), 'FROM scratch\nCOPY . /\nWORKDIR /alias\nCOPY Dockerfile .\nCOPY Dockerfile /alias/second')
    const { layers } = await layersOf(base)
    expect([...(layers[1]?.keys() ?? []), ...(layers[2]?.keys() ?? [])]).toEqual(['real/Dockerfile', 'real/second'])
  })
})

test.each<[string, number, boolean, number | undefined]>([
  ['755', 0, false, 0o755],
  ['4755', 0, false, 0o4755],
  ['u+x', 0o644, false, 0o744],
  ['+x', 0o644, false, 0o755],
  ['go-rwx', 0o755, false, 0o700],
  ['a=rX', 0o600, true, 0o555],
  ['a=rX', 0o600, false, 0o444],
  ['u=rw,g=u,o=', 0o777, false, 0o660],
  ['g+s,+t', 0o755, true, 0o3755],
  ['z+x', 0, false, undefined],
  ['99', 0, false, undefined],
])('--chmod=%s on %o', (text, bits, folder, mode) => expect(parseMode(text)?.(bits, folder)).toBe(mode))

test.each([
  ['app', { uid: 7, gid: 8, home: '/home/app' }],
  ['app:9', { uid: 7, gid: 9, home: '/home/app' }],
  ['7', { uid: 7, gid: 8, home: '/home/app' }],
  ['99', { uid: 99, gid: 0, home: '/' }],
  ['99:crew', { uid: 99, gid: 50, home: '/' }],
  ['nobody', 'there is no user "nobody" in the image\'s /etc/passwd'],
  ['app:nobody', 'there is no group "nobody" in the image\'s /etc/group'],
  ['app:', '"app:" is not user or user:group'],
])('user %s', (text, user) => expect(findUser(text, { passwd: 'root:x:0:0::/root:\napp:x:7:8::/home/app:', group: 'crew:x:50:' })).toEqual(user))

describe('ADD', () => {
  let server: Server
  let url: string
  const served: Record<string, Buffer> = { '/file.txt': Buffer.from('from afar') }
  beforeAll(async () => {
    server = createServer((req, res) => {
      const body = served[req.url ?? '']
      if (req.url === '/named') res.setHeader('content-disposition', 'attachment; filename="given.txt"')
      res.writeHead(body ? 200 : req.url === '/named' ? 200 : 404)
      res.end(body ?? 'named')
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())
  const sum = `sha256:${createHash('sha256').update('from afar').digest('hex')}`
  const online: More = { fetchUrl }

  test('fetches URLs, for root alone; the checksum is compared', async () => {
    const { layers, root } = await layersOf(
      of([`ARG AT=${url}`, `ADD --checksum=${sum} $AT/file.txt /x/`, `ADD --chmod=644 ${url}/file.txt /y`, `ADD ${url}/named /z/`]),
      online,
    )
    expect(layers[0]?.get('x/file.txt')).toMatchObject({ mode: 0o600, uid: 0 })
    expect(layers[1]?.get('y')).toMatchObject({ mode: 0o644 })
    expect([...(layers[2]?.keys() ?? [])]).toEqual(['z', 'z/given.txt'])
    expect(readFileSync(join(root, 'y'), 'utf8')).toBe('from afar')
    expect((await findings(makeBuilder()(of([`ADD --checksum=sha256:${'0'.repeat(64)} ${url}/file.txt /x`]), online)))[0]).toMatch(
      /^Dockerfile:2:1: error: ADD: .*not what --checksum says/,
    )
    await expect(makeBuilder()(of([`ADD ${url}/missing /x`]), online)).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('404') })
  })

  async function archive(packed: 'gz' | 'bz2' | 'xz' | 'none'): Promise<Buffer> {
    const chunks: Buffer[] = []
    const content = Buffer.from('inside')
    for await (const chunk of writeTar([
      { path: 'd', type: 'directory', mode: 0o750, uid: 5, gid: 6 },
      { path: 'd/f', type: 'file', mode: 0o640, uid: 5, gid: 6, content },
      { path: 'd/hard', type: 'hardlink', mode: 0o640, target: 'd/f' },
      { path: 'd/l', type: 'link', mode: 0o777, target: 'f' },
    ]))
      chunks.push(chunk)
    const plain = Buffer.concat(chunks)
    if (packed === 'none') return plain
    if (packed === 'gz') return gzipSync(plain)
    const file = join(tempDir('archive'), 'a.tar')
    writeFileSync(file, plain)
    await execProgram([packed === 'bz2' ? 'bzip2' : 'xz', file])
    return readFileSync(`${file}.${packed}`)
  }

  test.each(['none', 'gz', 'bz2', 'xz'] as const)(
    'unpacks a local archive (%s) with owners, modes and links; one that is fetched only when told to',
    async (packing) => {
      const bytes = await archive(packing)
      served['/a.tar'] = bytes
      const context = of(['ADD thing /x/', `ADD ${url}/a.tar /y/`, `ADD --unpack ${url}/a.tar /z/`, 'ADD --unpack=false thing /w/', 'COPY thing /v/'])
      writeFileSync(join(context, 'thing'), bytes)
      const { layers, root } = await layersOf(context, online)
      expect(layers[0]?.get('x/d/f')).toMatchObject({ mode: 0o640, uid: 5, gid: 6 })
      expect(layers[0]?.get('x/d')).toMatchObject({ mode: 0o750, uid: 5 })
      expect(layers[0]?.get('x/d/l')?.target).toBe('f')
      expect([...(layers[1]?.keys() ?? [])]).toEqual(['y', 'y/a.tar'])
      expect(layers[2]?.has('z/d/f')).toBe(true)
      expect([...(layers[3]?.keys() ?? [])]).toEqual(['w', 'w/thing'])
      expect(readFileSync(join(root, 'x/d/hard'), 'utf8')).toBe('inside')
      expect(readFileSync(join(root, 'v/thing')).equals(bytes)).toBe(true)
    },
  )

  test('an archive that would write outside is refused by line', async () => {
    const context = of(['ADD bad.tar /x/'])
    const chunks: Buffer[] = []
    for await (const chunk of writeTar([{ path: '../../evil', type: 'file', mode: 0o644, content: Buffer.from('x') }])) chunks.push(chunk)
    writeFileSync(join(context, 'bad.tar'), Buffer.concat(chunks))
    expect((await findings(makeBuilder()(context)))[0]).toMatch(/^Dockerfile:2:1: error: ADD: .*leads out of it/)
  })

  test('with here-documents, as COPY; a packed file that is no archive stays as it is', async () => {
    const context = of(['ENV WHO=you', 'ADD <<EOF <<"RAW" /x/', 'hello $WHO', 'EOF', 'left $WHO', 'RAW', 'ADD note.gz /x/'])
    writeFileSync(join(context, 'note.gz'), gzipSync('just text'))
    const { root } = await layersOf(context)
    expect([readFileSync(join(root, 'x/EOF'), 'utf8'), readFileSync(join(root, 'x/RAW'), 'utf8')]).toEqual(['hello you\n', 'left $WHO\n'])
    expect(readFileSync(join(root, 'x/note.gz')).equals(gzipSync('just text'))).toBe(true)
  })
})

describe('ONBUILD', () => {
  test('is kept in the image and begins a build on it, once', async () => {
    const build = makeBuilder()
    const base = await build(of(['ONBUILD ARG WHO=base', 'ONBUILD COPY f /onbuild/', 'ONBUILD ENV SEEN=$WHO']), { tags: ['docker.io/acme/onbuild:1'] })
    expect((await readImage(base.store.blobs, base.digest)).file.config?.OnBuild).toEqual(['ARG WHO=base', 'COPY f /onbuild/', 'ENV SEEN=$WHO'])
    const made = await build(writeFiles({ Dockerfile: 'FROM acme/onbuild:1 AS one\nENV OWN=1\nFROM one', f: 'x' }))
    const { config } = (await readImage(made.store.blobs, made.digest)).file
    expect(config?.Env).toEqual(['SEEN=base', 'OWN=1'])
    expect(config?.OnBuild).toBeUndefined()
    expect(readFileSync(join(made.root, 'onbuild/f'), 'utf8')).toBe('x')
  })

  test('works between stages, and its mistakes are those of the FROM', async () => {
    const { root } = await layersOf(writeFiles({ Dockerfile: 'FROM scratch AS a\nONBUILD COPY f /g\nFROM a', f: 'x' }))
    expect(readFileSync(join(root, 'g'), 'utf8')).toBe('x')
    const found = await findings(makeBuilder()(writeFiles({ Dockerfile: 'FROM scratch AS a\nONBUILD COPY --from=gone f /g\nFROM a', f: 'x' })))
    expect(found[0]).toMatch(/^Dockerfile:3:1: error: COPY --from=gone/)
  })
})

describe('arguments', () => {
  test('belong to their stage; those before FROM come in by name; platforms and proxies are there', async () => {
    const Dockerfile = [
      'ARG GLOBAL=g',
      'FROM scratch AS one',
      'ARG LOCAL=l',
      'ENV A=${LOCAL}${GLOBAL:-}',
      'FROM one',
      'ARG GLOBAL',
      'ARG TARGETARCH',
      'ENV B=${LOCAL:-none}$GLOBAL C=$TARGETARCH',
      'LABEL "a b"="c d" e=$B',
      'STOPSIGNAL SIG${NOT:-USR1}',
      'EXPOSE 80 90-92/udp',
      'VOLUME ["/v1", "/v2"]',
      'SHELL ["/bin/bash", "-c"]',
      'CMD run it',
    ].join('\n')
    const { store, digest } = await makeBuilder()(writeFiles({ Dockerfile }))
    const { config } = (await readImage(store.blobs, digest)).file
    expect(config?.Env).toEqual(['A=l', 'B=noneg', `C=${process.arch === 'x64' ? 'amd64' : process.arch}`])
    expect(config).toMatchObject({
      Labels: { 'a b': 'c d', e: 'noneg' },
      StopSignal: 'SIGUSR1',
      Shell: ['/bin/bash', '-c'],
      Cmd: ['/bin/bash', '-c', 'run it'],
    })
    expect(Object.keys(config?.Volumes ?? {})).toEqual(['/v1', '/v2'])
  })

  test('a proxy reaches RUN without an ARG, and is nowhere in the image', async () => {
    const { store, digest, log } = await makeBuilder()(writeFiles({ Dockerfile: 'FROM alpine\nRUN echo "by $HTTP_PROXY"' }), {
      buildArgs: { HTTP_PROXY: 'http://user:pw@proxy' },
    })
    expect(log).toContain('by http://user:pw@proxy')
    expect(JSON.stringify((await readImage(store.blobs, digest)).file)).not.toContain('proxy')
  })
})

test('SOURCE_DATE_EPOCH dates the image and its files; without it everything is the epoch', async () => {
  const context = of(['COPY Dockerfile /x'])
  const dated = await makeBuilder()(context, { sourceDateEpoch: 1_700_000_000 })
  const plain = await makeBuilder()(context)
  const created = async (built: typeof dated) => (await readImage(built.store.blobs, built.digest)).file.created
  expect([await created(dated), await created(plain)]).toEqual(['2023-11-14T22:13:20Z', '1970-01-01T00:00:00Z'])
  expect((await makeBuilder()(context, { sourceDateEpoch: 1_700_000_000 })).digest).toBe(dated.digest)
  expect(dated.digest).not.toBe(plain.digest)
})

describe('the text', () => {
  test('directives count at the top only; the escape character may be a backtick; a byte order mark and CRLF are taken', () => {
    const lexed = lexDockerfile(
      '\uFEFF# syntax=docker/dockerfile:1\r\n# escape=`\r\n# check=skip=all\r\n\r\nFROM a `\r\n  AS b\r\n# escape=\\\r\nRUN c:\\x\r\n',
    )
    expect(lexed.directives.map(({ name, value }) => `${name}=${value}`)).toEqual(['syntax=docker/dockerfile:1', 'escape=`', 'check=skip=all'])
    expect(lexed.instructions.map(({ keyword, args, line }) => [line, keyword, args])).toEqual([
      [5, 'FROM', 'a   AS b'],
      [8, 'RUN', 'c:\\x'],
    ])
  })

  test('flags may be quoted; what looks like a flag in a command is the command’s', () => {
    expect(lexDockerfile('COPY --chown="a b" --link x --y z\nCMD --not a').instructions.map(({ flags, args }) => [flags, args])).toEqual([
      [
        [
          { name: 'chown', value: 'a b' },
          { name: 'link', value: '' },
        ],
        'x --y z',
      ],
      [[], '--not a'],
    ])
  })

  test('# check is a warning, a bad escape an error', async () => {
    const { log } = await makeBuilder()(writeFiles({ Dockerfile: '# check=error=true\nFROM scratch' }))
    expect(log[0]).toMatch(/^Dockerfile:1:1: warning: # check/)
    expect((await findings(makeBuilder()(writeFiles({ Dockerfile: '# escape=x\nFROM scratch' }))))[0]).toContain('# escape=x')
  })
})

test('.dockerignore has its own rules, and one beside the Dockerfile goes before it', async () => {
  const files = {
    'x.Dockerfile': 'FROM scratch\nCOPY . /c/',
    'x.Dockerfile.dockerignore': '# comment\n**/*.log\n!keep/*.log\n/top\ndeep/**/no\nx.Dockerfile*\n',
    '.dockerignore': '*',
    'a.log': '',
    'keep/b.log': '',
    'keep/in/c.log': '',
    top: '',
    'sub/top': '',
    'deep/a/b/no': '',
    'deep/a/yes': '',
  }
  const context = writeFiles(files)
  const { layers } = await layersOf(context, { dockerfile: join(context, 'x.Dockerfile') })
  expect([...(layers[0]?.keys() ?? [])].sort()).toEqual([
    'c',
    'c/.dockerignore',
    'c/deep',
    'c/deep/a',
    'c/deep/a/b',
    'c/deep/a/yes',
    'c/keep',
    'c/keep/b.log',
    'c/keep/in',
    'c/sub',
    'c/sub/top',
  ])
})

test('an image with a root of its own is a base: its links, users and layers stay, packed as they are', async () => {
  const build = makeBuilder()
  const { store } = await build(of([]))
  const dir = tempDir('base')
  for (const path of ['usr/bin', 'etc']) mkdirSync(join(dir, path), { recursive: true })
  symlinkSync('usr/bin', join(dir, 'bin'))
  symlinkSync('/etc/real', join(dir, 'etc/absolute'))
  writeFileSync(join(dir, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\napp:x:77:78::/srv:/bin/sh\n')
  writeFileSync(join(dir, 'etc/group'), 'app:x:78:\n')
  const file = join(tempDir('layer'), 'layer.tar')
  await create({ file, cwd: dir, portable: true }, ['usr', 'bin', 'etc'])
  const plain = readFileSync(file)
  const layer = await store.blobs.put(gzipSync(plain))
  const diff = `sha256:${createHash('sha256').update(plain).digest('hex')}`
  const config = await store.blobs.put(
    Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Env: ['PATH=/bin'], User: 'app' }, rootfs: { type: 'layers', diff_ids: [diff] } }),
    ),
  )
  const docker = 'application/vnd.docker'
  const manifest = {
    schemaVersion: 2,
    mediaType: `${docker}.distribution.manifest.v2+json`,
    config: { mediaType: `${docker}.container.image.v1+json`, ...config },
    layers: [{ mediaType: `${docker}.image.rootfs.diff.tar.gzip`, ...layer }],
  }
  store.tag('docker.io/acme/real:1', { ...(await store.blobs.put(Buffer.from(JSON.stringify(manifest)))), mediaType: manifest.mediaType })
  const context = writeFiles({
    Dockerfile: 'FROM acme/real:1 AS real\nCOPY --chown=app f /bin/\nFROM scratch\nCOPY --from=0 /bin/f /copied\nFROM real',
    f: 'x',
  })
  const { buildImage } = await import('./index.ts')
  const built = await buildImage({ context, store, cacheDir: tempDir('cache'), toolchainCache: tempDir('tools'), env: process.env, log: () => undefined })
  const { manifest: made, file: madeConfig } = await readImage(store.blobs, built.digest)
  expect(made.annotations?.['dev.pushway.base']).toBeUndefined()
  expect(made.layers[0]).toMatchObject({ digest: layer.digest, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' })
  expect(madeConfig.rootfs?.diff_ids?.[0]).toBe(diff)
  expect(madeConfig.config?.User).toBe('app')
  const [, copied] = await readLayers({ store, digest: built.digest })
  expect(copied?.get('usr/bin/f')).toMatchObject({ uid: 77, gid: 78 })
})
