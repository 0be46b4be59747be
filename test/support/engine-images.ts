// An image with Node.js and a shell, made from this machine's own programs: engines of tests can't pull one.

import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync, statSync } from 'node:fs'
import { Readable } from 'node:stream'
import { type TarEntry, writeTar } from '../../packages/pushway/src/oci/tar-write.ts'
import { type Engine, findImage, readProgress } from '../../packages/pushway/src/util/engine-api/index.ts'

const programs = ['sh', 'cat', 'sleep', 'id', 'ls', 'hostname', 'getent', 'true', 'tr', 'touch']

/** The name of the image in every engine of the tests. */
export const nodeImage = 'pushway.test/node:2'

/** Gives the engine the image under `name`, unless it has one of that name. */
export async function ensureNodeImage(engine: Engine, name: string = nodeImage): Promise<void> {
  if (await findImage(engine, name)) return
  if (name !== nodeImage) {
    await ensureNodeImage(engine)
    const [, repo = '', tag = ''] = /^(.+):([^:]+)$/.exec(name) ?? []
    await engine.tell({ method: 'POST', path: `/images/${nodeImage}/tag`, query: { repo, tag } })
    return
  }
  const body = await engine.open({
    method: 'POST',
    path: '/images/create',
    // Podman takes a tag only as a part of the name.
    query: { fromSrc: '-', repo: nodeImage },
    headers: { 'content-type': 'application/x-tar' },
    stream: Readable.from(writeTar(rootFiles())),
  })
  await readProgress(body, 'importing an image')
}

/** Node.js, the programs, and the libraries that they load. */
function rootFiles(): readonly TarEntry[] {
  const found = programs.flatMap((name) => [`/bin/${name}`, `/usr/bin/${name}`].find((path) => existsSync(path)) ?? [])
  const libraries = [process.execPath, ...found].flatMap(librariesOf)
  // The name service finds hosts and users by libraries that no program names.
  const lookups = libraries
    .flatMap((path) => ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((name) => path.replace(/[^/]+$/, name)))
    .filter((path) => existsSync(path))
  const files = new Map<string, string>([
    ['usr/local/bin/node', process.execPath],
    ...found.map((path): [string, string] => [`bin/${path.split('/').at(-1)}`, path]),
    ...[...libraries, ...lookups].map((path): [string, string] => [path.slice(1), path]),
  ])
  const text = (path: string, content: string): TarEntry => ({ path, type: 'file', mode: 0o644, content: Buffer.from(content) })
  return [
    ...['tmp', 'run', 'app', 'proc', 'sys', 'dev'].map((path): TarEntry => ({ path, type: 'directory', mode: path === 'tmp' ? 0o1777 : 0o755 })),
    text('etc/passwd', 'root:x:0:0:root:/:/bin/sh\nnode:x:1000:1000:node:/:/bin/sh\n'),
    text('etc/group', 'root:x:0:\nnode:x:1000:\n'),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    ...[...files].map(([path, from]): TarEntry => {
      const file = realpathSync(from)
      return { path, type: 'file', mode: 0o755, content: { file, size: statSync(file).size } }
    }),
  ]
}

function librariesOf(program: string): readonly string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...text.matchAll(/(\/[^\s()]+)/g)].flatMap(([, path]) => (path && existsSync(path) ? [path] : []))
}
