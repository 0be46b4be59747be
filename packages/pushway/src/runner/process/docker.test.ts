// The Docker actions in real jobs: the embedded builder and a real registry behind them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../../test/support/job.ts'
import { type ServedRegistry, serveRegistry } from '../../../../../test/support/registry.ts'

let registry: ServedRegistry
beforeAll(async () => {
  registry = await serveRegistry()
})
afterAll(() => registry.close())

function run(steps: string, github: Record<string, unknown> = {}) {
  const server = { url: `http://${registry.host}`, token: 'hello-token', registryAliases: ['ghcr.io'], builder: 'embedded' as const }
  const event = { repository: { name: 'hello', html_url: 'http://h/acme/hello', default_branch: 'main' }, head_commit: { timestamp: '2026-01-02T03:04:05Z' } }
  return runSpec(jobSpec(`steps:\n${steps.replace(/^\n/, '')}`, { server, contexts: { github: { event, ...github } } }))
}

test('metadata, build and push: tags and labels on the image, digest and id as outputs', { timeout: 120_000 }, async () => {
  const job = await run(
    `
      - run: printf 'FROM alpine AS base\\nARG WHO\\nLABEL who=$WHO\\nFROM base AS last\\nCOPY app.txt /\\n' > Dockerfile && echo app > app.txt
      - { uses: docker/setup-qemu-action@v3 }
      - { uses: docker/setup-buildx-action@v3 }
      - { uses: docker/login-action@v3, with: { registry: ghcr.io, username: ada, password: "\${{ secrets.GITHUB_TOKEN || 'hello-token' }}" } }
      - { id: meta, uses: docker/metadata-action@v5, with: { images: ghcr.io/acme/hello, tags: "type=semver,pattern={{version}}\\ntype=sha", labels: own=label } }
      - id: build
        uses: docker/build-push-action@v6
        with:
          context: .
          push: true
          tags: \${{ steps.meta.outputs.tags }}
          labels: \${{ steps.meta.outputs.labels }}
          build-args: WHO=world
          target: last
          cache-from: type=gha
          cache-to: type=gha,mode=max
          platforms: linux/${process.arch === 'x64' ? 'amd64' : process.arch}
      - run: |
          echo "tags \${{ join(fromJSON(steps.meta.outputs.json).tags) }} version $DOCKER_METADATA_OUTPUT_VERSION"
          echo "digest \${{ steps.build.outputs.digest }} meta \${{ fromJSON(steps.build.outputs.metadata)['containerimage.digest'] == steps.build.outputs.digest }}"
          cat "\${{ steps.meta.outputs.bake-file-tags }}"
          docker image inspect ghcr.io/acme/hello:1.2.3 --format '{{json .Config.Labels}}'
  `,
    { ref: 'refs/tags/v1.2.3', ref_name: 'v1.2.3', ref_type: 'tag' },
  )
  expect(job.conclusion, job.text).toBe('success')
  expect(job.text).toContain('tags ghcr.io/acme/hello:1.2.3,ghcr.io/acme/hello:sha-aaaaaaa,ghcr.io/acme/hello:latest version 1.2.3')
  expect(job.text).toMatch(/digest sha256:[0-9a-f]{64} meta true/)
  expect(job.text).toContain('"DOCKER_META_VERSION": "1.2.3"')
  expect(job.text).toContain('"own":"label"')
  expect(job.text).toContain('"org.opencontainers.image.version":"1.2.3"')
  expect(job.text).toContain('cache-to: type=gha,mode=max has no effect here')
  const digest = /digest (sha256:[0-9a-f]{64})/.exec(job.text)?.[1]
  const answer = await fetch(`http://${registry.host}/v2/acme/hello/manifests/latest`, {
    headers: { authorization: 'Bearer hello-token', accept: 'application/vnd.oci.image.manifest.v1+json' },
  })
  expect([answer.status, answer.headers.get('docker-content-digest')]).toEqual([200, digest])
})

test('what can not be done is refused by name', { timeout: 120_000 }, async () => {
  const refused = async (step: string) => {
    const job = await run(`\n      - run: echo FROM scratch > Dockerfile\n      - ${step}`)
    expect(job.conclusion).toBe('failure')
    return job.text
  }
  expect(await refused('{ uses: docker/build-push-action@v6, with: { context: ., platforms: "linux/s390x,linux/amd64" } }')).toContain(
    'platforms: linux/s390x: this machine builds',
  )
  expect(await refused('{ uses: docker/build-push-action@v6, with: { context: ., push: true } }')).toContain('give the input tags')
  expect(await refused('{ uses: docker/build-push-action@v6, with: { context: "https://example.org/x.git" } }')).toContain('only a folder of the workspace')
  expect(await refused('{ uses: docker/metadata-action@v5, with: { tags: type=what } }')).toContain('unknown type what')
  expect(await refused('{ uses: docker/setup-qemu-action@v3, with: { platforms: s390x } }')).toContain('platforms: s390x')
  expect(await refused('{ uses: docker/build-push-action@v6, with: { context: ., network: host } }')).toMatch(
    /ci\.yml:\d+:\d+: uses: docker\/build-push-action@v6: .*does not carry with: network/,
  )
})
