// The app of a commit's compose files: what they name is read from the commit, pinned by its object, and never from outside the repository.

import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { expect, test } from 'vitest'
import { composeAt, pinFiles } from './compose-app.ts'

function at(files: Readonly<Record<string, string>>, { main = ['deploy/compose.yaml'], env = {}, runtime = 'docker' as 'docker' | 'process' } = {}) {
  return composeAt({
    files: main.map((file) => ({ file, text: files[file] ?? '' })),
    name: 'acme-shop-production',
    runtime,
    env,
    read: async (path) => files[path],
  })
}

const shop = {
  'deploy/compose.yaml': `
include: [../db/compose.yaml]
services:
  web:
    extends: { file: ../common/base.yaml, service: base }
    image: web:\${TAG}
    env_file: [../common/web.env, { path: local.env, required: false }]
    volumes: ["./conf/nginx.conf:/etc/nginx.conf:ro", "./data:/data", "named:/named", "/var/run/x:/x"]
    configs: [{ source: app, target: /etc/app.yml, mode: 0440 }]
    secrets: [token]
    networks: { default: , back: { aliases: [shop], ipv4_address: 10.0.0.5 } }
    restart: on-failure:3
    deploy: { replicas: 2, resources: { limits: { cpus: "0.5", memory: 64M } }, update_config: { order: start-first, delay: 5s } }
    profiles: [main]
  off: { image: off, profiles: [never] }
volumes: { named: { labels: { a: b } } }
networks: { back: { ipam: { config: [{ subnet: 10.0.0.0/24 }] } } }
configs: { app: { file: ./conf/app.yml } }
secrets: { token: { environment: TOKEN } }
`,
  'deploy/.env': 'TAG=from-file\nCOMPOSE_PROFILES=main\n',
  'deploy/conf/nginx.conf': 'x',
  'deploy/conf/app.yml': 'y',
  'common/base.yaml': 'services:\n  base: { environment: { BASE: "1" }, volumes: ["./shared:/shared"] }\n',
  'common/web.env': 'FROM_FILE=yes\n',
  'db/compose.yaml': 'services:\n  db: { image: postgres, volumes: ["./init.sql:/init.sql"] }\n',
  'db/init.sql': 'z',
}

test('reads every file that the files name, and the .env beside them', async () => {
  const { value, diagnostics } = await at(shop, { env: { TOKEN: '{{secrets.TOKEN@2}}' } })
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([])
  const web = value?.services.find(({ name }) => name === 'web')
  expect(web).toMatchObject({
    image: { reference: 'web:from-file' },
    environment: { BASE: '1', FROM_FILE: 'yes' },
    restart: { policy: 'on-failure', maxRetries: 3 },
    resources: { cpus: 0.5, memoryBytes: 67_108_864 },
    update: { order: 'start-first', delayMs: 5000 },
    replicas: 2,
    networks: [{ network: 'back', aliases: ['shop'], ipv4: '10.0.0.5' }, { network: 'default' }],
  })
  expect(web?.mounts).toEqual([
    { kind: 'bind', from: 'project', path: 'common/shared', target: '/shared', readOnly: false, createPath: true },
    { kind: 'bind', from: 'project', path: 'deploy/conf/nginx.conf', target: '/etc/nginx.conf', readOnly: true, createPath: true },
    { kind: 'bind', from: 'project', path: 'deploy/data', target: '/data', readOnly: false, createPath: true },
    { kind: 'volume', volume: 'named', target: '/named', readOnly: false },
    { kind: 'bind', from: 'machine', path: '/var/run/x', target: '/x', readOnly: false, createPath: true },
    { kind: 'file', from: 'config', source: 'app', target: '/etc/app.yml', mode: 0o440 },
    { kind: 'file', from: 'secret', source: 'token', target: '/run/secrets/token' },
  ])
  expect(value?.volumes).toEqual({ named: { name: 'acme-shop-production_named', labels: { a: 'b' } } })
  expect(value?.secrets).toEqual({
    token: { name: 'acme-shop-production_token', source: { kind: 'environment', variable: 'TOKEN', value: '{{secrets.TOKEN@2}}' } },
  })
  expect(value?.services.map(({ name }) => name).toSorted()).toEqual(['db', 'web'])
})

test("what the environment sets wins over the repository's .env", async () => {
  expect((await at(shop, { env: { TAG: 'outside' } })).value?.services.find(({ name }) => name === 'web')?.image).toMatchObject({ reference: 'web:outside' })
})

test('pins mounted files by their objects', async () => {
  const { value } = await at(shop)
  const objects: Readonly<Record<string, string>> = {
    'deploy/conf/nginx.conf': 'a'.repeat(40),
    'deploy/conf/app.yml': 'b'.repeat(40),
    'db/init.sql': 'c'.repeat(40),
  }
  const pinned = value && (await pinFiles(value, async (path) => objects[path]))
  const mounts = pinned?.services.flatMap(({ mounts: all }) => all ?? []).filter((mount) => mount.kind === 'bind')
  expect(
    mounts?.filter((mount) => mount.kind === 'bind' && mount.object !== undefined).map((mount) => mount.kind === 'bind' && [mount.path, mount.object]),
  ).toEqual([
    ['deploy/conf/nginx.conf', 'a'.repeat(40)],
    ['db/init.sql', 'c'.repeat(40)],
  ])
  expect(pinned?.configs?.app?.source).toEqual({ kind: 'project', path: 'deploy/conf/app.yml', object: 'b'.repeat(40) })
})

test.each([
  {
    what: 'a mounted path',
    text: 'services:\n  a: { image: x, volumes: ["../../etc:/etc"] }',
    says: 'deploy/compose.yaml:2:28: error: ../etc leads out of the repository. (compose-outside)',
  },
  { what: 'a home', text: 'services:\n  a: { image: x, volumes: ["~/x:/x"] }', says: '~/x begins in somebody' },
  { what: 'an env file', text: 'services:\n  a: { image: x, env_file: ../../x.env }', says: '../x.env is outside the repository' },
  { what: 'an included file', text: 'include: [../../x.yaml]\nservices:\n  a: { image: x }', says: '../../x.yaml is outside the repository' },
  { what: 'an extended file', text: 'services:\n  a: { extends: { file: /etc/x.yaml, service: a } }', says: '/etc/x.yaml is outside the repository' },
  { what: 'a file of another machine', text: 'include: ["https://github.com/a/b.git"]\nservices:\n  a: { image: x }', says: 'is on another machine' },
  { what: 'a folder to build', text: 'services:\n  a: { build: ../.. }', says: 'services.a.build leads out of the repository' },
  { what: 'a config', text: 'services:\n  a: { image: x, configs: [c] }\nconfigs: { c: { file: ../../c } }', says: '../c leads out of the repository' },
])('refuses $what outside the repository', async ({ text, says }) => {
  const { value, diagnostics } = await at({ 'deploy/compose.yaml': text })
  expect(value).toBeUndefined()
  expect(diagnostics.map(formatDiagnostic).join('\n')).toContain(says)
})

test('names what processes do not have, at its place', async () => {
  const text = `services:
  web:
    image: x
    cap_add: [NET_ADMIN]
    restart: always
    volumes: ["data:/d"]
    mem_limit: 64m
    privileged: false
    deploy: { update_config: { order: start-first } }
volumes: { data: }
`
  const process = await at({ 'deploy/compose.yaml': text }, { runtime: 'process' })
  expect(process.value).toBeDefined()
  expect(process.diagnostics.map((one) => formatDiagnostic(one).replace('deploy/compose.yaml:', ''))).toEqual([
    '4:5: warning: services.web.cap_add has no effect on the process runtime: a process has no container. (compose-no-effect)',
    '6:5: warning: services.web.volumes has no effect on the process runtime: nothing is mounted into a process: what it writes there goes with the instance, and what would be mounted there is missing. (compose-no-effect)',
    '7:5: warning: services.web.mem_limit has no effect on the process runtime: limits are not enforced on processes. (compose-no-effect)',
    '9:15: warning: services.web.deploy.update_config has no effect on the process runtime: the strategy of pushway.yml says how instances are replaced. (compose-no-effect)',
  ])
  const docker = await at({ 'deploy/compose.yaml': text })
  expect(docker.diagnostics).toHaveLength(1)
})

test('refuses what would lose its meaning', async () => {
  const { value, diagnostics } = await at({ 'deploy/compose.yaml': 'services:\n  db: { provider: { type: cloud } }\n' })
  expect(value).toBeUndefined()
  expect(diagnostics.map((one) => one.code)).toContain('compose-not-yet')
})
