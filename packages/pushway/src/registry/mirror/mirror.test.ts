// Pulling through from a real registry (Debian's docker-registry): kept, asked again, given out when it is down, and said aloud.

import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DockerRegistry, startDockerRegistry } from '../../../../../test/support/docker-registry.ts'
import { pushImage, pushManifest } from '../../../../../test/support/images.ts'
import { needs } from '../../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../../test/support/registry.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import type { Mirror } from '../../ports/mirrors.ts'
import { openDatabase } from '../../store/database.ts'
import { createMirrors } from '../../store/mirrors.ts'
import { createSettings } from '../../store/settings.ts'
import { Secret } from '../../util/secret.ts'
import { createMirrorService } from './index.ts'

const closes: (() => unknown)[] = []
afterAll(async () => {
  for (const close of closes) await close()
})

/** A registry that pulls through; its clock is moved by hand. */
async function startMirroring(...list: readonly Mirror[]) {
  const dir = tempDir('mirroring')
  const database = openDatabase(`${dir}/mirrors.db`)
  const key = randomBytes(32)
  const mirrors = createMirrors(database, createSettings(database, key))
  for (const mirror of list) mirrors.set(mirror)
  const clock = { at: 1_000_000, now: () => clock.at }
  const logged: string[] = []
  const counted: string[] = []
  const log = (message: string) => void logged.push(message)
  const served: ServedRegistry = await serveRegistry(dir, {
    mirror: createMirrorService({
      ...{ mirrors, now: clock.now, log: { info: log, warn: log } },
      isLocal: (name) => name.startsWith('acme/') || served.index.hasRepository(name),
      count: (host, what, outcome) => void counted.push(`${host} ${what} ${outcome}`),
    }),
  })
  closes.push(async () => {
    await served.close()
    database.close()
  })
  const call = (path: string, init: RequestInit = {}, token = 'reader-token') =>
    fetch(`${served.url}/v2/${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } })
  return { ...served, mirrors, clock, logged, counted, call, dir, database, key }
}

function sourceOf(answer: Response): string | null {
  return answer.headers.get('x-pushway-source')
}

describe.skipIf(needs('docker-registry').skip)('a mirror (needs package docker-registry)', () => {
  let upstream: DockerRegistry
  let mirror: Mirror
  beforeAll(async () => {
    upstream = await startDockerRegistry()
    mirror = { host: 'docker.io', url: upstream.url, privateNetwork: true }
    closes.push(() => upstream.stop())
  })
  const at = (repository: string) => ({ base: `${upstream.url}/v2/${repository}` })

  test('gives a tag, asks again after a minute, notices that it has moved, and keeps the digest that it meant before', async () => {
    const here = await startMirroring(mirror)
    const first = await pushImage(at('library/tool'), 'v1', { seed: 'one' })
    const get = () => here.call('docker.io/library/tool/manifests/v1')
    const answer = await get()
    expect([answer.status, await answer.text(), sourceOf(answer)]).toEqual([200, first.manifest, 'docker.io; fetched'])
    expect(sourceOf(await get())).toBe('docker.io; hit')
    here.clock.at += 120_000
    expect(sourceOf(await get())).toBe('docker.io; revalidated')
    const second = await pushImage(at('library/tool'), 'v1', { seed: 'two' })
    expect(sourceOf(await get())).toBe('docker.io; hit')
    here.clock.at += 120_000
    const moved = await get()
    expect([await moved.text(), sourceOf(moved)]).toEqual([second.manifest, 'docker.io; fetched'])
    const old = await here.call(`docker.io/library/tool/manifests/${first.digest}`)
    expect([await old.text(), sourceOf(old)]).toEqual([first.manifest, 'docker.io; hit'])
    expect(here.logged).toContain('fetched from docker.io')
    expect(here.counted).toContain('docker.io manifest revalidated')
  })

  test('gives blobs on their way, once for all who ask; keeps them; says their size; gives parts of them', async () => {
    const here = await startMirroring(mirror)
    const image = await pushImage(at('library/blobs'), 'v1', { seed: 'blobs', size: 3_000_000 })
    const path = `docker.io/library/blobs/blobs/${image.layer}`
    const head = await here.call(path, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '3000000'])
    const answers = await Promise.all(Array.from({ length: 4 }, () => here.call(path)))
    for (const answer of answers) expect(Buffer.from(await answer.arrayBuffer()).equals(image.bytes)).toBe(true)
    // The HEAD is one, and one of the four.
    expect(here.counted.filter((one) => one === 'docker.io blob fetched')).toHaveLength(2)
    expect(await here.blobs.has(image.layer)).toEqual({ digest: image.layer, size: 3_000_000 })
    const part = await here.call(path, { headers: { range: 'bytes=0-4' } })
    expect([part.status, await part.text(), sourceOf(part)]).toEqual([206, 'blobs', 'docker.io; hit'])
    const other = await pushImage(at('library/parts'), 'v1', { seed: 'parts' })
    const before = await here.call(`docker.io/library/parts/blobs/${other.layer}`, { headers: { range: 'bytes=0-4' } })
    expect([before.status, await before.text()]).toEqual([206, 'parts'])
    expect((await here.call(`docker.io/library/parts/blobs/sha256:${'0'.repeat(64)}`)).status).toBe(404)
  })

  test('gives what it has when the registry is down, and says so; what it has not is an error that names the registry', async () => {
    const here = await startMirroring(mirror)
    const image = await pushImage(at('library/down'), 'v1', { seed: 'down' })
    await (await here.call('docker.io/library/down/manifests/v1')).text()
    await (await here.call(`docker.io/library/down/blobs/${image.layer}`)).arrayBuffer()
    await upstream.pause()
    try {
      here.clock.at += 120_000
      const stale = await here.call('docker.io/library/down/manifests/v1')
      expect([await stale.text(), sourceOf(stale)]).toEqual([image.manifest, 'docker.io; stale'])
      expect(stale.headers.get('warning')).toMatch(/^110 - ".*ECONNREFUSED.*"$/)
      expect((await here.call(`docker.io/library/down/blobs/${image.layer}`)).status).toBe(200)
      const missing = await here.call('docker.io/library/down/manifests/v2')
      expect([missing.status, await missing.text()]).toEqual([502, expect.stringContaining('docker.io does not give what it was asked for')])
      expect(await (await here.call('docker.io/library/down/tags/list')).json()).toEqual({ name: 'docker.io/library/down', tags: ['v1'] })
      expect(here.logged).toContain('docker.io does not answer: what is kept of it is given out')
    } finally {
      await upstream.resume()
    }
    here.clock.at += 120_000
    expect(sourceOf(await here.call('docker.io/library/down/manifests/v1'))).toBe('docker.io; revalidated')
  })

  test('answers for names that are not ours; what is ours never comes from elsewhere', async () => {
    const here = await startMirroring(mirror)
    const image = await pushImage(at('library/short'), 'v1', { seed: 'short' })
    await pushImage(at('acme/hello'), 'v1', { seed: 'somebody else’s hello' })
    for (const name of ['short', 'library/short', 'docker.io/short']) {
      const answer = await here.call(`${name}/manifests/v1`)
      expect([await answer.text(), sourceOf(answer)]).toEqual([image.manifest, expect.stringMatching(/^docker\.io; /)])
    }
    expect((await here.call('acme/hello/manifests/v1')).status).toBe(404)
    expect((await here.call('library/short/manifests/v1?ns=ghcr.io')).status).toBe(404)
    expect((await here.call('library/short/manifests/v1?ns=docker.io')).status).toBe(200)
    expect((await here.call('library/nothing/manifests/v1')).status).toBe(404)
  })

  test('is not pushed to, and not pulled from by who may not', async () => {
    const here = await startMirroring(mirror)
    await pushImage(at('library/rights'), 'v1')
    const push = await here.call('docker.io/library/rights/blobs/uploads/', { method: 'POST' })
    expect([push.status, await push.text()]).toEqual([403, expect.stringContaining('docker.io')])
    expect((await here.call('docker.io/library/rights/manifests/v1', { method: 'DELETE' })).status).toBe(403)
    expect((await here.call('docker.io/library/rights/manifests/v1', {}, 'hello-token')).status).toBe(403)
    expect((await fetch(`${here.url}/v2/docker.io/library/rights/manifests/v1`)).status).toBe(401)
  })

  test('lists tags in pages, finds referrers by the fallback tag, and knows what is not there', async () => {
    const here = await startMirroring(mirror)
    for (const tag of ['a', 'b', 'c']) await pushImage(at('library/lists'), tag)
    const first = await here.call('docker.io/library/lists/tags/list?n=2')
    expect(await first.json()).toEqual({ name: 'docker.io/library/lists', tags: ['a', 'b'] })
    const next = /<\/v2\/(.+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect(await (await here.call(next)).json()).toEqual({ name: 'docker.io/library/lists', tags: ['c'] })
    const subject = await pushImage(at('library/lists'), 'subject')
    const signature = await pushImage(at('library/lists'), 'signature')
    const type = 'application/vnd.oci.image.index.v1+json'
    const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: signature.digest, size: signature.manifest.length, artifactType: 'a/b' }
    const body = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: [entry] })
    await pushManifest(at('library/lists'), subject.digest.replace(':', '-'), { body, type })
    const referrers = await here.call(`docker.io/library/lists/referrers/${subject.digest}?artifactType=a/b`)
    expect([referrers.headers.get('oci-filters-applied'), await referrers.json()]).toEqual(['artifactType', expect.objectContaining({ manifests: [entry] })])
    expect((await here.call('docker.io/library/none/tags/list')).status).toBe(404)
  })

  test.skipIf(needs('skopeo').skip || needs('docker').skip)('serves skopeo and docker (needs packages skopeo and docker.io)', async () => {
    const here = await startMirroring(mirror)
    const image = `${upstream.host}/library/real:v1`
    const layout = tempDir('mirror-layout')
    const run = promisify(execFile)
    const env = { ...process.env, DOCKER_CONFIG: tempDir('docker-config') }
    const docker = (...args: readonly string[]) => run('docker', args, { env, timeout: 60_000 }).then(({ stdout }) => stdout)
    const copied = `${here.host}/docker.io/library/real:v1`
    try {
      const { stdout } = await run('sh', ['-c', 'tar -c -C /etc hostname | docker import - "$0"', image])
      await docker('push', image)
      await docker('rmi', image)
      expect(stdout).toContain('sha256:')
      await run('skopeo', ['copy', '--src-tls-verify=false', '--src-creds', 'me:reader-token', `docker://${copied}`, `oci:${layout}:v1`])
      await docker('login', '-u', 'me', '-p', 'reader-token', here.host)
      expect(await docker('pull', copied)).toContain(here.index.tag('docker.io/library/real', 'v1'))
      expect(here.counted.filter((one) => one === 'docker.io blob fetched')).toHaveLength(2)
    } finally {
      await docker('rmi', '-f', image, copied).catch(() => undefined)
    }
  })

  test('forgets tags that nobody pulls, and all of a registry that is removed; its credential is sealed', async () => {
    const here = await startMirroring({ ...mirror, username: 'reader', secret: new Secret('very secret') })
    await pushImage(at('library/old'), 'v1')
    await (await here.call('docker.io/library/old/manifests/v1')).text()
    expect(here.mirrors.expire(here.clock.at - 1)).toBe(0)
    expect(here.index.tag('docker.io/library/old', 'v1')).toBeDefined()
    const sealed = here.database.prepare('select sealed from mirrors').get()?.sealed as Uint8Array
    expect(Buffer.from(sealed).includes('very secret')).toBe(false)
    expect(createMirrors(here.database, createSettings(here.database, here.key)).find('docker.io')?.secret?.reveal()).toBe('very secret')
    expect(JSON.stringify(here.mirrors.list())).not.toContain('very secret')
    expect(here.mirrors.remove('docker.io')).toBe(true)
    expect((await here.call('library/old/manifests/v1')).status).toBe(404)
  })
})

describe.skipIf(needs('docker-registry').skip)('a mirror that wants a password (needs package docker-registry)', () => {
  test('is given it; without it, or with a wrong one, the client hears of it', async () => {
    // bcrypt of "right".
    const upstream = await startDockerRegistry({ htpasswd: 'reader:$2b$04$A9Aoc7VtAmw6.zuDEbmaKeoqw6W3sDxqfqC7I2H27ycjMGmLilEy6' })
    closes.push(() => upstream.stop())
    const headers = { authorization: `Basic ${Buffer.from('reader:right').toString('base64')}` }
    const image = await pushImage({ base: `${upstream.url}/v2/team/app`, headers }, 'v1')
    const mirror = { host: 'ghcr.io', url: upstream.url, privateNetwork: true, username: 'reader' }
    const here = await startMirroring({ ...mirror, secret: new Secret('right') })
    expect(await (await here.call('ghcr.io/team/app/manifests/v1')).text()).toBe(image.manifest)
    expect((await here.call(`ghcr.io/team/app/blobs/${image.layer}`)).status).toBe(200)
    const wrong = await startMirroring({ ...mirror, secret: new Secret('wrong') })
    const refused = await wrong.call('ghcr.io/team/app/manifests/v1')
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('ghcr.io')])
  })
})

/** A registry of a few lines that gives tokens and has moods: what a real one does only when it is asked too much. */
async function startMoody(answer: (req: IncomingMessage, res: ServerResponse, origin: string) => void): Promise<string> {
  const server = createServer((req, res) => answer(req, res, `http://${req.headers.host}`))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closes.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const manifest = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${'1'.repeat(64)}`, size: 1 },
  layers: [],
})
const digest = `sha256:${createHash('sha256').update(manifest).digest('hex')}`

describe('a registry with moods', () => {
  test('that gives tokens is asked for one per repository, with the credential, and not again', async () => {
    const asked: string[] = []
    const url = await startMoody((req, res, origin) => {
      asked.push(`${req.method} ${req.url?.split('?')[0]}`)
      if (req.url?.startsWith('/token')) {
        const query = new URL(req.url, origin).searchParams
        expect([query.get('service'), query.get('scope')]).toEqual(['moody', 'repository:team/app:pull'])
        expect(req.headers.authorization).toBe(`Basic ${Buffer.from('me:pw').toString('base64')}`)
        return void res.end(JSON.stringify({ token: 'given', expires_in: 300 }))
      }
      if (req.headers.authorization !== 'Bearer given')
        return void res.writeHead(401, { 'www-authenticate': `Bearer realm="${origin}/token",service="moody",scope="repository:team/app:pull"` }).end()
      res.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }).end(manifest)
    })
    const here = await startMirroring({ host: 'ghcr.io', url, privateNetwork: true, username: 'me', secret: new Secret('pw') })
    for (const tag of ['a', 'b']) expect((await here.call(`ghcr.io/team/app/manifests/${tag}`)).status).toBe(200)
    expect(asked).toEqual(['GET /v2/team/app/manifests/a', 'GET /token', 'GET /v2/team/app/manifests/a', 'GET /v2/team/app/manifests/b'])
  })

  test('that has had enough is left alone for as long as it says; what is kept is given out', async () => {
    let asked = 0
    let enough = false
    const url = await startMoody((_, res) => {
      asked++
      if (enough) return void res.writeHead(429, { 'retry-after': '300' }).end()
      res.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'docker-content-digest': digest }).end(manifest)
    })
    const here = await startMirroring({ host: 'docker.io', url, privateNetwork: true })
    await (await here.call('docker.io/library/x/manifests/v1')).text()
    enough = true
    here.clock.at += 120_000
    const stale = await here.call('docker.io/library/x/manifests/v1')
    expect([stale.status, sourceOf(stale), stale.headers.get('warning')]).toEqual([200, 'docker.io; stale', expect.stringContaining('429')])
    const other = await here.call('docker.io/library/x/manifests/v2')
    expect([other.status, other.headers.get('retry-after')]).toEqual([429, '300'])
    expect(asked).toBe(2)
    enough = false
    here.clock.at += 301_000
    expect((await here.call('docker.io/library/x/manifests/v2')).status).toBe(200)
  })

  test('that sends something else than it was asked for is not believed', async () => {
    const url = await startMoody((req, res) => {
      const type = req.url?.includes('typed') ? 'text/html' : 'application/vnd.oci.image.manifest.v1+json'
      res
        .writeHead(200, { 'content-type': type, ...(req.url?.includes('/blobs/') ? { 'content-length': 5 } : {}) })
        .end(req.url?.includes('/blobs/') ? 'wrong' : manifest)
    })
    const here = await startMirroring({ host: 'docker.io', url, privateNetwork: true })
    const asked = `sha256:${'a'.repeat(64)}`
    expect((await here.call(`docker.io/library/x/manifests/${asked}`)).status).toBe(403)
    expect((await here.call('docker.io/library/typed/manifests/v1')).status).toBe(403)
    await expect(here.call(`docker.io/library/x/blobs/${asked}`).then((answer) => answer.text())).rejects.toThrow()
    expect(await here.blobs.has(asked)).toBeUndefined()
  })

  test('on a private network is not asked unless that is allowed', async () => {
    const url = await startMoody((_, res) => res.end())
    const here = await startMirroring({ host: 'docker.io', url, privateNetwork: false })
    const answer = await here.call('docker.io/library/x/manifests/v1')
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('not an address of the open Internet')])
  })
})
