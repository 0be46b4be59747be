// Our builder beside Docker's own, over a corpus of Dockerfiles: the same files, modes, owners, links, and the same configuration.

import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { importTinyBase, putTinyBase } from '../../../../../test/support/tiny-base.ts'
import { readImage } from '../../oci/config.ts'
import { extractArchive, type Owner } from '../../oci/extract.ts'
import { openLayer } from '../../oci/open-layer.ts'
import type { RunConfigJson } from '../../oci/schema.ts'
import { type TarEntry, writeTar } from '../../oci/tar-write.ts'
import { createEngine, type Engine, findEngine } from '../../util/engine-api/index.ts'
import { buildWithEngine } from './docker/index.ts'
import { buildImage } from './embedded/index.ts'
import { listTree } from './embedded/tree.ts'
import { detectBuildView } from './embedded/view/detect.ts'
import { type ImageLayout, openImageLayout } from './layout.ts'

interface Case {
  readonly args?: Record<string, string>
  readonly target?: string
  readonly builder?: 'auto' | 'classic'
}

const corpus = join(dirname(fileURLToPath(import.meta.url)), '../../../../../test/golden/dockerfiles')
const names = readdirSync(corpus, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
const base = `pushway-corpus-${process.pid}`
const docker = needs('docker')
const busybox = needs('busybox', 'busybox-static')

let store: ImageLayout
let engine: Engine | undefined
beforeAll(async () => {
  store = openImageLayout(tempDir('store'))
  if (busybox.skip) return
  await putTinyBase(store, 'docker.io/library/tiny:1')
  const address = docker.skip ? undefined : findEngine({ env: process.env })
  engine = address && createEngine(address)
  if (engine) await importTinyBase(engine, 'tiny', base)
  if (engine) await engine.tell({ method: 'POST', path: `/images/tiny:${base}/tag`, query: { repo: 'tiny', tag: '1' } })
})
afterAll(async () => {
  for (const tag of [base, '1']) await engine?.tell({ method: 'DELETE', path: `/images/tiny:${tag}`, query: { force: true } }).catch(() => undefined)
})

/** A case's own folder, with what can't be in a repository. */
async function contextOf(name: string): Promise<string> {
  const context = join(tempDir('corpus'), 'context')
  cpSync(join(corpus, name), context, { recursive: true, verbatimSymlinks: true })
  if (name !== 'add-archive') return context
  const chunks: Buffer[] = []
  const entries: readonly TarEntry[] = [
    { path: 'in', type: 'directory', mode: 0o750, uid: 3, gid: 4 },
    { path: 'in/f', type: 'file', mode: 0o640, uid: 3, gid: 4, content: Buffer.from('packed\n') },
    { path: 'in/l', type: 'link', mode: 0o777, target: 'f' },
    { path: 'in/h', type: 'hardlink', mode: 0o640, uid: 3, gid: 4, target: 'in/f' },
  ]
  for await (const chunk of writeTar(entries)) chunks.push(chunk)
  writeFileSync(join(context, 'files.tar.gz'), gzipSync(Buffer.concat(chunks)))
  writeFileSync(join(context, 'plain.gz'), gzipSync('no archive\n'))
  return context
}

/** An image in lines: each path with what it is, and each key of the configuration. */
async function inWords(digest: string): Promise<readonly string[]> {
  const { manifest, file } = await readImage(store.blobs, digest)
  const root = tempDir('image')
  const owners = new Map<string, Owner>()
  for (const layer of manifest.layers) {
    await extractArchive(await openLayer(store.blobs, layer), {
      root,
      name: layer.digest,
      whiteouts: true,
      onEntry: ({ path, type, uid, gid }) => (type === 'gone' ? void owners.delete(path) : void owners.set(path, { uid, gid })),
    })
  }
  const lines: string[] = []
  for (const [path, node] of await listTree(root)) {
    if (/^(?:bin|dev|proc|sys)\/|^etc\/(?:hosts|hostname|resolv\.conf|mtab)$/.test(path)) continue
    const { uid = 0, gid = 0 } = owners.get(path) ?? {}
    const what = node.type === 'file' ? createHash('sha256').update(readFileSync(node.file)).digest('hex').slice(0, 12) : (node.target ?? '')
    lines.push(`${node.type} ${node.type === 'link' ? '-' : node.mode.toString(8)} ${uid}:${gid} /${path} ${what}`.trimEnd())
  }
  return [...lines, ...configInWords(file.config ?? {})]
}

/** Docker writes what is empty in several ways. */
function configInWords(config: RunConfigJson): readonly string[] {
  const keys = ['Cmd', 'Entrypoint', 'Env', 'ExposedPorts', 'Healthcheck', 'Labels', 'OnBuild', 'Shell', 'StopSignal', 'User', 'Volumes', 'WorkingDir'] as const
  return keys.flatMap((key) => {
    const value = key === 'WorkingDir' ? config[key] || '/' : config[key]
    const empty = value === undefined || value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
    // What a container gets, whoever fills it in.
    return empty ? [] : [`${key} ${JSON.stringify(value, sorted)}`]
  })
}

function sorted(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .filter(([, part]) => part !== null && part !== undefined),
  )
}

describe.skipIf(busybox.skip)(`Docker's own builder and ours (needs package busybox-static, and an engine to compare with) ${busybox.reason}`, () => {
  test.each(names)(
    '%s',
    async (name) => {
      const view = await detectBuildView(process.env)
      const {
        args,
        target,
        builder = 'classic',
      } = (existsSync(join(corpus, `${name}.json`)) ? JSON.parse(readFileSync(join(corpus, `${name}.json`), 'utf8')) : {}) as Case
      const context = await contextOf(name)
      const common = { context, store, log: () => undefined, ...(args ? { buildArgs: args } : {}), ...(target ? { target } : {}) }
      const recorded = join(corpus, `${name}.txt`)
      if (engine) {
        const theirs = await inWords((await buildWithEngine({ ...common, engine, builder })).digest)
        if (process.env.PUSHWAY_GOLDEN_WRITE === '1') writeFileSync(recorded, `${theirs.join('\n')}\n`)
        expect(theirs.join('\n')).toBe(readFileSync(recorded, 'utf8').trimEnd())
      }
      // RUN in such a base needs namespaces; users of its own need root.
      if (view.kind === 'folder' || view.ids === 'single') return
      const ours = await buildImage({ ...common, cacheDir: tempDir('cache'), toolchainCache: tempDir('tools'), env: process.env })
      expect((await inWords(ours.digest)).join('\n')).toBe(readFileSync(recorded, 'utf8').trimEnd())
    },
    120_000,
  )
})
