// pushway compose up, down, ps and the verbs between, on the machine's own engine; what we make, Docker Compose takes for its own, and the other way round.

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hasPeer } from '../../../../../test/support/compose-peer.ts'
import { ensureNodeImage, nodeImage as image } from '../../../../../test/support/engine-images.ts'
import { needs } from '../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { createEngine, findEngine } from '../../util/engine-api/index.ts'

const main = new URL('../../main.ts', import.meta.url).pathname
const docker = needs('docker')
const seconds = 120_000
let count = 0
const made: string[] = []

afterEach(() => {
  for (const folder of made.splice(0)) ours(folder, ['down', '-v', '-t', '0', '--remove-orphans'])
}, seconds)

function project(files: Readonly<Record<string, string>>): string {
  const folder = join(tempDir('compose-up'), `pwverbs${process.pid}n${count++}`)
  for (const [path, text] of Object.entries(files)) write(folder, path, text)
  made.push(folder)
  return folder
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function ours(cwd: string, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), '--', main, 'compose', ...args], {
    cwd,
    encoding: 'utf8',
    input,
  })
  return { status, stdout, stderr }
}

function theirs(cwd: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('pw-peer-docker-compose', args, { cwd, encoding: 'utf8', input: '' })
  return { status, stdout, stderr }
}

function engine(...args: readonly string[]): string {
  return spawnSync('docker', args, { encoding: 'utf8' }).stdout.trim()
}

const serve = `["node","-e","require('node:http').createServer((q,s)=>s.end(process.env.SAYS||'hello')).listen(3000);console.log('started');process.on('SIGTERM',()=>process.exit(0))"]`

const stack = `services:
  web:
    image: ${image}
    command: ${serve}
    ports: ["127.0.0.1::3000"]
    environment: { SAYS: one }
    env_file: [web.env]
    volumes: [data:/data, ./page.txt:/page.txt:ro]
    configs: [{ source: inline, target: /etc/inline.conf }]
    secrets: [token]
    depends_on:
      db: { condition: service_healthy }
      migrate: { condition: service_completed_successfully }
  db:
    image: ${image}
    command: ${serve}
    healthcheck: { test: ["CMD", "node", "-e", "fetch('http://localhost:3000').catch(()=>process.exit(1))"], interval: 300ms }
  migrate:
    image: ${image}
    command: ["node", "-e", "0"]
volumes: { data: }
configs: { inline: { content: "written here" } }
secrets: { token: { file: ./token.txt } }
`
const files = { 'compose.yaml': stack, 'web.env': 'MORE=2\n', 'page.txt': 'a page', 'token.txt': 'a secret' }

function ids(folder: string): readonly string[] {
  return ours(folder, ['ps', '-a', '-q']).stdout.trim().split('\n').toSorted()
}

describe.skipIf(docker.skip)(`on the engine ${docker.reason}`, () => {
  beforeAll(async () => {
    const address = findEngine({ env: process.env })
    if (address) await ensureNodeImage(createEngine(address))
  }, seconds)

  test('up starts in order, a second up touches nothing, a change replaces only its own, down removes all', () => {
    const folder = project(files)
    const first = ours(folder, ['up', '-d'])
    expect(first).toMatchObject({ status: 0, stdout: '' })
    const name = folder.split('/').at(-1)
    const steps = first.stderr.split('\n').map((line) => line.trim())
    expect(steps).toEqual(expect.arrayContaining([`Network ${name}_default  Created`, `Volume ${name}_data  Created`, `Container ${name}-migrate-1  Exited`]))
    expect(steps.indexOf(`Container ${name}-db-1  Healthy`)).toBeLessThan(steps.indexOf(`Container ${name}-web-1  Starting`))
    const before = ids(folder)
    expect(before).toHaveLength(3)
    // All that is mounted is there.
    const read = ours(folder, ['exec', '-T', 'web', 'cat', '/page.txt', '/etc/inline.conf', '/run/secrets/token'])
    expect(read).toMatchObject({ status: 0, stdout: 'a pagewritten herea secret' })

    expect(ours(folder, ['up', '-d']).status).toBe(0)
    expect(ids(folder)).toEqual(before)
    write(folder, 'web.env', 'MORE=3\n')
    const change = ours(folder, ['up', '-d'])
    expect(change.stderr).toContain(`Container ${name}-web-1  Recreated`)
    expect(ids(folder).filter((id) => before.includes(id))).toHaveLength(2)
    expect(ours(folder, ['exec', '-T', 'web', 'sh', '-c', 'echo $MORE']).stdout).toBe('3\n')

    expect(ours(folder, ['down', '-v'])).toMatchObject({ status: 0 })
    expect(engine('ps', '-aq', '--filter', `label=com.docker.compose.project=${name}`)).toBe('')
    expect(engine('volume', 'ls', '-q', '--filter', `label=com.docker.compose.project=${name}`)).toBe('')
    expect(engine('network', 'ls', '-q', '--filter', `label=com.docker.compose.project=${name}`)).toBe('')
  }, 240_000)

  test.skipIf(!hasPeer())(
    'Docker Compose takes what we made for its own, and we what it made',
    () => {
      for (const [one, other] of [
        [ours, theirs],
        [theirs, ours],
      ] as const) {
        const folder = project(files)
        expect(one(folder, ['up', '-d']).status).toBe(0)
        const before = ids(folder)
        expect(other(folder, ['up', '-d'])).toMatchObject({ status: 0 })
        expect(ids(folder)).toEqual(before)
        // The same table and the same rows, but for ages.
        const rows = (text: string) => text.replace(/(Less than a second|About a minute|\d+ (seconds?|minutes?))( ago)?/g, 'T').replace(/ +/g, ' ')
        expect(rows(ours(folder, ['ps', '-a']).stdout)).toBe(rows(theirs(folder, ['ps', '-a']).stdout))
        expect(Object.keys(JSON.parse(ours(folder, ['ps', '--format', 'json']).stdout.split('\n')[0] ?? ''))).toEqual(
          Object.keys(JSON.parse(theirs(folder, ['ps', '--format', 'json']).stdout.split('\n')[0] ?? '')),
        )
        expect(ours(folder, ['port', 'web', '3000']).stdout).toBe(theirs(folder, ['port', 'web', '3000']).stdout)
        expect(other(folder, ['down', '-v', '-t', '1']).status).toBe(0)
        expect(ids(folder)).toEqual([''])
      }
    },
    300_000,
  )

  test('the verbs between: scale, logs, stop, start, restart, pause, kill, rm, run, top, images, ls, wait', () => {
    const folder = project({ 'compose.yaml': `services:\n  web:\n    image: ${image}\n    command: ${serve}\n    stop_grace_period: 2s\n` })
    const name = folder.split('/').at(-1) as string
    expect(ours(folder, ['up', '-d', '--wait', '--scale', 'web=2']).status).toBe(0)
    expect(ours(folder, ['ps', '--services']).stdout).toBe('web\n')
    expect(ids(folder)).toHaveLength(2)
    expect(ours(folder, ['logs', '--no-color']).stdout).toBe('web-1  | started\nweb-2  | started\n')
    expect(ours(folder, ['logs', '--no-log-prefix', '--tail', '1', '--index', '2', '--since', '10m']).stdout).toBe('started\n')
    expect(ours(folder, ['top', 'web']).stdout.split('\n')[0]).toMatch(/^SERVICE +# +UID/)
    expect(ours(folder, ['images', '--format', 'json']).stdout).toContain('"Repository":"pushway.test/node"')
    expect(JSON.parse(ours(folder, ['ls', '--format', 'json', '--filter', `name=${name}`]).stdout)).toEqual([
      { Name: name, Status: 'running(2)', ConfigFiles: join(folder, 'compose.yaml') },
    ])
    expect(ours(folder, ['pause']).stderr).toContain(`Container ${name}-web-1  Paused`)
    expect(ours(folder, ['ps', '--status', 'paused', '-q']).stdout.trim().split('\n')).toHaveLength(2)
    expect(ours(folder, ['unpause']).stderr).toContain(`Container ${name}-web-2  Unpaused`)
    expect(ours(folder, ['stop', '-t', '1']).status).toBe(0)
    expect(ours(folder, ['ps', '-q']).stdout).toBe('')
    expect(ours(folder, ['wait', 'web'])).toMatchObject({ status: 0, stdout: expect.stringContaining(`container "${name}-web-1" exited with status code 0`) })
    expect(ours(folder, ['start']).stderr).toContain(`Container ${name}-web-1  Started`)
    expect(ours(folder, ['restart', '-t', '1']).stderr).toContain(`Container ${name}-web-2  Restarting`)
    // Without files, by the project's name alone.
    expect(ours('/', ['-p', name, 'kill', '-s', 'KILL']).status).toBe(0)
    expect(ours(folder, ['rm'], 'n\n').stdout).toContain(`Going to remove ${name}-web-1`)
    expect(ids(folder)).toHaveLength(2)
    expect(ours(folder, ['rm', '-f']).status).toBe(0)
    expect(ids(folder)).toEqual([''])
    expect(ours(folder, ['run', '--rm', '-T', '-e', 'A=b', 'web', 'sh', '-c', 'cat; echo $A; exit 3'], 'typed\n')).toMatchObject({
      status: 3,
      stdout: 'typed\nb\n',
    })
    expect(engine('ps', '-aq', '--filter', `label=com.docker.compose.project=${name}`)).toBe('')
  }, 300_000)

  test('an image that can not be had stops nothing; a dependency that fails is named; orphans are said', () => {
    const good = `services:\n  web: { image: "${image}", command: ${serve} }\n`
    const folder = project({ 'compose.yaml': good })
    expect(ours(folder, ['up', '-d']).status).toBe(0)
    const before = ids(folder)
    write(folder, 'compose.yaml', good.replace(image, '127.0.0.1:1/nothing:1'))
    expect(ours(folder, ['up', '-d'])).toMatchObject({ status: 1, stderr: expect.stringContaining("127.0.0.1:1/nothing:1 can't be pulled") })
    expect(ours(folder, ['ps', '-q']).stdout.trim().split('\n')).toEqual(before)
    write(
      folder,
      'compose.yaml',
      `services:\n  new: { image: "${image}", command: ${serve}, depends_on: { bad: { condition: service_completed_successfully } } }\n  bad: { image: "${image}", command: [node, -e, "process.exit(4)"] }\n`,
    )
    const fails = ours(folder, ['up', '-d'])
    expect(fails.status).toBe(1)
    expect(fails.stderr).toContain('A dependency failed to start: service ')
    expect(fails.stderr).toContain("didn't complete successfully: exit 4")
    expect(fails.stderr).toContain('Found orphan containers')
    ours(folder, ['create', '--remove-orphans'])
    expect(ids(folder).filter((id) => before.includes(id))).toEqual([])
  }, 240_000)

  test('a port that is taken, a dependency without a check, an engine that is not there', () => {
    const web = (port: string, more = '') => `  web${port}: { image: "${image}", command: ${serve}, ports: ["127.0.0.1:${port}:3000"]${more} }\n`
    const first = project({ 'compose.yaml': `services:\n${web('0')}` })
    expect(ours(first, ['up', '-d']).status).toBe(0)
    const port = ours(first, ['port', 'web0', '3000']).stdout.trim().split(':')[1] ?? ''
    const needy = ', depends_on: { web0: { condition: service_healthy } }'
    const second = project({ 'compose.yaml': `services:\n${web('0')}${web(port, needy)}` })
    expect(ours(second, ['up', '-d']).stderr).toContain('has no healthcheck configured')
    const taken = ours(second, ['up', '-d', '--no-deps', `web${port}`])
    expect(taken).toMatchObject({ status: 1, stderr: expect.stringMatching(/refused to start .*port is already allocated/) })
    const gone = spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), '--', main, 'compose', 'up', '-d'], {
      cwd: first,
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    })
    expect(gone).toMatchObject({ status: 1, stderr: expect.stringContaining('The container engine at unix:///nowhere/docker.sock does not answer') })
  }, 240_000)

  test('events, cp, pull and push', () => {
    const folder = project({
      'compose.yaml': `services:\n  web: { image: "${image}", command: ${serve}, pull_policy: missing }\n  own: { image: "127.0.0.1:1/own:1", build: . }\n`,
      Dockerfile: `FROM ${image}\n`,
    })
    expect(ours(folder, ['pull'])).toMatchObject({ status: 0, stderr: expect.stringContaining('web  Skipped') })
    expect(ours(folder, ['pull', '--policy', 'always', 'own']).stderr).toContain("127.0.0.1:1/own:1 can't be pulled")
    expect(ours(folder, ['build', '-q'])).toMatchObject({ status: 0, stderr: expect.stringContaining('own  Built') })
    expect(ours(folder, ['push'])).toMatchObject({ status: 1, stderr: expect.stringContaining('refused to push 127.0.0.1:1/own:1') })
    expect(ours(folder, ['push', '--ignore-push-failures'])).toMatchObject({ status: 0, stderr: expect.stringContaining('web  Skipped') })
    expect(ours(folder, ['up', '-d', 'web']).status).toBe(0)
    write(folder, 'in/a.txt', 'a file')
    expect(ours(folder, ['cp', 'in', 'web:/tmp']).status).toBe(0)
    expect(ours(folder, ['cp', 'in/a.txt', 'web:/tmp/b.txt']).status).toBe(0)
    expect(ours(folder, ['exec', '-T', 'web', 'cat', '/tmp/in/a.txt', '/tmp/b.txt']).stdout).toBe('a filea file')
    expect(ours(folder, ['cp', 'web:/tmp/in', 'out']).status).toBe(0)
    expect(ours(folder, ['cp', 'web:/tmp/b.txt', 'out']).status).toBe(0)
    expect([readFileSync(join(folder, 'out/a.txt'), 'utf8'), readFileSync(join(folder, 'out/b.txt'), 'utf8')]).toEqual(['a file', 'a file'])
    expect(ours(folder, ['cp', 'web:/nothing', '.'])).toMatchObject({ status: 1, stderr: expect.stringContaining('refused to copy /nothing') })
    expect(ours(folder, ['stop', '-t', '0']).status).toBe(0)
    const since = String(Math.floor(Date.now() / 1000) - 1)
    expect(ours(folder, ['up', '-d', 'web']).status).toBe(0)
    const events = ours(folder, ['events', '--json', '--since', since, '--until', String(Math.ceil(Date.now() / 1000))])
      .stdout.trim()
      .split('\n')
    expect(events.map((line) => JSON.parse(line))).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'container', action: 'start', service: 'web' })]),
    )
    expect(ours(folder, ['down', '--rmi', 'local']).status).toBe(0)
    engine('rmi', '127.0.0.1:1/own:1')
  }, 240_000)

  test('build, --exit-code-from, Ctrl+C', async () => {
    const folder = project({
      'compose.yaml': `services:\n  job: { build: ., environment: { CODE: "7" } }\n  web: { image: "${image}", command: ${serve}, profiles: [web] }\n`,
      Dockerfile: `FROM ${image}\nCOPY words.txt /words.txt\nCMD ["sh", "-c", "cat /words.txt; exit $CODE"]\n`,
      'words.txt': 'built from here\n',
    })
    expect(ours(folder, ['up', '-d', '--no-build'])).toMatchObject({ status: 1, stderr: expect.stringContaining('--no-build') })
    const ended = ours(folder, ['up', '--exit-code-from', 'job'])
    expect(ended).toMatchObject({ status: 7, stdout: 'job-1  | built from here\n' })
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--', main, 'compose', 'up', 'web'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stderr.resume()
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve))
    for await (const chunk of child.stdout) if (String(chunk).includes('started')) break
    child.kill('SIGINT')
    expect(await closed).toBe(130)
    expect(ours(folder, ['ps', '-q']).stdout).toBe('')
    expect(ours(folder, ['down', '--rmi', 'local']).stderr).toContain('Removed')
  }, 240_000)
})

test(
  'what has no effect is named at its line, what can not be is refused there',
  () => {
    const folder = join(tempDir('compose-refused'), 'shop')
    write(
      folder,
      'compose.yaml',
      'services:\n  web:\n    image: x\n    pull_policy: daily\n    deploy: { update_config: { parallelism: 2 } }\n    use_api_socket: true\n',
    )
    const { status, stderr } = ours(folder, ['up', '-d'])
    expect(status).toBe(1)
    expect(stderr).toContain('compose.yaml:4:5: warning: services.web.pull_policy is taken as "missing" in pushway compose')
    expect(stderr).toContain('compose.yaml:5:15: warning: services.web.deploy.update_config has no effect in pushway compose.')
    expect(stderr).toContain('compose.yaml:6:5: error: services.web.use_api_socket is not supported in pushway compose')
  },
  seconds,
)

test.each([
  { args: ['watch'], says: 'pushway compose watch is not supported.' },
  { args: ['up', '-d', '--abort-on-container-exit'], says: '--detach and --abort-on-container-exit are incompatible.' },
  { args: ['up', '--scale', 'web=x'], says: '--scale takes a whole number, not "x".' },
  { args: ['ps', '--format', 'xml'], says: 'There is no output format "xml".' },
])(
  '$args is refused in one sentence',
  ({ args, says }) => {
    const folder = join(tempDir('compose-refused'), 'shop')
    write(folder, 'compose.yaml', 'services: { web: { image: x } }\n')
    const { status, stderr } = ours(folder, args)
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(says) })
    expect(stderr).not.toContain('    at ')
    expect(readFileSync(join(folder, 'compose.yaml'), 'utf8')).toContain('web')
  },
  seconds,
)
