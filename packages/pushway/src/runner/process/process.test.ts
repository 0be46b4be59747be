// Built-in actions that run as processes, in real jobs against a real results service.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobSpec, runSpec } from '../../../../../test/support/job.ts'
import { type ResultsWorld, startResults } from '../../../../../test/support/results.ts'

let world: ResultsWorld
beforeAll(async () => {
  world = await startResults()
})
afterAll(async () => {
  await world.close()
  expect(world.mistakes).toEqual([])
})

let count = 0
async function run(steps: string, over: { run?: string; github?: Record<string, unknown> } = {}) {
  const { run: id = `p${count++}`, github } = over
  const spec = { ...jobSpec(`steps:\n${steps.replace(/^\n/, '')}`, { ...(github ? { contexts: { github } } : {}) }), run: id }
  return runSpec(await world.serve(spec))
}

describe('artifacts', { timeout: 120_000 }, () => {
  test('go from step to step: one, many, patterns, merged; with outputs', async () => {
    const job = await run(`
      - run: mkdir -p out/a out/.hid && echo 1 > out/a/one.txt && echo 2 > out/two.txt && echo 3 > out/.hid/x && chmod +x out/two.txt
      - { id: up, uses: actions/upload-artifact@v4, with: { name: first, path: out/, retention-days: 3 } }
      - { uses: actions/upload-artifact@v4, with: { name: second one, path: "out/**/*.txt\\n!out/two.txt" } }
      - { uses: actions/upload-artifact@v4, with: { name: file, path: out/two.txt, compression-level: 0 } }
      - { id: down, uses: actions/download-artifact@v4, with: { path: all } }
      - { uses: actions/download-artifact@v4, with: { name: first, path: one } }
      - { uses: actions/download-artifact@v4, with: { pattern: "f*", path: some, merge-multiple: true } }
      - { uses: actions/upload-artifact/merge@v4, with: { name: merged, pattern: "{first,second*}", delete-merged: true } }
      - { uses: actions/download-artifact@v4, with: { path: last } }
      - run: |
          find all one some last -type f | sort
          test -x one/two.txt && echo "id \${{ steps.up.outputs.artifact-id > 0 }} \${{ steps.up.outputs.artifact-url }} [\${{ steps.down.outputs.download-path == format('{0}/all', github.workspace) }}]"
    `)
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toContain('there will be 2 files uploaded')
    for (const path of [
      'all/first/a/one.txt',
      'all/first/two.txt',
      'all/second one/a/one.txt',
      'all/file/two.txt',
      'one/a/one.txt',
      'some/a/one.txt',
      'some/two.txt',
    ])
      expect(job.text.split('\n')).toContain(path)
    expect(job.text.split('\n').filter((line) => line.startsWith('last/'))).toEqual(['last/file/two.txt', 'last/merged/a/one.txt', 'last/merged/two.txt'])
    expect(job.text).not.toContain('.hid/x\n')
    expect(job.text).toMatch(/id true http:\/\/127\.0\.0\.1:\d+\/api\/v1\/projects\/acme\/hello\/runs\/\d*\/artifacts\/\d+ \[true\]/)
  })

  test('that are not there, are there already or have bad names', async () => {
    const job = await run(`
      - { uses: actions/upload-artifact@v4, with: { name: none, path: nothing/** } }
      - { id: strict, continue-on-error: true, uses: actions/upload-artifact@v4, with: { path: nothing, if-no-files-found: error } }
      - run: echo 1 > f
      - { uses: actions/upload-artifact@v3, with: { name: f, path: f } }
      - { id: again, continue-on-error: true, uses: actions/upload-artifact@v4, with: { name: f, path: f } }
      - { uses: actions/upload-artifact@v4, with: { name: f, path: f, overwrite: true } }
      - { id: slash, continue-on-error: true, uses: actions/upload-artifact@v4, with: { name: a/b, path: f } }
      - { id: gone, continue-on-error: true, uses: actions/download-artifact@v4, with: { name: gone } }
      - run: echo "\${{ steps.strict.outcome }} \${{ steps.again.outcome }} \${{ steps.slash.outcome }} \${{ steps.gone.outcome }}"
    `)
    expect(job.conclusion, job.text).toBe('success')
    expect(job.text).toContain('failure failure failure failure')
    expect(job.text).toContain('No files were found with the provided path: nothing/**')
    expect(job.text).toContain('actions/upload-artifact@v3 works as version 4 here')
    expect(job.text).toContain('an artifact with this name already exists')
    expect(job.text).toContain('holds the character "/"')
    expect(job.text).toContain('Artifact not found for name: gone. There are: f.')
  })

  test('of another run come by the API, with a token that is given', async () => {
    await run(
      `
      - run: echo theirs > f
      - { uses: actions/upload-artifact@v4, with: { name: dist, path: f } }
    `,
      { run: 'their' },
    )
    const [theirs] = world.results.artifacts.list('their')
    const { createServer } = await import('node:http')
    const asked: unknown[] = []
    const api = createServer((req, res) => {
      asked.push([req.url, req.headers.authorization])
      if (req.url?.endsWith('/zip')) res.writeHead(302, { location: world.results.artifacts.link('their', theirs?.id ?? 0) }).end()
      else res.setHeader('content-type', 'application/json').end(JSON.stringify({ artifacts: [theirs] }))
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    const { port } = api.address() as { port: number }
    const download = (more: string) => `steps: [{ uses: actions/download-artifact@v4, with: { name: dist, run-id: 77${more} } }, { run: cat f }]`
    const served = await world.serve({ ...jobSpec(download(', github-token: abcd-token')), run: 'mine' })
    const contexts = { ...served.contexts, github: { ...served.contexts.github, api_url: `http://127.0.0.1:${port}/api/v3` } }
    const job = await runSpec({ ...served, contexts })
    const without = await runSpec(await world.serve({ ...jobSpec(download('')), run: 'mine' }))
    api.close()
    expect(job.text).toContain('theirs')
    expect(asked[0]).toEqual(['/api/v3/repos/acme/hello/actions/runs/77/artifacts?per_page=100', 'Bearer abcd-token'])
    expect(without.text).toContain('Artifacts of another run need the input github-token.')
  })

  test('an input that is not carried is refused by line before the first step', async () => {
    const job = await run(`
      - run: echo began
      - { uses: actions/upload-artifact@v4, with: { path: f, retention: 4 } }
    `)
    expect(job.conclusion).toBe('failure')
    expect(job.text).not.toContain('began\n')
    expect(job.problem).toMatch(/ci\.yml:\d+:\d+: uses: actions\/upload-artifact@v4: .*does not carry with: retention/)
  })
})

describe('caches', { timeout: 120_000 }, () => {
  const steps = (key: string, more = '') => `
      - { id: c, uses: actions/cache@v4, with: { path: "deps\\n~/.tool", key: "${key}", restore-keys: deps-${more} } }
      - run: |
          echo "hit [\${{ steps.c.outputs.cache-hit }}] [\${{ steps.c.outputs.cache-matched-key }}] $(cat deps/x/f ~/.tool/g 2>/dev/null | tr '\\n' ' ')"
          mkdir -p deps/x ~/.tool && echo in-deps > deps/x/f && ln -sf x/f deps/link && echo in-home > ~/.tool/g
    `
  test('are saved after the job and restored by key and prefix, with links inside, in the home folder too', async () => {
    const first = await run(steps('deps-1'))
    expect(first.text).toContain('Cache not found for input keys: deps-1, deps-')
    expect(first.text).toContain('hit [] []')
    expect(first.text).toContain('Cache saved with key: deps-1')
    const second = await run(steps('deps-1'))
    expect(second.text).toContain('hit [true] [deps-1] in-deps in-home')
    expect(second.text).toContain('Cache hit occurred on the primary key deps-1, not saving cache.')
    const third = await run(steps('deps-2'), { github: { ref: 'refs/heads/x' } })
    expect(third.text).toContain('hit [false] [deps-1] in-deps in-home')
    expect(third.text).toContain('Cache saved with key: deps-2')
    const failed = await run(`${steps('deps-3')}\n      - run: exit 1`)
    expect(failed.text).not.toContain('Cache saved')
  })

  test('restore and save alone; a miss may fail; lookup only looks', async () => {
    const saved = await run(`
      - run: mkdir d && echo 1 > d/f
      - { uses: actions/cache/save@v4, with: { path: d, key: alone/1 } }
      - { uses: actions/cache/save@v4, with: { path: d, key: alone/1 } }
    `)
    expect(saved.conclusion, saved.text).toBe('success')
    expect(saved.text).toContain('Unable to reserve cache with key alone/1')
    const restored = await run(`
      - { id: look, uses: actions/cache/restore@v4, with: { path: d, key: alone/1, lookup-only: true } }
      - run: 'test ! -e d && echo "looked [\${{ steps.look.outputs.cache-hit }}]"'
      - { uses: actions/cache/restore@v4, with: { path: d, key: alone/1 } }
      - run: cat d/f
      - { uses: actions/cache/restore@v4, with: { path: d, key: other, fail-on-cache-miss: true } }
    `)
    expect(restored.text).toContain('looked [true]')
    expect(restored.text).toContain('Exiting as fail-on-cache-miss is set')
    expect(restored.conclusion).toBe('failure')
  })

  test('an archive that leads out of its paths is refused whole', async () => {
    // What a job that speaks to the service itself could have saved.
    const evil = await run(`
      - run: mkdir -p deps && echo good > deps/f && ln -s /etc deps/etc
      - { uses: actions/cache/save@v4, with: { path: deps, key: evil } }
    `)
    expect(evil.text).toContain('Cache saved with key: evil')
    const victim = await run(`
      - { uses: actions/cache/restore@v4, with: { path: deps, key: evil } }
    `)
    expect(victim.conclusion).toBe('failure')
    expect(victim.text).toContain('deps/etc: it is a link that leads out of the cached paths')
    expect(existsSync(join(world.dir, 'deps'))).toBe(false)
  })
})

describe('github-script', { timeout: 120_000 }, () => {
  test('runs with the toolkit at hand, gives its result, and fails with its error', async () => {
    const job = await run(`
      - run: echo 'module.exports = (x) => x * 2' > double.cjs
      - id: s
        uses: actions/github-script@v7
        env: { WHO: world }
        with:
          script: |
            const double = require('./double.cjs')
            core.info('hello ' + process.env.WHO + ' ' + context.repo.owner + '/' + context.repo.repo + ' ' + typeof github.rest.issues.create)
            const { stdout } = await exec.getExecOutput('echo', ['from exec'])
            const files = await (await glob.create('*.cjs')).glob()
            await io.mkdirP('made/by')
            core.exportVariable('SCRIPTED', stdout.trim())
            core.setOutput('own', 'yes')
            return { doubled: double(21), files: files.length, same: github === octokit, other: typeof getOctokit('x').request }
      - { id: t, uses: actions/github-script@v7, with: { result-encoding: string, script: 'return "text"' } }
      - run: 'echo "\${{ steps.s.outputs.result }} \${{ fromJSON(steps.s.outputs.result).doubled }} \${{ steps.t.outputs.result }} \${{ steps.s.outputs.own }} $SCRIPTED"; test -d made/by'
      - { uses: actions/github-script@v7, with: { script: 'throw new Error("on purpose")' } }
    `)
    expect(job.text).toContain('hello world acme/hello function')
    expect(job.text).toContain('{doubled:42,files:1,same:true,other:function} 42 text yes from exec')
    expect(job.text).toContain('Unhandled error: Error: on purpose (line 1 of the script)')
    expect(job.conclusion).toBe('failure')
  })

  test('calls the API of this server with the token of the job', async () => {
    const asked: unknown[] = []
    const { createServer } = await import('node:http')
    const api = createServer((req, res) => {
      asked.push([req.url, req.headers.authorization])
      res.setHeader('content-type', 'application/json').end('{"name":"hello"}')
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    const { port } = api.address() as { port: number }
    const spec = jobSpec(`
      steps:
        - { uses: actions/github-script@v7, with: { script: 'core.info("repo " + (await github.rest.repos.get(context.repo)).data.name)' } }
    `)
    const served = await world.serve({ ...spec, run: 'api' })
    const github = { ...served.contexts.github, api_url: `http://127.0.0.1:${port}/api/v3`, token: 'pwr_token' }
    const job = await runSpec({ ...served, contexts: { ...served.contexts, github } })
    api.close()
    expect(job.text).toContain('repo hello')
    expect(asked).toEqual([['/api/v3/repos/acme/hello', 'token pwr_token']])
  })
})
