// pushway shell: deploy.sh as it is, with our docker-compose, on the machine's own engine.

import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { hasPeer } from '../../../../../test/support/compose-peer.ts'
import { ensureNodeImage, nodeImage as image } from '../../../../../test/support/engine-images.ts'
import { needs } from '../../../../../test/support/needs.ts'
import { tempDir } from '../../../../../test/support/temp.ts'
import { createEngine, findEngine } from '../../util/engine-api/index.ts'

const main = new URL('../../main.ts', import.meta.url).pathname
const deploySh = new URL('../../../../../examples/shop/deploy.sh', import.meta.url).pathname
const docker = needs('docker')
const seconds = 180_000

function pushway(cwd: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', import.meta.resolve('tsx'), '--', main, ...args], {
    cwd,
    encoding: 'utf8',
    input: '',
  })
  return { status, stdout, stderr }
}

function shop(): string {
  const folder = join(tempDir('shell'), `pwshell${process.pid}`)
  mkdirSync(folder)
  copyFileSync(deploySh, join(folder, 'deploy.sh'))
  chmodSync(join(folder, 'deploy.sh'), 0o755)
  const serve = `["node","-e","require('node:http').createServer((q,s)=>s.end(process.env.SAYS)).listen(3000);process.on('SIGTERM',()=>process.exit(0))"]`
  writeFileSync(join(folder, 'docker-compose.yml'), `version: '3.8'\nservices:\n  web: { image: "${image}", command: ${serve}, ports: ["80:3000"] }\n`)
  const says = 'SAYS: "$ENV $VERSION"'
  writeFileSync(join(folder, 'docker-compose.staging.yml'), `services:\n  web: { pull_policy: missing, environment: { ${says} } }\n`)
  return folder
}

describe.skipIf(docker.skip)(`on the engine ${docker.reason}`, () => {
  beforeAll(async () => {
    const address = findEngine({ env: process.env })
    if (address) await ensureNodeImage(createEngine(address))
  }, seconds)

  test(
    'deploy.sh runs as it is; its down is said to be an outage, the overlay sees its arguments',
    () => {
      const folder = shop()
      const files = ['-f', 'docker-compose.yml', '-f', 'docker-compose.staging.yml']
      const before = pushway(folder, ['shell', '--', 'docker-compose', ...files, 'up', '-d'])
      expect(before.status).toBe(0)
      try {
        const { status, stdout, stderr } = pushway(folder, ['shell', '--', './deploy.sh', 'staging', '1.2.0'])
        expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('This is an outage: until up has run, nothing of ') })
        expect(stderr).toContain('web  Skipped - Image is already present locally')
        expect(stdout).toContain('staging 1.2.0')
        expect(pushway(folder, ['shell', '--', 'docker', 'compose', ...files, 'ps', '--services']).stdout).toBe('web\n')
      } finally {
        pushway(folder, ['compose', ...files, 'down', '-t', '0'])
      }
    },
    seconds,
  )
})

test(
  'in a job, docker-compose and docker compose are pushway compose',
  () => {
    const folder = tempDir('shell-job')
    mkdirSync(join(folder, '.github/workflows'), { recursive: true })
    const job = 'runs-on: ubuntu-latest, steps: [{ run: "docker-compose version; docker compose version" }]'
    writeFileSync(join(folder, '.github/workflows/ci.yml'), `on: push\njobs:\n  one: { ${job} }\n`)
    spawnSync('git', ['init', '-q'], { cwd: folder })
    spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x'], { cwd: folder })
    const { status, stdout } = pushway(folder, ['run'])
    expect(status).toBe(0)
    expect(stdout.match(/Pushway Compose version/g)).toHaveLength(2)
  },
  seconds,
)

test.skipIf(docker.skip || !hasPeer())(
  "the machine's own Docker Compose is used where the machine's docker is",
  () => {
    const home = tempDir('shell-home')
    mkdirSync(join(home, '.docker/cli-plugins'), { recursive: true })
    const peer = spawnSync('sh', ['-c', 'command -v pw-peer-docker-compose'], { encoding: 'utf8' }).stdout.trim()
    symlinkSync(peer, join(home, '.docker/cli-plugins/docker-compose'))
    const env = { PATH: process.env.PATH, HOME: home, PUSHWAY_BUILDER: 'docker' }
    const args = ['--import', import.meta.resolve('tsx'), '--', main, 'internal', 'docker', 'compose', 'version']
    expect(spawnSync(process.execPath, args, { env, encoding: 'utf8' }).stdout).toMatch(/^Docker Compose version/)
    expect(spawnSync(process.execPath, args, { env: { ...env, PUSHWAY_BUILDER: 'embedded' }, encoding: 'utf8' }).stdout).toMatch(/^Pushway Compose version/)
  },
  seconds,
)

test.each([
  { args: ['shell', '--', 'sh', '-c', 'exit 7'], is: { status: 7 } },
  { args: ['shell', '--', 'sh', '-c', 'kill -TERM $$'], is: { status: 143 } },
  { args: ['shell', '--', './nothing.sh'], is: { status: 2, stderr: expect.stringContaining("./nothing.sh can't be started: there is no such program.") } },
  { args: ['shell', '--', 'docker-compose', 'version', '--short'], is: { status: 0, stdout: expect.stringMatching(/^\d+\.\d+/) } },
])('$args', ({ args, is }) => expect(pushway(tempDir('shell'), args)).toMatchObject(is), seconds)
