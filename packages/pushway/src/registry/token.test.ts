// Docker's token authentication and the catalogue, over real HTTP and with skopeo.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../test/support/registry.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { createRegistryTokens } from './token.ts'

let registry: ServedRegistry
beforeAll(async () => {
  registry = await serveRegistry()
})
afterAll(() => registry.close())

const basic = (token: string) => ({ authorization: `Basic ${Buffer.from(`anyone:${token}`).toString('base64')}` })

async function tokenFor(headers: Record<string, string>): Promise<{ status: number; token: string }> {
  const answer = await fetch(`${registry.url}/v2/token?service=x&scope=repository:acme/hello:pull`, { headers })
  const body = (await answer.json()) as { token?: string; access_token?: string; expires_in?: number }
  if (answer.ok) expect([body.access_token, body.expires_in]).toEqual([body.token, 300])
  return { status: answer.status, token: body.token ?? '' }
}

function get(path: string, token?: string, method = 'GET'): Promise<Response> {
  return fetch(registry.url + path, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
}

describe('a token', () => {
  test('is what the challenge sends to, and opens what the credential opens', async () => {
    const asked = await get('/v2/acme/hello/manifests/latest')
    expect(asked.headers.get('www-authenticate')).toBe(`Bearer realm="${registry.url}/v2/token",service="${registry.host}",scope="repository:acme/hello:pull"`)
    const { token } = await tokenFor(basic('hello-token'))
    expect((await get('/v2/', token)).status).toBe(200)
    expect((await get('/v2/acme/hello/blobs/uploads/', token, 'POST')).status).toBe(202)
    expect((await get('/v2/acme/other/blobs/uploads/', token, 'POST')).status).toBe(403)
    expect((await get('/v2/acme/hello/blobs/uploads/', undefined, 'POST')).headers.get('www-authenticate')).toContain(':pull,push"')
  })

  test('is not given for a wrong credential; one of nobody opens only what is open', async () => {
    expect((await tokenFor(basic('wrong'))).status).toBe(401)
    const { status, token } = await tokenFor({})
    expect(status).toBe(200)
    expect((await get('/v2/public/x/tags/list', token)).status).toBe(404)
    expect((await get('/v2/acme/hello/tags/list', token)).status).toBe(401)
    expect((await get('/v2/public/x/blobs/uploads/', token, 'POST')).status).toBe(401)
  })

  test('is asked for with GET: who tries POST first is told so', async () => {
    const answer = await get('/v2/token', undefined, 'POST')
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  })

  test.each(['forged', 'cut', 'old'])('that is %s is not taken', async (how) => {
    let now = Date.now()
    const tokens = createRegistryTokens(() => now)
    const token = tokens.issue({ name: 'root', kind: 'user', admin: true })
    const read = (text: string) => tokens.read({ headers: { authorization: `Bearer ${text}` } } as never)
    expect(read(token)?.principal?.name).toBe('root')
    if (how === 'old') now += 301_000
    const changed = { forged: createRegistryTokens().issue({ name: 'root', kind: 'user' }), cut: token.slice(0, -1), old: token }[how] ?? ''
    expect(read(changed)).toBeUndefined()
    expect((await get('/v2/', changed)).status).toBe(401)
  })

  test('is never sent to a host that could break out of the header', async () => {
    const tokenless = await fetch(`${registry.url}/v2/`)
    expect(tokenless.headers.get('www-authenticate')).not.toContain('\n')
  })
})

describe('the catalogue', () => {
  test('names what the caller may pull from, in pages, and asks who it is', async () => {
    for (const name of ['acme/hello', 'acme/other', 'public/x', 'public/y'])
      registry.index.putManifest(name, { digest: `sha256:${'0'.repeat(64)}`, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 2 })
    const { token } = await tokenFor(basic('hello-token'))
    const first = await get('/v2/_catalog?n=2', token)
    expect(await first.json()).toEqual({ repositories: ['acme/hello', 'public/x'] })
    const next = /<(.+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    const second = await get(next, token)
    expect([await second.json(), second.headers.get('link')]).toEqual([{ repositories: ['public/y'] }, null])
    expect(await (await get('/v2/_catalog?n=1000000000', token)).json()).toEqual({ repositories: ['acme/hello', 'public/x', 'public/y'] })
    expect(await (await get('/v2/_catalog', (await tokenFor({})).token)).json()).toEqual({ repositories: ['public/x', 'public/y'] })
    expect((await get('/v2/_catalog')).status).toBe(401)
    expect((await get('/v2/_catalog?n=x', token)).status).toBe(400)
  })
})

/** An image of one layer as an OCI layout. */
function writeLayout(dir: string): string {
  mkdirSync(join(dir, 'blobs/sha256'), { recursive: true })
  const put = (bytes: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(dir, 'blobs/sha256', hex), bytes)
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) }
  }
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...put('\0'.repeat(10_240)) }
  const rootfs = { type: 'layers', diff_ids: [layer.digest] }
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...put(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs })) }
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = put(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] }))
  const named = { mediaType: type, ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }
  writeFileSync(join(dir, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
  writeFileSync(join(dir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return `oci:${dir}:v1`
}

describe.skipIf(needs('skopeo').skip)('skopeo (needs package skopeo)', () => {
  const skopeo = (...args: readonly string[]) => promisify(execFile)('skopeo', ['--insecure-policy', ...args], { timeout: 60_000 })

  test.each(['oci', 'v2s2'])('pushes, looks at, copies and deletes an image as %s', async (format) => {
    const source = writeLayout(tempDir('layout'))
    const at = (tag: string) => `docker://${registry.host}/acme/hello:${tag}`
    await skopeo('copy', '--format', format, '--dest-tls-verify=false', '--dest-creds', 'anyone:hello-token', source, at(format))
    const both = ['--src-tls-verify=false', '--src-creds', 'anyone:hello-token', '--dest-tls-verify=false', '--dest-creds', 'anyone:hello-token']
    await skopeo('copy', ...both, at(format), `docker://${registry.host}/acme/hello/copy:${format}`)
    const { stdout } = await skopeo('inspect', '--tls-verify=false', '--creds', 'anyone:hello-token', at(format))
    expect(JSON.parse(stdout)).toMatchObject({ Digest: registry.index.tag('acme/hello', format), Layers: [expect.stringMatching(/^sha256:/)] })
    await skopeo('delete', '--tls-verify=false', '--creds', 'anyone:hello-token', at(format))
    await expect(skopeo('inspect', '--tls-verify=false', '--creds', 'anyone:hello-token', at(format))).rejects.toThrow(/manifest unknown/)
  })

  test('without a credential gets what is open and is asked to sign in for the rest', async () => {
    const look = (name: string) => skopeo('inspect', '--tls-verify=false', '--no-creds', `docker://${registry.host}/${name}`)
    await expect(look('acme/hello:v1')).rejects.toThrow(/unauthorized/)
    await expect(look('public/z:v1')).rejects.toThrow(/manifest unknown/)
  })
})
