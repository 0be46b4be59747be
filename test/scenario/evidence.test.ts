// An environment that demands signatures, provenance and bills of materials: what a run built goes there, what somebody pushed by hand does not.

import { beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../support/server.ts'
import { ask, deploymentEnds, deploymentOf, refusal, shipped, until } from '../support/story.ts'
import { type TinyProject, tinyProject } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

let server: TestServer
let project: TinyProject

beforeAll(async () => {
  server = await startServer()
  project = await tinyProject('acme/proven', { staging: ['require: [signed, provenance, sbom]'] })
  await server.client.createProject(project.name)
})

test('what a run built is signed, its origin and contents are stated, and it is deployed', forgiving, async () => {
  await shipped(server, project, 'develop')
  expect(await ask(project.urls.staging)).toMatchObject({ version: '1' })
  const { stdout } = await project.git('rev-parse', 'HEAD')
  const image = await server.client.inspectImage(project.name, 'develop')
  expect(image.evidence).toMatchObject({
    problems: [],
    signed: { key: (await server.client.signingKeys(project.name))[0]?.id },
    provenance: { commit: stdout.trim(), ref: 'refs/heads/develop', workflow: expect.stringMatching(/^\.github\/workflows\//) },
    sbom: { packages: 0 },
  })
  expect(image).toMatchObject({ config: { base: 'host' }, pushes: [{ tag: 'develop', runNumber: 1 }] })
  expect(await server.client.imageBill(project.name, 'develop')).toMatchObject({ spdxVersion: 'SPDX-2.3', packages: [{ versionInfo: image.digest }] })
  const [entry] = await server.client.registryImages(project.name).then((all) => all.filter(({ subject }) => subject === undefined))
  expect(entry).toMatchObject({ digest: image.digest, evidenceState: 'made' })
  const plan = await server.client.plan(project.name, 'staging', 'develop')
  expect(plan.steps[0]).toBe("Go on only if each image has a signature of the project's key, provenance and a bill of materials.")
})

test('what was pushed by hand is refused by name, and what runs goes on', forgiving, async () => {
  const digest = await pushByHand('by-hand')
  await until('its signature', async () => (await server.client.inspectImage(project.name, digest)).evidence?.signed)
  await project.commit({
    'docker-compose.yml': 'services:\n  web:\n    image: ghcr.io/acme/proven/hand:by-hand\n    ports: ["8080:3000"]\n',
  })
  const { id } = await deploymentOf(server, project, await project.push(server, 'develop'))
  const ended = await deploymentEnds(server, id)
  expect([ended.conclusion, ended.why]).toEqual([
    'failure',
    { code: 'image-without-evidence', sentence: `acme/proven/hand@${digest} has no provenance, which staging requires.` },
  ])
  expect(await ask(project.urls.staging)).toMatchObject({ version: '1' })
})

test('a new key signs from now on, and what the old one signed stays proven', forgiving, async () => {
  const [old] = await server.client.signingKeys(project.name)
  const [fresh, kept] = await server.client.rotateSigningKey(project.name)
  expect([kept?.id, kept?.current, fresh?.current]).toEqual([old?.id, false, true])
  expect((await server.client.inspectImage(project.name, 'develop')).evidence?.signed).toEqual({ key: old?.id })
  expect(await refusal(server.client.imageBill(project.name, 'nothing'))).toMatchObject({ code: 'image-missing' })
})

/** The image of the branch with one more annotation, in another repository: another digest, and no run that made it. */
async function pushByHand(tag: string): Promise<string> {
  const at = (repository: string, path: string) => `${server.url}/v2/${repository}/${path}`
  const authorization = `Basic ${Buffer.from(`admin:${server.token}`).toString('base64')}`
  const type = 'application/vnd.oci.image.manifest.v1+json'
  const read = await fetch(at('acme/proven', 'manifests/develop'), { headers: { authorization, accept: type } })
  const manifest = (await read.json()) as { config: { digest: string }; layers: { digest: string }[]; annotations?: Record<string, string> }
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    const mounted = await fetch(at('acme/proven/hand', `blobs/uploads/?mount=${digest}&from=acme/proven`), { method: 'POST', headers: { authorization } })
    expect(mounted.status).toBe(201)
  }
  const body = JSON.stringify({ ...manifest, annotations: { ...manifest.annotations, note: 'by hand' } })
  const answer = await fetch(at('acme/proven/hand', `manifests/${tag}`), { method: 'PUT', headers: { authorization, 'content-type': type }, body })
  expect(answer.status).toBe(201)
  return answer.headers.get('docker-content-digest') ?? ''
}
