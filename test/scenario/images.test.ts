// Images from the command line, against a real server: what is there, what goes, who may pull.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'

function digestOf(bytes: string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** Pushes an image of one layer; gives its digest. */
async function push(server: TestServer, tag: string, seed: string): Promise<string> {
  const headers = { authorization: `Bearer ${server.token}` }
  const base = `${server.url}/v2/acme/hello`
  const put = async (bytes: string) => {
    const digest = digestOf(bytes)
    expect((await fetch(`${base}/blobs/uploads/?digest=${digest}`, { method: 'POST', headers, body: bytes })).status).toBe(201)
    return { digest, size: bytes.length }
  }
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await put(JSON.stringify({ seed }))) }
  const layers = [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...(await put(`layer ${seed}`)) }]
  const body = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers })
  const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  expect((await fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers: { ...headers, ...type }, body })).status).toBe(201)
  return digestOf(body)
}

test('images are listed, looked at, deleted; the rules of the project are set; a pass keeps what is tagged', async () => {
  const server = await startServer()
  await server.client.createProject('acme/hello')
  const first = await push(server, 'latest', '1')
  const second = await push(server, 'latest', '2')
  const image = async (...args: readonly string[]) => {
    const { exit, stdout, stderr } = await server.cli(['image', ...args])
    return { exit, text: stdout + stderr }
  }
  const listed = JSON.parse((await server.cli(['image', 'ls', '-p', 'acme/hello', '-o', 'json'])).stdout) as { digest: string; tags: string[] }[]
  expect(listed.map(({ digest, tags }) => [digest, tags])).toEqual([
    [second, ['latest']],
    [first, []],
  ])
  expect((await image('ls', '-p', 'acme/hello')).text).toMatch(/REPOSITORY +TAGS +DIGEST +SIZE +OWN/)
  expect((await image('inspect', 'latest', '-p', 'acme/hello')).text).toContain(second)
  expect((await image('history', 'latest', '-p', 'acme/hello')).text.match(/sha256:/g)).toHaveLength(2)
  expect(await image('gc', '--dry-run')).toMatchObject({ exit: 0, text: expect.stringContaining('Would remove 0 images and 0 blobs') })
  expect(await image('gc')).toMatchObject({ exit: 0, text: expect.stringContaining('2 images stay') })
  expect((await image('policy', '-p', 'acme/hello', '--keep', '3')).text).toContain('last 3 releases')
  expect(await image('policy', '-p', 'acme/hello', '--keep', 'all')).toMatchObject({ exit: 2 })
  const head = () => fetch(`${server.url}/v2/acme/hello/manifests/${second}`, { method: 'HEAD' }).then(({ status }) => status)
  expect(await head()).toBe(401)
  await image('policy', '-p', 'acme/hello', '--anonymous-pull', 'yes')
  expect(await head()).toBe(200)
  expect(await image('rm', first, '-p', 'acme/hello')).toMatchObject({ exit: 0, text: expect.stringContaining('was deleted') })
  expect(await image('rm', first, '-p', 'acme/hello')).toMatchObject({ exit: 5, text: expect.stringContaining('is not in the registry') })
}, 120_000)
