// RUN with the image's own root: what it sees, what it leaves, and what it can't reach.

import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { findings, makeBuilder, readLayers, writeFiles } from '../../../../../../test/support/embedded-builder.ts'
import { needsRoot } from '../../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import { execFileText } from '../../../util/exec.ts'
import { detectBuildView } from './view/detect.ts'
import type { BuildView } from './view/types.ts'

let found: BuildView
beforeAll(async () => {
  found = await detectBuildView(process.env)
})

const build = (lines: readonly string[], more: Parameters<ReturnType<typeof makeBuilder>>[1] = {}, files: Record<string, string> = {}) =>
  makeBuilder()(writeFiles({ Dockerfile: ['FROM debian', ...lines].join('\n'), ...files }), more)

/** Where the machine has no namespaces, the folder's own tests say what happens. */
describe('RUN in the image', () => {
  test('makes absolute paths of the image, with owners, modes, links and what is gone', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const built = await build([
      'RUN mkdir -p /data/a && echo one > /data/a/f && chmod 640 /data/a/f && ln -s /data/a/f /usr/local/bin/link && rm /etc/issue || true',
      'RUN echo "$(cat /data/a/f) two" > /etc/app.conf && rm -r /data/a && mkdir -m 1777 /data/tmp',
      'RUN echo hi > /dev/stdout && test -r /proc/self/status && test ! -e /run/pushway/script',
    ])
    expect(readFileSync(join(built.root, 'etc/app.conf'), 'utf8')).toBe('one two\n')
    expect(existsSync(join(built.root, 'data/a'))).toBe(false)
    // Relative: an image on the machine's own userland is a folder of it when it runs.
    expect(readlinkSync(join(built.root, 'usr/local/bin/link'))).toBe('../../../data/a/f')
    const layers = await readLayers(built)
    expect(layers[0]?.get('data/a/f')).toMatchObject({ mode: 0o640, uid: 0, gid: 0 })
    expect(layers[1]?.has('data/.wh.a')).toBe(true)
    expect(layers[1]?.get('data/tmp')?.mode).toBe(0o1777)
    expect([...(layers[2]?.keys() ?? [])]).toEqual([])
    expect(built.log).toContain('hi')
  })

  test('adds users, and USER, chown and --chown know them', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    if (found.ids === 'single') return skip('only root may give a build users of its own')
    const built = await build(
      [
        'RUN useradd --uid 1234 --create-home app 2>/dev/null || echo "app:x:1234:1234::/home/app:/bin/sh" >> /etc/passwd; mkdir -p /home/app && chown 1234:1234 /home/app',
        'WORKDIR /srv/app',
        'COPY --chown=app f .',
        'RUN chown app:nogroup /srv/app',
        'USER app',
        'RUN id -u > who && echo $HOME > home && ! touch /etc/x 2>/dev/null',
      ],
      {},
      { f: 'x' },
    )
    const [, , copied, chowned, ran] = await readLayers(built)
    expect(copied?.get('srv/app/f')).toMatchObject({ uid: 1234, gid: 1234 })
    expect(chowned?.get('srv/app')).toMatchObject({ uid: 1234, gid: 65534 })
    expect(ran?.get('srv/app/who')).toMatchObject({ uid: 1234 })
    expect([readFileSync(join(built.root, 'srv/app/who'), 'utf8'), readFileSync(join(built.root, 'srv/app/home'), 'utf8')]).toEqual(['1234\n', '/home/app\n'])
  })

  test('sees none of the files of this machine, nor its processes', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const secret = join(tempDir('outside'), 'secret')
    writeFileSync(secret, 'secret', { mode: 0o644 })
    const home = process.env.HOME ?? '/root'
    const look = [
      secret,
      join(home, '.npmrc'),
      '/var/lib/dpkg',
      '/run/docker.sock',
      '/var/run/docker.sock',
      '/etc/ssh',
      '/sys/kernel',
      `/proc/${process.pid}/environ`,
    ]
    const { log } = await build([
      `RUN for f in ${look.join(' ')}; do test -e $f && echo "sees $f"; done; cat /etc/shadow | grep -v ':\\*:' ; ls /tmp /home | grep -v : ; ls /proc | grep -c '^[0-9]'`,
      // Out of the root by the old way: there is nothing behind it either.
      'RUN mkdir /x && (chroot /x 2>/dev/null; cd / && for i in 1 2 3 4 5 6 7 8; do cd ..; done; ls -a) > /dev/null; echo done',
    ])
    expect(log.filter((line) => line.startsWith('sees'))).toEqual([])
    expect(log.find((line) => /^\d+$/.test(line))).toMatch(/^[1-9]$/)
  })

  test('gives the same digest in another folder, with another cache', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const lines = ['RUN mkdir /data && date > /dev/null && echo x > /data/f && cp /bin/sh /usr/local/bin/mine']
    expect((await build(lines)).digest).toBe((await build(lines)).digest)
  })

  test('without a network has none; with one reaches the machine', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const { log } = await build([
      `RUN --network=none node -e 'fetch("http://127.0.0.1:9").catch(e => console.log("off", e.cause.code))'`,
      'RUN --network=none ls /sys/class/net 2>/dev/null; node -e \'console.log("nets", Object.keys(os.networkInterfaces()).length)\'',
    ])
    expect(log).toContain('nets 0')
  })
})

describe('RUN --mount', () => {
  test('cache: kept between builds, never in the image', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const builder = makeBuilder()
    const line = (word: string) =>
      `FROM debian\nRUN --mount=type=cache,target=/var/cache/things,sharing=locked echo ${word} >> /var/cache/things/log && wc -l < /var/cache/things/log`
    await builder(writeFiles({ Dockerfile: line('one') }))
    const second = await builder(writeFiles({ Dockerfile: line('two') }))
    expect(second.log).toContain('2')
    expect(existsSync(join(second.root, 'var/cache/things'))).toBe(false)
  })

  test('secret: a file or a variable, in no layer and no configuration; a required one that is missing is refused by line', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const secrets = { token: () => Buffer.from('hush-hush') }
    const built = await build(
      [
        'RUN --mount=type=secret,id=token cat /run/secrets/token | wc -c',
        'RUN --mount=type=secret,id=token,target=/var/token,mode=0400 stat -c %a /var/token && test -r /var/token',
        'RUN --mount=type=secret,id=token,env=TOKEN echo ${#TOKEN}',
        'RUN --mount=type=secret,id=other test ! -e /run/secrets/other',
      ],
      { secrets },
    )
    expect(built.log.filter((line) => line === '9')).toHaveLength(2)
    expect(built.log).toContain('400')
    const blobs = readdirSync(join(built.store.dir, 'blobs/sha256'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    for (const { parentPath, name } of blobs) expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain('hush-hush')
    const refused = await findings(build(['RUN --mount=type=secret,id=token,required=true true']))
    expect(refused[0]).toMatch(/^Dockerfile:2:1: error: RUN: the secret token is required/)
  })

  test('bind: the context without what is ignored, or a stage; what is written is not kept', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const built = await build(
      [
        'RUN mkdir /out && echo made > /out/f',
        'FROM debian',
        'WORKDIR /w',
        'RUN --mount=target=/ctx ls -A /ctx | sort | tr "\\n" " " && cp /ctx/a copied && ! touch /ctx/new 2>/dev/null',
        'RUN --mount=target=.,rw echo x > scribble && test -e a',
        'RUN --mount=type=bind,from=0,source=/out,target=/from cat /from/f > taken',
        'RUN --mount=type=tmpfs,target=/scratch,size=1m echo x > /scratch/y',
      ],
      {},
      { a: 'A', b: 'B', '.dockerignore': 'b\n' },
    )
    expect(built.log).toContain('.dockerignore Dockerfile a ')
    expect(readdirSync(join(built.root, 'w')).sort()).toEqual(['copied', 'taken'])
    expect(existsSync(join(built.root, 'scratch'))).toBe(false)
    expect(readFileSync(join(built.root, 'w/taken'), 'utf8')).toBe('made\n')
  })

  test('is refused by line where there are no namespaces', async () => {
    const refused = await findings(build(['RUN --mount=type=cache,target=/x true', 'RUN --network=none true'], { view: { kind: 'folder', why: 'a test' } }))
    expect(refused.map((line) => line.split(':')[1])).toEqual(['2', '3'])
  })
})

describe('a RUN that does not behave', () => {
  test.skipIf(needsRoot().skip)('and fills the disk is ended by it, with a sentence, and leaves nothing (root only)', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const dir = tempDir('small')
    await execFileText(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'pushway-test', dir])
    const before = process.env.TMPDIR
    try {
      process.env.TMPDIR = dir
      await expect(build(['RUN head -c 64000000 /dev/zero > /big'])).rejects.toMatchObject({
        code: 'command-failed',
        message: expect.stringMatching(/No space left/),
      })
      expect(readdirSync(dir).filter((name) => name.startsWith('pushway-build-'))).toEqual([])
    } finally {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
      await execFileText(['umount', '-l', dir])
    }
  })

  test('what it leaves running ends with it; a build that is called off leaves nothing', async ({ skip }) => {
    if (found.kind === 'folder') return skip(found.why)
    const mark = `3${Date.now() % 100_000}`
    await build([`RUN (setsid sleep ${mark} &) ; sleep ${mark} & exit 0`])
    expect(processesWith(`sleep\0${mark}`)).toEqual([])
    const aborting = new AbortController()
    const log = (line: string) => line === 'started' && aborting.abort(new Error('called off'))
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('pushway-build-'))
    await expect(build([`RUN (setsid sleep ${mark} &) ; echo started; sleep ${mark}`], { signal: aborting.signal, log })).rejects.toThrow('called off')
    expect(processesWith(`sleep\0${mark}`)).toEqual([])
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('pushway-build-') && !before.includes(name))).toEqual([])
  })

  test('names its command, exit code and last lines', async () => {
    await expect(build(['RUN echo about to fail; exit 3'])).rejects.toMatchObject({
      code: 'command-failed',
      message: expect.stringMatching(/exit code 3: about to fail/),
    })
  })
})

function processesWith(words: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(words)
    } catch {
      return false
    }
  })
}

test('PUSHWAY_ISOLATION=none asks for the folder', async () => {
  expect(await detectBuildView({ PUSHWAY_ISOLATION: 'none' })).toEqual({ kind: 'folder', why: 'PUSHWAY_ISOLATION=none' })
})
