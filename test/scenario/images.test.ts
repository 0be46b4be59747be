// Images from the command line, against a real server: what is there, what goes, who may pull.

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startDockerRegistry } from '../support/docker-registry.ts'
import { pushImage } from '../support/images.ts'
import { startMinio } from '../support/minio.ts'
import { needs } from '../support/needs.ts'
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

test.skipIf(needs('docker-registry').skip)(
  'another registry is pulled through once it is named: said by header, inspect and metrics; forgotten when it is taken away (needs package docker-registry)',
  async () => {
    const upstream = await startDockerRegistry()
    try {
      const image = await pushImage({ base: `${upstream.url}/v2/library/tool` }, 'v1')
      const server = await startServer()
      await server.client.createProject('acme/hello')
      const headers = { authorization: `Bearer ${server.token}` }
      const pull = (name: string) => fetch(`${server.url}/v2/${name}/manifests/v1`, { headers })
      expect((await pull('library/tool')).status).toBe(404)
      const cli = async (...args: readonly string[]) => {
        const { exit, stdout, stderr } = await server.cli(['image', ...args])
        return { exit, text: stdout + stderr }
      }
      expect((await cli('mirror', 'ls')).text).toContain('No other registry is asked')
      expect(await cli('mirror', 'set', 'docker.io', '--url', upstream.url)).toMatchObject({ exit: 0 })
      expect([(await pull('library/tool')).status, (await cli('mirror', 'set', 'no-dot')).exit]).toEqual([502, 2])
      expect(await cli('mirror', 'set', 'docker.io', '--url', upstream.url, '--private-network')).toMatchObject({ exit: 0 })
      const pulled = await pull('library/tool')
      expect([await pulled.text(), pulled.headers.get('x-pushway-source')]).toEqual([image.manifest, 'docker.io; fetched'])
      expect((await cli('inspect', 'docker.io/library/tool:v1', '-p', 'acme/hello')).text).toContain(`docker.io (${upstream.url}), asked for the tag`)
      expect((await cli('mirror', 'ls')).text).toMatch(/docker\.io +http:.* +\(nobody\) +yes/)
      const metrics = await (await fetch(`${server.url}/metrics`)).text()
      expect(metrics).toContain('pushway_registry_mirror_requests_total{upstream="docker.io",what="manifest",outcome="fetched"} 1')
      expect(await cli('mirror', 'rm', 'docker.io')).toMatchObject({ exit: 0 })
      expect((await pull('library/tool')).status).toBe(404)
      expect(await cli('mirror', 'rm', 'docker.io')).toMatchObject({ exit: 5 })
      await server.stop()
    } finally {
      await upstream.stop()
    }
  },
  120_000,
)

test.skipIf(needs('minio', 'the Go module github.com/minio/minio').skip)(
  'a server keeps its images in S3-compatible storage, also across a kill; a scrub reads them there (needs minio)',
  async () => {
    const minio = await startMinio()
    try {
      const wrong = await startServer({ args: ['--blobs', 'files'] }).catch((error: Error) => error.message)
      expect(wrong).toContain('is no place for blobs')
      const args = ['--blobs', 's3://blobs/images']
      const first = await startServer({ args, env: minio.env })
      await first.client.createProject('acme/hello')
      const image = await pushImage({ base: `${first.url}/v2/acme/hello`, headers: { authorization: `Bearer ${first.token}` } }, 'v1', { size: 20_000_000 })
      await first.kill()
      const server = await startServer({ args, env: minio.env, data: first.data, token: first.token })
      const layer = await fetch(`${server.url}/v2/acme/hello/blobs/${image.layer}`, { headers: { authorization: `Bearer ${server.token}` } })
      expect(Buffer.from(await layer.arrayBuffer()).equals(image.bytes)).toBe(true)
      expect((await server.cli(['image', 'scrub'])).stdout).toMatch(/^\d+ blobs \(20\.0 MB\) were read: 0 damaged, 0 missing\.$/m)
      // The bytes of the manifest under the name of the configuration.
      const place = (digest: string) => join(minio.dir, 'blobs/images/sha256', digest.slice(7), 'xl.meta')
      const config = (JSON.parse(image.manifest) as { config: { digest: string } }).config.digest
      writeFileSync(place(config), readFileSync(place(image.digest)))
      const scrubbed = await server.cli(['image', 'scrub'])
      expect(scrubbed).toMatchObject({ exit: 1, stdout: expect.stringContaining(`${config} is damaged: part of acme/hello@${image.digest}`) })
      await server.stop()
    } finally {
      await minio.stop()
    }
  },
  120_000,
)
