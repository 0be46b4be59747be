// Evidence over a real registry: made, checked, forged, and read by cosign.

import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ImageOrigin } from '@pushway/core/images/evidence.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { needs } from '../../../../../test/support/needs.ts'
import { type ServedRegistry, serveRegistry } from '../../../../../test/support/registry.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { digestOf } from '../../oci/digest.ts'
import type { Evidence, SigningKeys } from '../../ports/evidence.ts'
import { openDatabase } from '../../store/database.ts'
import { createSettings } from '../../store/settings.ts'
import { createSigningKeys } from '../../store/signing-keys.ts'
import { createEvidence } from './index.ts'

const repository = 'acme/hello'
let registry: ServedRegistry
let keys: SigningKeys
let evidence: Evidence
let now = 1_000

beforeAll(async () => {
  registry = await serveRegistry()
})
beforeEach(() => {
  const database = openDatabase(`${tempDir('keys')}/state.sqlite`)
  keys = createSigningKeys(database, createSettings(database, Buffer.alloc(32, 7)), { now: () => now++ })
  evidence = createEvidence({ blobs: registry.blobs, index: registry.index, keys })
})
afterAll(() => registry.close())

const origin = (): ImageOrigin => ({
  project: 'acme/hello',
  pushedBy: 'run of acme/hello',
  pushedAt: Date.UTC(2026, 0, 1),
  build: {},
  server: registry.url,
  version: '0.1.0',
  run: { id: 'r1', attempt: 1, event: 'push', workflowFile: '.github/workflows/ci.yml', ref: 'refs/heads/main', commit: 'c'.repeat(40), startedAt: 0 },
})
const byHand = (): ImageOrigin => {
  const { run: _, ...rest } = origin()
  return rest
}

const npm = (name: string, version: string) => JSON.stringify({ name, version })

/** A layer of files; `null` is a whiteout. */
function layerOf(files: Readonly<Record<string, string | null>>): Buffer {
  const dir = mkdtempSync(join(tempDir('layer'), 'files-'))
  for (const [path, text] of Object.entries(files)) {
    const file = text === null ? join(dir, dirname(path), `.wh.${path.split('/').at(-1)}`) : join(dir, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text ?? '')
  }
  return execFileSync('tar', ['-C', dir, '-cf', '-', '.'])
}

let count = 0
/** Stores an image of these layers, every second one packed; gives its digest. */
async function image(...layers: readonly Readonly<Record<string, string | null>>[]): Promise<string> {
  const put = async (bytes: Uint8Array, mediaType: string) => {
    const blob = await registry.blobs.put(bytes)
    registry.index.addBlob(repository, blob.digest)
    return { mediaType, ...blob }
  }
  count += 1
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: await put(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', count })), 'application/vnd.oci.image.config.v1+json'),
    layers: await Promise.all(
      layers.map((files, i) =>
        i % 2 === 0
          ? put(layerOf(files), 'application/vnd.oci.image.layer.v1.tar')
          : put(gzipSync(layerOf(files)), 'application/vnd.oci.image.layer.v1.tar+gzip'),
      ),
    ),
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  const { digest } = await registry.blobs.put(bytes)
  registry.index.putManifest(repository, { digest, mediaType: manifest.mediaType, size: bytes.length }, `v${count}`)
  return digest
}

const files = { 'app/node_modules/left/package.json': npm('left', '1.0.0'), 'app/node_modules/right/package.json': npm('right', '2.0.0') }

describe('an image that a run pushed', () => {
  test('is signed, says where it comes from and what is in it', async () => {
    const digest = await image(files)
    const attested = await evidence.attest(repository, digest, origin())
    expect(attested).toEqual({ key: keys.current('acme/hello').id, packages: 2, provenance: true })
    const found = await evidence.check('acme/hello', repository, digest)
    expect(found).toEqual({
      ...{ repository, digest, problems: [] },
      signed: { key: attested?.key },
      provenance: {
        key: attested?.key,
        commit: 'c'.repeat(40),
        workflow: '.github/workflows/ci.yml',
        ref: 'refs/heads/main',
        invocation: `${registry.url}/acme/hello/runs/r1/attempts/1`,
      },
      sbom: { key: attested?.key, packages: 2 },
    })
  })

  test('is not said to have more when it is attested again, and what is missing is added', async () => {
    const digest = await image(files)
    await evidence.attest(repository, digest, byHand())
    const first = registry.index.referrers(repository, digest)
    await evidence.attest(repository, digest, byHand())
    expect(registry.index.referrers(repository, digest)).toEqual(first)
    await evidence.attest(repository, digest, origin())
    expect(registry.index.referrers(repository, digest)).toHaveLength(first.length + 1)
    expect(await evidence.check('acme/hello', repository, digest)).toMatchObject({ provenance: { ref: 'refs/heads/main' }, sbom: { packages: 2 } })
  })

  test('has in its bill what its layers leave: later files hide earlier ones, deleted ones are gone', async () => {
    const digest = await image(
      { ...files, 'var/lib/dpkg/status': 'Package: a\nVersion: 1\n' },
      { 'app/node_modules/left/package.json': null, 'app/node_modules/right/package.json': npm('right', '3.0.0') },
      { 'var/lib/dpkg': null },
    )
    await evidence.attest(repository, digest, origin())
    const bill = JSON.parse(String(await evidence.sbom('acme/hello', repository, digest))) as { packages: { name: string; versionInfo: string }[] }
    expect(bill.packages.slice(1).map(({ name, versionInfo }) => `${name} ${versionInfo}`)).toEqual(['right 3.0.0'])
  })

  test('pushed by hand it has no provenance', async () => {
    const digest = await image(files)
    expect(await evidence.attest(repository, digest, byHand())).toMatchObject({ provenance: false })
    expect(await evidence.check('acme/hello', repository, digest)).not.toHaveProperty('provenance')
  })
})

describe('what is not believed', () => {
  test('a signature of another key', async () => {
    const digest = await image(files)
    const foreign = createEvidence({ blobs: registry.blobs, index: registry.index, keys: otherKeys() })
    await foreign.attest(repository, digest, origin())
    const found = await evidence.check('acme/hello', repository, digest)
    expect(found.signed ?? found.provenance ?? found.sbom).toBeUndefined()
    expect(found.problems.map((problem) => problem.replace(/sha256:\w+/, '…')).toSorted()).toEqual([
      'Attestation …: no key of the project signed it.',
      'Attestation …: no key of the project signed it.',
      'Signature …: no key of the project made it.',
    ])
  })

  test('a signature of another image, moved', async () => {
    const [mine, other] = [await image(files), await image(files)]
    await evidence.attest(repository, other, origin())
    for (const row of registry.index.referrers(repository, other)) {
      const manifest = JSON.parse(await text(row.digest)) as { subject: { digest: string } }
      const moved = Buffer.from(JSON.stringify({ ...manifest, subject: { ...manifest.subject, digest: mine } }))
      const { digest } = await registry.blobs.put(moved)
      registry.index.putManifest(repository, { ...row, digest, size: moved.length, subject: mine })
    }
    const found = await evidence.check('acme/hello', repository, mine)
    expect(found).not.toHaveProperty('signed')
    expect(found.problems).toHaveLength(3)
    expect(found.problems.every((problem) => problem.endsWith('it speaks of another image.'))).toBe(true)
  })

  test('a key that was replaced still proves what it signed; one that the project never had does not', async () => {
    const digest = await image(files)
    const { id } = keys.current('acme/hello')
    await evidence.attest(repository, digest, origin())
    keys.rotate('acme/hello')
    expect(await evidence.check('acme/hello', repository, digest)).toMatchObject({ signed: { key: id } })
    expect(await evidence.check('acme/other', repository, digest)).not.toHaveProperty('signed')
  })
})

async function text(digest: string): Promise<string> {
  const chunks = []
  for await (const chunk of await registry.blobs.read(digest)) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

function otherKeys(): SigningKeys {
  const database = openDatabase(`${tempDir('keys')}/state.sqlite`)
  return createSigningKeys(database, createSettings(database, Buffer.alloc(32, 8)), { now: () => 1 })
}

describe('what is no image', () => {
  test('is not attested: a signature, another artifact', async () => {
    const digest = await image(files)
    await evidence.attest(repository, digest, origin())
    const [signature] = registry.index.referrers(repository, digest)
    expect(await evidence.attest(repository, signature?.digest ?? '', origin())).toBeUndefined()
  })

  test('an unknown digest and a broken layer are said', async () => {
    await expect(evidence.attest(repository, digestOf('nothing'), origin())).rejects.toMatchObject({ code: 'image-missing' })
    const digest = await image(files)
    const manifest = JSON.parse(await text(digest)) as { layers: { mediaType: string }[] }
    const broken = Buffer.from(JSON.stringify({ ...manifest, layers: manifest.layers.map((layer) => ({ ...layer, mediaType: `${layer.mediaType}+gzip` })) }))
    const stored = await registry.blobs.put(broken)
    registry.index.putManifest(repository, { digest: stored.digest, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: broken.length })
    await expect(evidence.attest(repository, stored.digest, origin())).rejects.toMatchObject({ code: 'image-invalid' })
  })
})

const { skip, reason } = needs('cosign', 'the Go module github.com/sigstore/cosign')
describe.skipIf(skip)(`cosign${reason ? ` (${reason})` : ''}`, () => {
  /** The registry answers from this process: it must not be blocked meanwhile. */
  const cosign = async (...args: string[]) => {
    const key = join(tempDir('cosign'), 'cosign.pub')
    writeFileSync(key, keys.current('acme/hello').pem)
    const flags = ['--key', key, '--insecure-ignore-tlog=true', '--allow-http-registry', '--registry-username', 'anyone', '--registry-password', 'hello-token']
    const argv = [args[0] ?? '', ...flags, ...args.slice(1)]
    return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      execFile('cosign', argv, { timeout: 60_000 }, (error, stdout, stderr) => resolve({ status: error ? 1 : 0, stdout, stderr }))
    })
  }

  test('verifies the signature and both attestations with the project key', async () => {
    const digest = await image(files)
    await evidence.attest(repository, digest, origin())
    const reference = `${registry.host}/${repository}@${digest}`
    const verified = await cosign('verify', reference)
    expect(verified.stderr).toContain('The signatures were verified against the specified public key')
    expect(JSON.parse(verified.stdout)).toMatchObject([{ critical: { image: { 'docker-manifest-digest': digest } } }])
    for (const type of ['slsaprovenance1', 'spdxjson']) {
      const attested = await cosign('verify-attestation', '--type', type, reference)
      expect([type, attested.status, attested.stderr]).toEqual([type, 0, expect.stringContaining('The signatures were verified')])
    }
  }, 120_000)

  test('refuses what was signed with another key', async () => {
    const digest = await image(files)
    await createEvidence({ blobs: registry.blobs, index: registry.index, keys: otherKeys() }).attest(repository, digest, origin())
    const { status, stderr } = await cosign('verify', `${registry.host}/${repository}@${digest}`)
    expect([status, stderr]).toEqual([1, expect.stringContaining('invalid signature')])
  }, 120_000)
})
