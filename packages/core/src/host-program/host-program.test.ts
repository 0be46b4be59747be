// Recipes as tables: which image means which program, what is asked of the machine, what is refused. The shipped files are read whole.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseRecipe } from './parse.ts'
import { majorOf, planHostProgram, programsOf, recipeFor, taggedVersion } from './plan.ts'
import type { HostProgram, HostProgramInput, Recipe } from './types.ts'

const folder = fileURLToPath(new URL('../../../pushway/assets/host-programs', import.meta.url))
const recipes: readonly Recipe[] = readdirSync(folder).map((name) => {
  const { value, diagnostics } = parseRecipe(name, readFileSync(join(folder, name), 'utf8'))
  expect(diagnostics).toEqual([])
  return value as Recipe
})
const named = (name: string) => recipes.find((recipe) => recipe.name === name) as Recipe

function plan(name: string, input: Partial<HostProgramInput> = {}): HostProgram | readonly string[] {
  const recipe = named(name)
  const programs = Object.fromEntries(programsOf(recipe).map((program) => [program, `/bin/${program}`]))
  return planHostProgram(recipe, { service: 'db', env: {}, arguments: [], mounts: {}, files: {}, programs, ...input })
}

test.each([
  ['postgres:13', 'postgres', '13'],
  ['docker.io/library/postgres:16.2-alpine', 'postgres', '16.2'],
  ['postgres', 'postgres', undefined],
  ['redis:7-alpine', 'redis', '7'],
  ['rabbitmq:3-management', 'rabbitmq', '3'],
  ['nginx:alpine', 'nginx', undefined],
  ['prom/prometheus:v2.53.0', 'prometheus', '2.53.0'],
  ['grafana/grafana:latest', 'grafana', undefined],
  ['docker.elastic.co/elasticsearch/elasticsearch:7.17.0', 'elasticsearch', '7.17.0'],
  ['jaegertracing/all-in-one:latest', 'jaeger', undefined],
  ['acme/postgres:13', undefined, '13'],
  [`postgres@sha256:${'a'.repeat(64)}`, 'postgres', undefined],
])('%s is %s %s', (reference, name, version) => {
  expect([recipeFor(recipes, reference)?.name, taggedVersion(reference)]).toEqual([name, version])
})

test('majors of versions', () => {
  expect([majorOf('15.18'), majorOf('9.6.3', 2), majorOf('7')]).toEqual(['15', '9.6', '7'])
})

describe('postgres', () => {
  const env = { POSTGRES_DB: 'users', POSTGRES_USER: 'user', POSTGRES_PASSWORD: 'password' }

  test('makes its cluster with the documented variables, in the volume, and binds the address that it is given', () => {
    const program = plan('postgres', { env, mounts: { '/var/lib/postgresql/data': '/volumes/user-data' } }) as HostProgram
    expect(program.argv.slice(0, 5)).toEqual(['/bin/postgres', '-D', '/volumes/user-data', '-p', '{port:5432}'])
    expect(program.argv).toContain('listen_addresses={address}')
    expect(program.prepare[0]).toMatchObject({
      unless: '/volumes/user-data/PG_VERSION',
      argv: expect.arrayContaining(['-U', 'user', '--pwfile={run}/password']),
    })
    expect(program.prepare.map(({ argv }) => argv.at(-1))).toContain('start')
    expect(program.prepare.find(({ always }) => always)?.argv.at(-1)).toBe('stop')
    expect(program.prepare.find(({ input }) => input)?.input).toContain('CREATE DATABASE "users"')
    expect(program.files).toContainEqual({ path: '{run}/password', text: 'password', mode: 0o600 })
    expect(program.ready).toEqual(['/bin/pg_isready', '-h', '{address}', '-p', '{port:5432}', '-U', 'user', '-q'])
  })

  test("without variables: the image's defaults; the database is called as the user", () => {
    const program = plan('postgres', { env: { POSTGRES_PASSWORD: 'x' } }) as HostProgram
    expect(program.prepare.find(({ input }) => input)?.input).toContain('CREATE DATABASE "postgres"')
    expect(program.argv[2]).toBe('{run}/data')
  })

  test('a name that is no word is quoted for SQL', () => {
    const program = plan('postgres', { env: { ...env, POSTGRES_DB: 'my"db' } }) as HostProgram
    expect(program.prepare.find(({ input }) => input)?.input).toContain('CREATE DATABASE "my""db"')
  })

  test('scripts of the folder are run in their order, once', () => {
    const place = { mounts: { '/docker-entrypoint-initdb.d': '/repo/sql' }, files: { '/docker-entrypoint-initdb.d': ['2.sql', '1.sql', 'README.md'] } }
    const scripts = (plan('postgres', { env, ...place }) as HostProgram).prepare.flatMap(({ argv }) => (argv.includes('-f') ? [argv.at(-1)] : []))
    expect(scripts).toEqual(['/repo/sql/1.sql', '/repo/sql/2.sql'])
  })

  test.each<[string, Partial<HostProgramInput>, readonly string[]]>([
    ['no password', { env: {} }, ["db needs POSTGRES_PASSWORD: the superuser's password, as the image demands; or POSTGRES_HOST_AUTH_METHOD=trust"]],
    [
      'a variable of the image that is not known',
      { env: { ...env, POSTGRES_NEW: '1' } },
      ['db sets POSTGRES_NEW, which the host program postgres does not honour: remove it, or run it on an engine'],
    ],
    [
      'a mount that it does not read',
      { env, mounts: { '/etc/ssl': '/repo/ssl' } },
      [
        'db mounts /etc/ssl, which the host program postgres does not read: /var/lib/postgresql/data, /docker-entrypoint-initdb.d, /etc/postgresql/postgresql.conf, /run/secrets',
      ],
    ],
  ])('%s is refused by name', (_, input, problems) => {
    expect(plan('postgres', input)).toEqual(problems)
  })

  test('trust needs no password', () => {
    expect(plan('postgres', { env: { POSTGRES_HOST_AUTH_METHOD: 'trust' } })).toHaveProperty('argv')
  })
})

test("redis takes the service's own settings after its own", () => {
  const { argv } = plan('redis', { arguments: ['redis-server', '--appendonly', 'yes'] }) as HostProgram
  expect(argv).toEqual([
    '/bin/redis-server',
    '--bind',
    '{address}',
    '--port',
    '{port:6379}',
    '--dir',
    '{run}/data',
    '--protected-mode',
    'no',
    '--daemonize',
    'no',
    '--appendonly',
    'yes',
  ])
})

test('prometheus: paths of the image in the command are the mounted files', () => {
  const { argv } = plan('prometheus', {
    arguments: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus', '--web.console.libraries=/etc/prometheus/console_libraries'],
    mounts: { '/etc/prometheus/prometheus.yml': '/repo/prometheus.yml', '/prometheus': '/volumes/metrics' },
  }) as HostProgram
  expect(argv.slice(-3)).toEqual([
    '--config.file=/repo/prometheus.yml',
    '--storage.tsdb.path=/volumes/metrics',
    '--web.console.libraries=/etc/prometheus/console_libraries',
  ])
})

test('nginx: its configuration is copied with the address that it is given', () => {
  const { files } = plan('nginx', { mounts: { '/etc/nginx/nginx.conf': '/repo/nginx.conf' } }) as HostProgram
  const [file] = files
  const text = (file?.replace ?? []).reduce(
    (before, [pattern, by]) => before.replaceAll(new RegExp(pattern, 'gm'), by),
    'user nginx;\nlisten 80;\n listen [::]:80;\nlisten 8080 default_server;\n',
  )
  expect([file?.from, text]).toEqual(['/repo/nginx.conf', '\nlisten {address}:{port:80};\n \nlisten {address}:{port:80} default_server;\n'])
})

test('rabbitmq says who may sign in', () => {
  const { files } = plan('rabbitmq', { env: { RABBITMQ_DEFAULT_USER: 'shop' } }) as HostProgram
  expect(files[0]?.text).toContain('default_user = shop\ndefault_pass = guest')
})

test('a recipe of a user is read with every mistake at its place', () => {
  const { diagnostics } = parseRecipe('mine.yml', 'name: mine\nimage: x\nports: [a]\nfiles: [{ path: a, when: sometimes }]\n')
  expect(diagnostics.map(({ at, message }) => `${at.line}:${at.column} ${message}`)).toEqual([
    '2:1 mine.yml has no key "image": did you mean "images"?',
    '3:9 ports[0] must be a whole number.',
    '4:26 when must be "env NAME", "mount /path" or "arguments", with "no" before it where it is the other way round.',
    '1:1 mine.yml needs program.',
    '1:1 mine.yml needs install.',
    '1:1 mine.yml needs images.',
  ])
})
