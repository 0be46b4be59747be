// The host job driver with real, detached workers: idempotent start, cursors, cancel, lost workers, and what steps can't reach.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JobReport, LogLine } from '@pushway/core/run/types.ts'
import { describe, expect, test } from 'vitest'
import { jobSpec, type SpecOptions } from '../../../../../../test/support/job.ts'
import { needs } from '../../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../../test/support/temp.ts'
import type { JobRef, JobRunner } from '../../../ports/jobs.ts'
import { detectIsolation } from '../../../util/isolation/index.ts'
import type { ActionSources, JobSource } from '../../../util/job-spool.ts'
import { endProcess } from '../../../util/process-identity.ts'
import { createHostJobs } from './index.ts'
import { stopWorkers } from './stop-workers.ts'

const signal = new AbortController().signal
const isolation = await detectIsolation(process.env.PUSHWAY_ISOLATION)
const none = { kind: 'none', why: 'A test.', mounts: false, pids: false } as const

interface Setup {
  readonly jobs: JobRunner
  readonly ref: JobRef
  readonly dataDir: string
}

function setUp(over: { isolated?: boolean; source?: JobSource; actions?: ActionSources } = {}): Setup {
  const dataDir = tempDir('data')
  const { source, actions } = over
  const jobs = createHostJobs({
    dataDir,
    isolation: over.isolated ? isolation : none,
    toolchainCacheDir: join(dataDir, 'tools'),
    ...(source ? { source: () => source } : {}),
    ...(actions ? { actions } : {}),
  })
  return { jobs, dataDir, ref: { project: 'acme/hello', run: 'r1', job: 'test', attempt: 1 } }
}

interface Done {
  readonly reports: readonly JobReport[]
  readonly lines: readonly LogLine[]
  readonly text: string
  readonly conclusion: string | undefined
}

async function waitFor(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return
    await sleep(50)
  }
  throw new Error(`${what} did not happen within 20 seconds`)
}

async function finish({ jobs, ref }: Setup): Promise<Done> {
  await waitFor(async () => !['running', 'unknown'].includes((await jobs.observe(ref, signal)).state), 'the end of the job')
  const reports = (await jobs.reports(ref, 0, signal)).items
  const lines: LogLine[] = []
  for (let cursor = 0; ; ) {
    const chunk = await jobs.log(ref, cursor, 4096, signal)
    if (chunk.cursor === cursor) break
    lines.push(...chunk.items)
    cursor = chunk.cursor
  }
  const last = reports.at(-1)
  return { reports, lines, text: lines.map((line) => line.text).join('\n'), conclusion: last?.type === 'finished' ? last.conclusion : undefined }
}

async function run(job: string, options: SpecOptions = {}, over: Parameters<typeof setUp>[0] = {}): Promise<Done & Setup> {
  const setup = setUp(over)
  await setup.jobs.start(setup.ref, jobSpec(job, options), signal)
  return { ...setup, ...(await finish(setup)) }
}

async function startAndWait(setup: Setup, job: string, line: string): Promise<void> {
  await setup.jobs.start(setup.ref, jobSpec(job), signal)
  await waitFor(async () => (await setup.jobs.log(setup.ref, 0, 1 << 20, signal)).items.some((item) => item.text === line), line)
}

describe('a job in its worker', () => {
  test('reports, logs by cursor, and is not started twice', async () => {
    const setup = setUp()
    const spec = jobSpec(`steps: [{ name: count, run: 'seq 1 5000; echo run >> ${setup.dataDir}/runs' }]`)
    expect(await setup.jobs.observe(setup.ref, signal)).toEqual({ state: 'unknown' })
    await Promise.all([setup.jobs.start(setup.ref, spec, signal), setup.jobs.start(setup.ref, spec, signal)])
    const done = await finish(setup)
    await setup.jobs.start(setup.ref, spec, signal)
    expect(await setup.jobs.observe(setup.ref, signal)).toEqual({ state: 'finished' })
    expect(done.reports.map((report) => report.type)).toEqual(['started', 'step-started', 'step-finished', 'finished'])
    expect(done.lines.filter((line) => /^\d+$/.test(line.text))).toHaveLength(5000)
    expect(readFileSync(`${setup.dataDir}/runs`, 'utf8')).toBe('run\n')
    await setup.jobs.clean(setup.ref, signal)
    expect(existsSync(join(setup.dataDir, 'work/acme/hello/r1-test-1'))).toBe(false)
    expect((await setup.jobs.reports(setup.ref, 0, signal)).items).toHaveLength(4)
  })

  test('a cancelled one ends as cancelled', async () => {
    const setup = setUp()
    await startAndWait(setup, `steps: [{ run: 'echo up; exec sleep 60' }]`, 'up')
    await setup.jobs.cancel(setup.ref, false, signal)
    expect((await finish(setup)).conclusion).toBe('cancelled')
  })

  test.skipIf(process.platform !== 'linux')('are ended with all that they run when everything is stopped (Linux only)', async () => {
    const setup = setUp()
    await startAndWait(setup, "steps: [{ name: Long, run: 'sleep 300 & echo $! > pid; echo started; wait' }]", 'started')
    expect(stopWorkers(setup.dataDir)).toBe(1)
    await waitFor(async () => (await setup.jobs.observe(setup.ref, signal)).state === 'lost', 'the loss')
    expect(stopWorkers(setup.dataDir)).toBe(0)
  })

  test.skipIf(process.platform !== 'linux')('one whose worker is killed is lost, names its step, and leaves no process (Linux only)', async () => {
    const setup = setUp()
    const alive = join(setup.dataDir, 'alive')
    await startAndWait(
      setup,
      `steps: [{ name: first, run: 'true' }, { name: the long one, run: 'echo up; while :; do date +%s%N > ${alive}; sleep 0.05; done' }]`,
      'up',
    )
    const observed = await setup.jobs.observe(setup.ref, signal)
    if (observed.state !== 'running') throw new Error(observed.state)
    endProcess(observed.pid)
    await waitFor(async () => (await setup.jobs.observe(setup.ref, signal)).state === 'lost', 'the loss')
    expect(await setup.jobs.observe(setup.ref, signal)).toEqual({ state: 'lost', lastStep: 'the long one' })
    await sleep(200)
    const last = readFileSync(alive, 'utf8')
    await sleep(300)
    expect(readFileSync(alive, 'utf8')).toBe(last)
  })

  test.each(['../../etc', 'a/../../../b'])('a project that leads out of the data folder is refused: %s', async (project) => {
    const { jobs, ref } = setUp()
    await expect(jobs.start({ ...ref, project: `${project}/../../..`, run: '../../../..' }, jobSpec(`steps: [{ run: 'true' }]`), signal)).rejects.toMatchObject(
      {
        code: 'path-outside',
      },
    )
  })
})

describe('the built-in actions', () => {
  test('check out the commit of the run from a git repository', async () => {
    const dir = tempDir('repo')
    const git = (...args: string[]) => execFileSync('git', ['-C', dir, '-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { encoding: 'utf8' }).trim()
    git('init', '--quiet', '--initial-branch=main')
    writeFileSync(join(dir, 'app.txt'), 'one')
    git('add', '.')
    git('commit', '--quiet', '-m', 'first')
    const first = git('rev-parse', 'HEAD')
    git('tag', 'v1')
    writeFileSync(join(dir, 'app.txt'), 'two')
    git('commit', '--quiet', '-am', 'second')
    git('config', 'uploadpack.allowAnySHA1InWant', 'true')
    const done = await run(
      `
      steps:
        - uses: actions/checkout@v3
        - run: 'echo "have $(cat app.txt) on $(git rev-parse --abbrev-ref HEAD), $(git rev-list --count HEAD)"'
        - { uses: actions/checkout@v4, with: { ref: v1, path: old, fetch-depth: 0 } }
        - run: 'echo "old $(cat old/app.txt)"'
        - { name: other, continue-on-error: true, uses: actions/checkout@v4, with: { repository: other/thing } }
        - { name: option, continue-on-error: true, uses: actions/checkout@v4, with: { ref: '--upload-pack=touch /tmp/x' } }
      `,
      { contexts: { github: { repository: 'acme/hello', sha: first, ref: 'refs/heads/main' } } },
      { source: { kind: 'repository', url: `file://${dir}` } },
    )
    expect(done.text).toContain('have one on main, 1')
    expect(done.text).toContain('old one')
    expect(done.text).toContain('actions/checkout of another repository (other/thing) needs a server')
    expect(done.text).toContain('is not the name of a branch, a tag or a commit')
    expect(done.conclusion).toBe('success')
  })

  test('set up Node.js and sign in to a registry, and sign out at the end', async () => {
    const major = process.versions.node.split('.')[0]
    const done = await run(
      `
      steps:
        - run: 'echo {} > package-lock.json; echo ${major} > .nvmrc'
        - { id: node, uses: actions/setup-node@v3, with: { node-version-file: .nvmrc, cache: npm } }
        - run: 'node --version; echo "offline $npm_config_prefer_offline \${{ steps.node.outputs.node-version }}"'
        - { uses: docker/login-action@v2, with: { registry: ghcr.io, username: ada, password: '\${{ secrets.KEY }}' } }
        - run: 'grep -c ghcr.io "$DOCKER_CONFIG/config.json"; cat "$DOCKER_CONFIG/config.json"; command -v docker'
      `,
      {
        contexts: { secrets: { KEY: 'registry-password' } },
        server: { url: 'http://127.0.0.1:9', token: 'tok', registryAliases: ['ghcr.io'], builder: 'embedded' },
      },
    )
    expect(done.conclusion).toBe('success')
    expect(done.text).toContain(`offline true ${process.version}`)
    expect(done.text).not.toContain(Buffer.from('ada:registry-password').toString('base64'))
    expect(done.text).toMatch(/work\/acme\/hello\/r1-test-1\/bin\/docker/)
    expect(done.reports.some((report) => report.type === 'step-finished' && report.name === 'Post docker/login-action')).toBe(true)
    expect(readFileSync(join(done.dataDir, 'work/acme/hello/r1-test-1/docker/config.json'), 'utf8')).not.toContain('ghcr.io')
  })
})

const reason = isolation.kind === 'none' || !isolation.mounts ? isolation.why : needs('nsenter', 'util-linux').reason

describe.skipIf(reason !== '')(`an isolated step ${reason === '' ? `(${isolation.kind})` : `(skipped: ${reason})`}`, () => {
  test("can't read the data directory, another job's workspace, the proxy's socket, or the server's /proc entry", async () => {
    const setup = setUp({ isolated: true })
    const { dataDir } = setup
    mkdirSync(join(dataDir, 'work/acme/other/r9-test-1'), { recursive: true })
    writeFileSync(join(dataDir, 'work/acme/other/r9-test-1/file'), 'their-file', { mode: 0o644 })
    writeFileSync(join(dataDir, 'pushway.db'), 'the-key', { mode: 0o644 })
    const socket = join(dataDir, 'proxy.sock')
    const server = createServer().listen(socket)
    process.env.PUSHWAY_TEST_VALUE = 'value-of-the-server'
    const spec = jobSpec(`
      defaults: { run: { shell: 'bash {0}' } }
      steps:
        - { continue-on-error: true, run: 'cat ${dataDir}/pushway.db; ls -a ${dataDir} ${dataDir}/work/acme; true' }
        - { continue-on-error: true, run: 'cat ${dataDir}/work/acme/other/r9-test-1/file; ls ${dataDir}/jobs; cat ${dataDir}/jobs/*/*/*; true' }
        - { continue-on-error: true, run: 'ls -la ${socket}; node -e "require(\\"net\\").connect(\\"${socket}\\").on(\\"connect\\", () => console.log(\\"con\\" + \\"nected\\")).on(\\"error\\", (e) => console.log(e.code))"' }
        - { continue-on-error: true, run: 'cat /proc/${process.pid}/environ /proc/*/environ | tr "\\\\0" "\\\\n" | grep -c value-of-the-server || echo "none there"' }
        - run: 'echo mine > kept; cat kept; sleep 30 & echo $! > pid; echo "uid $(id -u)"'
        - run: 'kill -0 "$(cat pid)" && echo still there; echo "home $HOME"; touch "$HOME/x" "$RUNNER_TEMP/y" "$npm_config_cache/z"; echo a=b >> $GITHUB_OUTPUT; echo to >/dev/stdout'
    `)
    await setup.jobs.start(setup.ref, spec, signal)
    const done = await finish(setup)
    server.close()
    delete process.env.PUSHWAY_TEST_VALUE
    const said = done.lines.filter((line) => !line.text.startsWith('cat ') && !line.text.includes('grep')).map((line) => line.text)
    expect(said.join('\n')).not.toMatch(/the-key|their-file|^connected/m)
    expect(done.text).toContain('ENOENT')
    expect(said).toContain('none there')
    expect(said).toContain('mine')
    expect(said).toContain('to')
    expect(said).toContain('still there')
    expect(done.conclusion).toBe('success')
    if (isolation.kind === 'uid') expect(done.text).toMatch(/uid 21\d{4}/)
  })

  test("can't put programs of its own in front of those that give up the server's rights", async () => {
    const setup = setUp({ isolated: true })
    const programs = ['nsenter', 'setsid', 'setpriv', 'sh', 'env'].join(' ')
    const spec = jobSpec(`
      steps:
        - run: |
            mkdir fakes
            for program in ${programs}; do printf '#!/bin/bash\\necho "fake $0 as $(/usr/bin/id -u)" >> %s/said\\nexec /usr/bin/%s "$@"\\n' "$PWD" "$program" > fakes/$program; done
            chmod +x fakes/*
            touch said
            echo "$PWD/fakes" >> "$GITHUB_PATH"
            echo "LD_PRELOAD=$PWD/no-library.so" >> "$GITHUB_ENV"
        - { shell: bash, run: 'echo "path $PATH"; echo "preload $LD_PRELOAD"' }
        - { shell: bash, run: 'cat said; if grep -q "as 0$" said; then echo "ran as ro""ot"; fi' }
    `)
    await setup.jobs.start(setup.ref, spec, signal)
    const done = await finish(setup)
    expect(done.text).toMatch(/^path .*\/fakes/m)
    expect(done.text).toMatch(/^preload .*no-library/m)
    expect(done.text).not.toContain('ran as root')
    expect(done.text).not.toMatch(/fake .*(nsenter|setsid|setpriv)/)
    expect(done.conclusion).toBe('success')
  })

  test('give summaries, masked, in order of the steps', async () => {
    const steps = `steps: [{ run: 'echo "# One very-secret" >> $GITHUB_STEP_SUMMARY' }, { run: 'true' }, { run: 'echo two >> $GITHUB_STEP_SUMMARY' }]`
    const done = await run(steps, { contexts: { secrets: { S: 'very-secret' } } }, { isolated: true })
    expect(await done.jobs.summary(done.ref, signal)).toEqual([
      { step: 0, markdown: '# One ***\n' },
      { step: 2, markdown: 'two\n' },
    ])
  })

  test('run actions that they can read and not replace for others', async () => {
    const mirror = tempDir('mirror')
    const dir = join(mirror, 'acme', 'js@v1')
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(join(dir, 'action.yml'), 'name: Js\nruns: { using: node20, main: m.js, post: m.js }\n', { mode: 0o600 })
    writeFileSync(join(dir, 'm.js'), "console.log('id ' + (process.getuid() === 0) + ' ' + process.env.STATE_x); console.log('::save-state name=x::kept')", {
      mode: 0o600,
    })
    const actions = { sources: [{ kind: 'directory', dir: mirror }], cache: tempDir('actions') } as const
    const done = await run(
      `steps: [{ uses: acme/js@v1 }, { run: 'rm -rf ../../actions/acme/js/v1 || true; rm -rf ${dir} || true; ln -sf /etc/passwd action.yml; true' }, { uses: ./, continue-on-error: true }]`,
      {},
      { isolated: true, actions },
    )
    expect(done.text).toContain('id false undefined')
    expect(done.text).toContain('action.yml leads out of the workspace.')
    expect(done.text).not.toContain('root:')
    if (isolation.kind === 'uid') {
      expect(done.text).toContain('id false kept')
      expect(existsSync(join(dir, 'm.js'))).toBe(true)
    }
  })

  test("can't make the worker read or write something else by a link", async () => {
    const setup = setUp({ isolated: true })
    const secret = join(setup.dataDir, 'secret')
    writeFileSync(secret, 'TOKEN=of-the-server\n', { mode: 0o600 })
    const spec = jobSpec(`
      steps:
        - { id: a, continue-on-error: true, run: 'rm -f "$GITHUB_OUTPUT"; ln -s ${secret} "$GITHUB_OUTPUT"; ln -s ${secret} .nvmrc; rm -rf "$DOCKER_CONFIG"; ln -s ${setup.dataDir} "$DOCKER_CONFIG"; true' }
        - { continue-on-error: true, uses: actions/setup-node@v4, with: { node-version-file: .nvmrc } }
        - { continue-on-error: true, uses: docker/login-action@v3, with: { registry: ghcr.io, username: a, password: bcdefgh } }
        - { run: 'echo "got \${{ toJSON(steps.a.outputs) }}"' }
    `)
    await setup.jobs.start(setup.ref, spec, signal)
    const done = await finish(setup)
    expect(done.text).not.toContain('of-the-server')
    expect(existsSync(join(setup.dataDir, 'config.json'))).toBe(false)
    expect(done.conclusion).toBe('success')
  })

  test('is stopped by cancel, and nothing of the job is left', async () => {
    const setup = setUp({ isolated: true })
    await startAndWait(setup, `steps: [{ run: 'setsid sleep 61.37 & trap "echo asked; exit 3" INT; echo up; while :; do sleep 0.05; done' }]`, 'up')
    await setup.jobs.cancel(setup.ref, false, signal)
    const done = await finish(setup)
    expect(done.conclusion).toBe('cancelled')
    expect(done.text).toContain('asked')
    await sleep(300)
    expect(execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' })).not.toContain('sleep 61.37')
  })
})
