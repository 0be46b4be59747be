// GitHub's own toolkit packages in real jobs against our services: @actions/artifact, cache, core, glob, exec, io, tool-cache, github.

import { readFileSync } from 'node:fs'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleActions } from '../../../../test/support/bundled-action.ts'
import { jobSpec, runSpec } from '../../../../test/support/job.ts'
import { type ResultsWorld, startResults } from '../../../../test/support/results.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import type { ActionSource } from '../util/job-spool.ts'

/** The essence of upload-artifact, download-artifact, cache and github-script; their own sources can't be had from a package registry. */
const actions = {
  'toolkit/upload@v1': {
    metadata: 'name: U\ninputs: { name: {}, path: {}, days: { default: "0" } }\noutputs: { id: {}, digest: {} }',
    stages: {
      main: `
        import artifact from '@actions/artifact'
        import * as core from '@actions/core'
        import * as glob from '@actions/glob'
        import { statSync } from 'node:fs'
        const files = (await (await glob.create(core.getInput('path'))).glob()).filter((file) => statSync(file).isFile())
        try {
          const { id, size, digest } = await artifact.uploadArtifact(core.getInput('name'), files, process.cwd(), { retentionDays: Number(core.getInput('days')) })
          core.setOutput('id', id)
          core.setOutput('digest', digest)
          core.info('size ' + size)
        } catch (error) { core.setFailed(error.message) }`,
    },
  },
  'toolkit/download@v1': {
    metadata: 'name: D\ninputs: { name: {}, remove: { default: "no" } }',
    stages: {
      main: `
        import artifact from '@actions/artifact'
        import * as core from '@actions/core'
        const { artifacts } = await artifact.listArtifacts({ latest: true })
        core.info('list ' + artifacts.map(({ name, size }) => name + ':' + (size > 0)).join(','))
        const { artifact: found } = await artifact.getArtifact(core.getInput('name'))
        const { downloadPath, digestMismatch } = await artifact.downloadArtifact(found.id, { path: 'got', expectedHash: found.digest })
        core.info('mismatch ' + digestMismatch + ' ' + downloadPath)
        if (core.getInput('remove') === 'yes') core.info('removed ' + ((await artifact.deleteArtifact(found.name)).id === found.id))`,
    },
  },
  'toolkit/cache@v1': {
    metadata: 'name: C\ninputs: { key: {}, restore: {}, path: {}, lookup: { default: "false" } }\noutputs: { hit: {} }',
    stages: {
      main: `
        import * as cache from '@actions/cache'
        import * as core from '@actions/core'
        core.info('available ' + cache.isFeatureAvailable())
        core.saveState('key', core.getInput('key'))
        const hit = await cache.restoreCache([core.getInput('path')], core.getInput('key'), core.getMultilineInput('restore'), { lookupOnly: core.getBooleanInput('lookup') })
        core.setOutput('hit', hit ?? 'none')`,
      post: `
        import * as cache from '@actions/cache'
        import * as core from '@actions/core'
        core.info('saved ' + ((await cache.saveCache([core.getInput('path')], core.getState('key'))) > 0))`,
    },
  },
  'toolkit/core@v1': {
    metadata: 'name: K\noutputs: { token: {} }',
    stages: {
      main: `
        import * as core from '@actions/core'
        import * as exec from '@actions/exec'
        import * as io from '@actions/io'
        import * as tools from '@actions/tool-cache'
        import * as github from '@actions/github'
        import * as fs from 'node:fs'
        core.exportVariable('EXPORTED', 'line one\\nline two')
        core.setSecret('hidden-value')
        core.info('secret hidden-value')
        await core.summary.addHeading('Sum').addTable([[{ data: 'a', header: true }], ['b']]).write()
        core.warning('careful', { file: 'a.txt', startLine: 3 })
        await core.group('Folded', async () => core.info('inside'))
        const { stdout, exitCode } = await exec.getExecOutput('sh', ['-c', 'echo from-sh; exit 0'])
        core.info('exec ' + exitCode + ' ' + stdout.trim() + ' ' + ((await io.which('sh', true)).length > 0))
        fs.mkdirSync('tool/bin', { recursive: true })
        fs.writeFileSync('tool/bin/mytool', '#!/bin/sh\\necho my tool\\n', { mode: 0o755 })
        await tools.cacheDir('tool', 'mytool', '1.2.3')
        core.addPath(tools.find('mytool', '1.x') + '/bin')
        const { context } = github
        core.info(['context', context.repo.owner, context.repo.repo, context.eventName, context.sha.length, context.payload.x, context.runId !== undefined, context.serverUrl.replace(/\\d+$/, 'PORT'), context.apiUrl.endsWith('/api/v3')].join(' '))
        if (process.env.ACTIONS_ID_TOKEN_REQUEST_URL) core.setOutput('token', await core.getIDToken('https://cloud.example.org').then((token) => { fs.writeFileSync(process.env.TOKEN_FILE, token); return 'got' }))
        else await core.getIDToken().catch((error) => core.info(error.message))`,
    },
  },
}

let world: ResultsWorld
let source: ActionSource
beforeAll(async () => {
  ;[world, source] = await Promise.all([startResults(), bundleActions(actions)])
}, 60_000)
afterAll(async () => {
  await world.close()
  expect(world.mistakes).toEqual([])
})

async function run(job: string, over: { run?: string; github?: Record<string, unknown>; idToken?: boolean; environment?: string } = {}) {
  const { run: id = 'run1', github, ...request } = over
  const spec = { ...jobSpec(job, { ...(github ? { contexts: { github } } : {}) }), run: id }
  return runSpec(await world.serve(spec, request), { actions: { sources: [source], cache: tempDir('cache') } })
}

describe('@actions/artifact', () => {
  test('uploads, lists, downloads with its digest, and deletes', { timeout: 120_000 }, async () => {
    const job = await run(`
      steps:
        - run: mkdir -p dist/sub && echo one > dist/a.txt && head -c 9000000 /dev/urandom > dist/sub/large.bin
        - { id: up, uses: toolkit/upload@v1, with: { name: my files, path: dist/** } }
        - { uses: toolkit/upload@v1, with: { name: other, path: dist/a.txt, days: 5 } }
        - { uses: toolkit/download@v1, with: { name: my files, remove: 'yes' } }
        - run: 'cmp dist/sub/large.bin got/dist/sub/large.bin && cat got/dist/a.txt && echo id \${{ steps.up.outputs.id }}'
    `)
    expect(job.text).toContain('mismatch false')
    expect(job.text).toContain('removed true')
    expect(job.text).toMatch(/list (my files:true,other:true|other:true,my files:true)/)
    expect(job.text).toMatch(/id \d+/)
    expect(job.conclusion, job.text).toBe('success')
    const [left, ...more] = world.results.artifacts.list('run1')
    expect(more).toEqual([])
    expect(left).toMatchObject({ name: 'other', job: 'test', attempt: 1 })
    expect(Math.round(((left?.expiresAt ?? 0) - (left?.createdAt ?? 0)) / 86_400_000)).toBe(5)
  })

  test('refuses a second artifact of one name, and names with slashes', { timeout: 120_000 }, async () => {
    const job = await run(
      `
      steps:
        - run: echo a > a.txt
        - { uses: toolkit/upload@v1, with: { name: twice, path: a.txt } }
        - { uses: toolkit/upload@v1, with: { name: twice, path: a.txt }, continue-on-error: true }
        - { uses: toolkit/upload@v1, with: { name: ../up, path: a.txt } }
    `,
      { run: 'run2' },
    )
    expect(job.text).toContain('(409) Conflict: an artifact with this name already exists on the workflow run')
    expect(job.text).toContain('The artifact name is not valid: ../up')
    expect(job.conclusion).toBe('failure')
    expect(world.results.artifacts.list('run2').map(({ name }) => name)).toEqual(['twice'])
  })
})

describe('@actions/cache', () => {
  const steps = (key: string, restore = 'deps-') => `
      steps:
        - { id: c, uses: toolkit/cache@v1, with: { key: ${key}, restore: ${restore}, path: deps } }
        - run: 'echo "hit \${{ steps.c.outputs.hit }} [$(cat deps/f.txt 2>/dev/null)]"; mkdir -p deps; echo "$GITHUB_REF" > deps/f.txt'
    `
  const branch = (ref: string) => ({ github: { ref } })
  test('restores by key and prefix, within its branch, the base and the default branch', { timeout: 240_000 }, async () => {
    const first = await run(steps('deps-1'))
    expect(first.text).toContain('available true')
    expect(first.text).toContain('hit none []')
    expect(first.text).toContain('saved true')
    const again = await run(steps('deps-1'), { run: 'run3' })
    expect(again.text).toContain('hit deps-1 [refs/heads/main]')
    expect(again.text).toContain('saved false')
    const feature = await run(steps('deps-2'), { run: 'run4', ...branch('refs/heads/feature') })
    expect(feature.text).toContain('hit deps-1 [refs/heads/main]')
    const sibling = await run(steps('deps-2', 'none-'), { run: 'run5', ...branch('refs/heads/sibling') })
    expect(sibling.text).toContain('hit none []')
    const main = await run(steps('deps-2'), { run: 'run6' })
    expect(main.text).toContain('hit deps-1 [refs/heads/main]')
    const pull = { ref: 'refs/pull/4/merge', event_name: 'pull_request', event: { pull_request: { number: 4, base: { ref: 'feature' } } } }
    const request = await run(steps('deps-2', 'x-'), { run: 'run7', github: pull })
    expect(request.text).toContain('hit deps-2 [refs/heads/feature]')
  })
})

describe('@actions/core and its family', () => {
  test('commands, summary, exec, tool-cache and context; no identity token without the permission', { timeout: 120_000 }, async () => {
    const job = await run(`
      steps:
        - uses: toolkit/core@v1
        - run: 'echo "exported $EXPORTED"; mytool; echo "[$ACTIONS_RUNTIME_TOKEN$ACTIONS_ID_TOKEN_REQUEST_URL]"'
    `)
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toContain('secret ***')
    expect(job.text).toContain('exec 0 from-sh true')
    expect(job.text).toContain('exported line one\nline two\nmy tool\n[]')
    expect(job.text).toContain(`context acme hello push 40 1 true http://pushway.localhost:PORT true`)
    expect(job.text).toContain('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL')
    expect(job.reports).toContainEqual(expect.objectContaining({ type: 'annotation', level: 'warning', message: 'careful', file: 'a.txt', line: 3 }))
  })

  test('getIDToken gives a token that the published keys verify', { timeout: 120_000 }, async () => {
    const file = `${tempDir('token')}/token`
    const job = await run(
      `
      steps:
        - { id: k, uses: toolkit/core@v1, env: { TOKEN_FILE: '${file}' } }
        - run: 'test -n "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" && echo "step has it, \${{ steps.k.outputs.token }}"'
    `,
      { run: 'run8', idToken: true, environment: 'production' },
    )
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toContain('step has it, got')
    const { jwks_uri: keysUrl, issuer } = (await (await fetch(`${world.url}/.well-known/openid-configuration`)).json()) as Record<string, string>
    const keys = createLocalJWKSet((await (await fetch(keysUrl as string)).json()) as { keys: [] })
    const { payload, protectedHeader } = await jwtVerify(readFileSync(file, 'utf8'), keys, { issuer: issuer as string, audience: 'https://cloud.example.org' })
    expect(protectedHeader.alg).toBe('RS256')
    expect(payload).toMatchObject({ sub: 'repo:acme/hello:environment:production', repository: 'acme/hello', actor: 'ada', runner_environment: 'self-hosted' })
  })
})
