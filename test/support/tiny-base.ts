// A base image with a root of its own that needs no network: one static busybox, for our store and for an engine.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import type { ImageLayout } from '../../packages/pushway/src/drivers/builder/layout.ts'
import { writeImage } from '../../packages/pushway/src/oci/image.ts'
import { type TarEntry, writeTar } from '../../packages/pushway/src/oci/tar-write.ts'
import { type Engine, readProgress } from '../../packages/pushway/src/util/engine-api/index.ts'

const passwd = 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/var/www:/bin/false\n'
const group = 'root:x:0:\nwww-data:x:33:\n'
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

function tinyEntries(): readonly TarEntry[] {
  const applets = execFileSync('busybox', ['--list'], { encoding: 'utf8' })
    .split('\n')
    .filter((name) => name !== '' && name !== 'busybox')
  const folders = ['bin', 'dev', 'etc', 'home', 'proc', 'sys'].map((name): TarEntry => ({ path: name, type: 'directory', mode: 0o755 }))
  return [
    ...folders,
    { path: 'root', type: 'directory', mode: 0o700 },
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'file', mode: 0o755, content: readFileSync(execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim()) },
    ...applets.map((name): TarEntry => ({ path: `bin/${name}`, type: 'link', mode: 0o777, target: 'busybox' })),
    { path: 'etc/passwd', type: 'file', mode: 0o644, content: Buffer.from(passwd) },
    { path: 'etc/group', type: 'file', mode: 0o644, content: Buffer.from(group) },
    { path: 'etc/tiny', type: 'file', mode: 0o644, content: Buffer.from('tiny\n') },
  ]
}

/** Puts it into the store under `tag` (a full reference). */
export async function putTinyBase(store: ImageLayout, tag: string): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of writeTar(tinyEntries())) chunks.push(chunk)
  const layer = await store.blobs.put(Buffer.concat(chunks))
  const image = await writeImage(store.blobs, {
    layers: [layer],
    config: { Env: [path], Cmd: ['sh'] },
    history: [{ instruction: 'tiny', emptyLayer: false }],
    annotations: {},
    platform: { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch },
  })
  store.tag(tag, image)
}

/** Imports it into an engine. */
export async function importTinyBase(engine: Engine, repository: string, tag: string): Promise<void> {
  const body = await engine.open({
    method: 'POST',
    path: `/images/create?${new URLSearchParams([
      ['fromSrc', '-'],
      ['repo', repository],
      ['tag', tag],
      ['changes', `ENV ${path}`],
      ['changes', 'CMD ["sh"]'],
    ])}`,
    headers: { 'content-type': 'application/x-tar' },
    stream: Readable.from(writeTar(tinyEntries())),
  })
  await readProgress(body, 'importing a base')
}
