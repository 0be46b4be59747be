'use strict'

// The real Postgres, Redis and RabbitMQ for the integration tests: from SHOP_POSTGRES (host:port), SHOP_REDIS and SHOP_RABBITMQ (URLs) when they are set,
// else the machine's own programs on ports of their own. What is neither there nor named is undefined.

const { execFileSync, spawn, spawnSync } = require('node:child_process')
const { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, chownSync, writeFileSync } = require('node:fs')
const { createServer, connect } = require('node:net')
const { tmpdir } = require('node:os')
const { delimiter, join } = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')

const stops = []

/** A path of `program` on PATH or where Debian keeps it; undefined when it is not on this machine. */
function find(program) {
  const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`) : []
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...versions, '/usr/sbin', '/usr/lib/rabbitmq/bin']
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file))
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

async function untilOpen(port, what, alive = () => true) {
  for (let tries = 0; tries < 600 && alive(); tries++) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('connect', () => socket.end())
    })
    if (open) return
    await sleep(100)
  }
  throw new Error(`${what} did not come up`)
}

/** Databases refuse to run as root: then they run as nobody, in a folder that is nobody's. */
function unprivileged(folder) {
  if (process.getuid() !== 0) return {}
  const nobody = { uid: 65534, gid: 65534 }
  chownSync(folder, nobody.uid, nobody.gid)
  return nobody
}

/** A signal to the whole group of a program. */
function signal(pid, name) {
  try {
    process.kill(-pid, name)
  } catch {
    // It is gone already.
  }
}

function start(program, args, { folder, env = {}, after = () => {}, ...owner }) {
  const child = spawn(program, args, { cwd: folder, stdio: 'ignore', detached: true, env: { ...process.env, HOME: folder, ...env }, ...owner })
  child.once('error', () => {})
  stops.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      signal(child.pid, 'SIGTERM')
      const late = setTimeout(() => signal(child.pid, 'SIGKILL'), 8000)
      await ended
      clearTimeout(late)
    }
    after()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return () => child.exitCode === null && child.signalCode === null
}

async function startPostgres() {
  if (process.env.SHOP_POSTGRES) return process.env.SHOP_POSTGRES
  const initdb = find('initdb')
  if (!initdb) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'shop-postgres-'))
  const owner = unprivileged(folder)
  const data = join(folder, 'data')
  writeFileSync(join(folder, 'password'), 'password')
  execFileSync(initdb, ['-D', data, '-U', 'user', '--pwfile', join(folder, 'password'), '-A', 'scram-sha-256', '--no-sync'], { stdio: 'ignore', ...owner })
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'fsync=off', `unix_socket_directories=${folder}`].flatMap((setting) => ['-c', setting])
  const alive = start(find('postgres'), ['-D', data, '-p', String(port), ...settings], { folder, ...owner })
  await untilOpen(port, 'postgres', alive)
  return `127.0.0.1:${port}`
}

async function startRedis() {
  if (process.env.SHOP_REDIS) return process.env.SHOP_REDIS
  const program = find('redis-server')
  if (!program) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'shop-redis-'))
  const port = await freePort()
  const alive = start(program, ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { folder, ...unprivileged(folder) })
  await untilOpen(port, 'redis', alive)
  return `redis://127.0.0.1:${port}`
}

async function startRabbit() {
  if (process.env.SHOP_RABBITMQ) return process.env.SHOP_RABBITMQ
  const program = ['/usr/lib/rabbitmq/bin/rabbitmq-server'].find((file) => existsSync(file))
  if (!program) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'shop-rabbit-'))
  const owner = unprivileged(folder)
  const [port, distribution] = [await freePort(), await freePort()]
  for (const name of ['mnesia', 'log']) mkdirSync(join(folder, name))
  if (owner.uid) for (const name of ['mnesia', 'log']) chownSync(join(folder, name), owner.uid, owner.gid)
  writeFileSync(join(folder, 'plugins'), '[].')
  const env = {
    RABBITMQ_NODENAME: `shop${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    ERL_EPMD_PORT: String(await freePort()),
  }
  // Erlang's port mapper leaves the group; it goes when it is asked to.
  const after = () => spawnSync('epmd', ['-port', env.ERL_EPMD_PORT, '-kill'], { stdio: 'ignore' })
  const alive = start(program, [], { folder, env, after, ...owner })
  await untilOpen(port, 'rabbitmq', alive)
  return `amqp://127.0.0.1:${port}`
}

/** Starts what is needed; gives `{ postgres, redis, rabbitmq, missing }`. */
async function startBacking() {
  const [postgres, redis, rabbitmq] = await Promise.all([startPostgres(), startRedis(), startRabbit()])
  const missing = Object.entries({ postgresql: postgres, 'redis-server': redis, 'rabbitmq-server': rabbitmq }).flatMap(([name, there]) => (there ? [] : [name]))
  return { postgres, redis, rabbitmq, missing }
}

async function stopBacking() {
  await Promise.all(stops.splice(0).map((stop) => stop()))
}

module.exports = { find, startBacking, stopBacking }
