// The specification's own conformance suite against the registry, built from its Go module.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { needs } from '../../../../test/support/needs.ts'
import { serveRegistry } from '../../../../test/support/registry.ts'
import { tempDir } from '../../../../test/support/temp.ts'

const run = promisify(execFile)
const suite = 'github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111'

describe.skipIf(needs('go', 'golang-go').skip)('OCI Distribution (needs package golang-go)', () => {
  let program = ''
  beforeAll(async () => {
    const dir = tempDir('conformance')
    await run('go', ['install', suite], { env: { ...process.env, GOBIN: dir }, timeout: 240_000 }).catch(() => undefined)
    program = join(dir, 'conformance')
  }, 300_000)

  test.each(['1.1', 'dev'])(
    '%s, all that the suite asks for: pull, push, content discovery, content management; sha256 and sha512',
    async (version) => {
      // A machine without a Go module proxy can't say anything here.
      if (!existsSync(program)) return expect(process.env.PUSHWAY_TEST_REQUIRE).not.toBe('all')
      const dir = tempDir('conformance-results')
      const registry = await serveRegistry()
      try {
        const env = {
          ...{ PATH: process.env.PATH, HOME: dir, OCI_REGISTRY: registry.host, OCI_TLS: 'disabled', OCI_REPO1: 'acme/hello', OCI_REPO2: 'acme/hello/two' },
          ...{ OCI_USERNAME: 'anyone', OCI_PASSWORD: 'hello-token', OCI_RESULTS_DIR: dir, OCI_VERSION: version },
          ...{ OCI_API_BLOBS_UPLOAD_CANCEL: 'true', OCI_API_BLOBS_DIGEST_HEADER: 'true', OCI_API_MANIFESTS_DIGEST_HEADER: 'true' },
        }
        const said = await run(program, [], { env, cwd: dir, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }).catch((error: object) => error)
        const { stdout, stderr } = { stdout: '', stderr: '', ...said }
        const failed = stdout.split('\n').filter((line) => /: (FAIL|Error)/i.test(line))
        expect({ failed, stderr }).toEqual({ failed: [], stderr: '' })
        expect(stdout).toMatch(/Referrers\.+: +Pass/)
        expect(readFileSync(join(dir, 'results.yaml'), 'utf8')).toBeTruthy()
      } finally {
        await registry.close()
      }
    },
    150_000,
  )
})
