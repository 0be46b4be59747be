// pushway compose config: files found as Docker finds them, questions answered as Docker answers them, exit code 1 for what fails.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasPeer } from '../../../../../test/support/compose-peer.ts'
import { tempDir } from '../../../../../test/support/temp.ts'

const main = new URL('../../main.ts', import.meta.url).pathname
const env = { PATH: process.env.PATH ?? '', HOME: '/home/ada' }

interface Call {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
}

function project(files: Readonly<Record<string, string>>): string {
  const folder = join(tempDir('compose'), 'shop')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

function compose(folder: string, { args, env: more, cwd = '.', input }: Call, program = process.execPath) {
  const ours = program === process.execPath
  const options = { cwd: join(folder, cwd), env: { ...env, ...more }, encoding: 'utf8' as const, ...(input === undefined ? {} : { input }) }
  const { status, stdout, stderr } = spawnSync(program, [...(ours ? ['--import', import.meta.resolve('tsx'), '--', main, 'compose'] : []), ...args], options)
  return { status, stdout, stderr }
}

const files = {
  'compose.yaml':
    'services:\n  web: { image: "web:${TAG:-1}", build: ., ports: ["80:80"], volumes: ["data:/d"], networks: [front], profiles: [p], environment: { A: "${A}" } }\n  db: { image: "db:${DB?say}", deploy: { replicas: 2 }, env_file: [{ path: db.env, required: false }] }\nvolumes: { data: }\nnetworks: { front: }\n',
  '.env': 'DB=16\nA=from-env\nCOMPOSE_PROFILES=p\n',
  'other.env': 'DB=17\nA=other\n',
  'db.env': 'X=1\n',
  'sub/keep': '',
  'prod.yaml': 'services:\n  db: { image: "prod" }\n',
}

/** Calls whose standard output is the same as Docker's; the lines of some are in no order there. */
const calls: readonly (Call & { readonly sorted?: boolean })[] = [
  { args: ['config'] },
  { args: ['config', '--format', 'json'] },
  { args: ['config', '--services'], sorted: true },
  { args: ['config', '--volumes'], sorted: true },
  { args: ['config', '--networks'], sorted: true },
  { args: ['config', '--images'], sorted: true },
  { args: ['config', '--profiles'] },
  { args: ['config', '--hash', '*'] },
  { args: ['config', '--hash', 'db'] },
  { args: ['config', '--quiet'] },
  { args: ['config', '--no-interpolate'] },
  { args: ['config', '--no-path-resolution'] },
  { args: ['config', '--no-consistency'] },
  { args: ['config', '--no-env-resolution'] },
  { args: ['config', '--variables', '--format', 'json'] },
  { args: ['config', 'db'] },
  { args: ['-p', 'named', 'config', '--format', 'json'] },
  { args: ['--env-file', 'other.env', 'config'] },
  { args: ['--profile', 'none', 'config'] },
  { args: ['-f', 'compose.yaml', '-f', 'prod.yaml', 'config'] },
  { args: ['--project-directory', 'sub', '-f', 'compose.yaml', '--env-file', '.env', 'config'] },
  { args: ['config'], cwd: 'sub' },
  { args: ['config'], env: { COMPOSE_FILE: 'compose.yaml:prod.yaml', COMPOSE_PROJECT_NAME: 'outside', TAG: '9' } },
  { args: ['config'], env: { COMPOSE_FILE: 'compose.yaml,prod.yaml', COMPOSE_PATH_SEPARATOR: ',', COMPOSE_PROFILES: '' } },
  { args: ['config'], env: { COMPOSE_ENV_FILES: 'other.env' } },
  { args: ['-f', '-', 'config'], input: 'services: { x: { image: y } }\n' },
]

describe('config', () => {
  const folder = project(files)
  test.skipIf(!hasPeer()).each(calls)(
    'answers $args $env $cwd as Docker does',
    ({ sorted, ...call }) => {
      const ours = compose(folder, call)
      const docker = compose(folder, call, 'pw-peer-docker-compose')
      const lines = (text: string) => (sorted ? text.split('\n').toSorted().join('\n') : text.trimEnd())
      expect({ ...ours, stdout: lines(ours.stdout), stderr: '' }).toEqual({ ...docker, stdout: lines(docker.stdout), stderr: '' })
    },
    60_000,
  )

  test('prints variables as a table, and the environment', () => {
    const table = compose(folder, { args: ['config', '--variables'] }).stdout
    expect(table.split('\n').map((line) => line.split(/ {2,}/).map((cell) => cell.trim()))).toEqual(
      [['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'], ['A', 'false', ''], ['DB', 'true', ''], ['TAG', 'false', '1', ''], ['']]
        .map((row) => row.map((cell) => expect.stringContaining(cell)))
        .map((row, index) => (index === 0 ? row : expect.arrayContaining(row))),
    )
    expect(compose(folder, { args: ['config', '--environment'] }).stdout.split('\n')).toEqual(
      expect.arrayContaining(['A=from-env', 'COMPOSE_PROJECT_NAME=shop', 'DB=16']),
    )
  }, 60_000)

  test('writes to a file', () => {
    expect(compose(folder, { args: ['config', '-o', 'out.yaml'] }).stdout).toBe('')
    expect(compose(folder, { args: ['-f', 'out.yaml', 'config'] })).toMatchObject({ status: 0, stdout: compose(folder, { args: ['config'] }).stdout })
  }, 60_000)

  test.each<{ readonly why: string; readonly files: Readonly<Record<string, string>>; readonly args: readonly string[]; readonly says: string }>([
    {
      why: 'a mistake in the file',
      files: { 'compose.yml': 'services:\n  web: { imgae: x }\n' },
      args: ['config'],
      says: 'compose.yml:2:10: error: services.web has no key "imgae": did you mean "image"? (compose-unknown-key)',
    },
    { why: 'a file that is not there', files: { a: '' }, args: ['-f', 'nope.yaml', 'config'], says: 'There is no compose file' },
    { why: 'no file at all', files: { a: '' }, args: ['config'], says: 'There is no compose file in' },
    {
      why: 'an env file that is not there',
      files: { 'compose.yaml': 'services: {a: {image: x}}' },
      args: ['--env-file', 'nope', 'config'],
      says: 'There is no env file',
    },
    {
      why: 'an unknown format',
      files: { 'compose.yaml': 'services: {a: {image: x}}' },
      args: ['config', '--format', 'xml'],
      says: 'There is no output format "xml"',
    },
    { why: 'an unknown service', files: { 'compose.yaml': 'services: {a: {image: x}}' }, args: ['config', 'b'], says: 'There is no service "b" here.' },
    {
      why: 'a project name that can not be one',
      files: { 'compose.yaml': 'services: {a: {image: x}}' },
      args: ['-p', 'Not This', 'config'],
      says: '"Not This" can\'t be the name of a project',
    },
    {
      why: 'digests of images',
      files: { 'compose.yaml': 'services: {a: {image: x}}' },
      args: ['config', '--resolve-image-digests'],
      says: 'is not supported yet',
    },
  ])(
    'fails with 1 for $why',
    ({ files: given, args, says }) => {
      const { status, stdout, stderr } = compose(project(given), { args })
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toContain(says)
      expect(stderr).not.toContain('    at ')
    },
    60_000,
  )

  test('says which of several files it takes, and what is obsolete or unset', () => {
    const two = project({ 'compose.yaml': 'version: "3"\nservices: {a: {image: "x:$NOPE"}}\n', 'docker-compose.yml': '' })
    const { status, stderr } = compose(two, { args: ['config', '-q'] })
    expect(status).toBe(0)
    expect(stderr.split('\n')).toEqual([
      'There are several compose files here (compose.yaml, docker-compose.yml); compose.yaml is used.',
      'compose.yaml:1:1: warning: version is obsolete and ignored: remove it. (compose-obsolete)',
      'compose.yaml:2:23: warning: The variable NOPE is not set; it is replaced by nothing. (compose-variable-unset)',
      '',
    ])
  }, 60_000)
})

test('version', () => {
  const folder = project({ a: '' })
  expect(compose(folder, { args: ['version'] }).stdout).toMatch(/^Pushway Compose version \d+\.\d+\.\d+/)
  expect(JSON.parse(compose(folder, { args: ['version', '--format', 'json'] }).stdout)).toEqual({ version: expect.any(String) })
}, 60_000)
