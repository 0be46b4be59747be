// `pushway run` by the short way: its own bundle, with the code that V8 compiled at an earlier start.
'use strict'

const { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs')
const { homedir } = require('node:os')
const { dirname, join } = require('node:path')
const { Script, constants } = require('node:vm')

/** Calls with these leave most of the program unused, so that what they had compiled is not worth keeping. */
const shorter = new Set(['-h', '--help', '-V', '--version', '--dry-run', '--graph'])
const dist = join(__dirname, '..', 'dist')
/** What was loaded without compiled code of an earlier start. */
const fresh = []

if (process.env.PUSHWAY_NODE_EXTRA_CA_CERTS !== undefined) {
  process.env.NODE_EXTRA_CA_CERTS = process.env.PUSHWAY_NODE_EXTRA_CA_CERTS
  delete process.env.PUSHWAY_NODE_EXTRA_CA_CERTS
}
if (existsSync(join(dist, 'run.cjs'))) start()
else import('./pushway.js')

function start() {
  load('run.cjs')
    .runAlone(process.argv.slice(2))
    .then((exit) => {
      process.exitCode = exit
      if (!process.argv.some((word) => shorter.has(word))) for (const { script, cache } of fresh) save(script, cache)
    })
}

/** The exports of a file of the bundle. V8 itself refuses code of another version or of other options, and code that is not whole. */
function load(name) {
  const file = join(dist, name)
  const cache = codeFile(name, file)
  // The bundler writes ASCII only.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`
  const cachedData = readIfThere(cache)
  const dynamic = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER
  const script = new Script(source, { filename: file, cachedData, ...(dynamic ? { importModuleDynamically: dynamic } : {}) })
  if (cachedData === undefined || script.cachedDataRejected) fresh.push({ script, cache })
  const program = { exports: {} }
  script.runInThisContext()(program.exports, (asked) => (asked === './parse.cjs' ? load('parse.cjs') : require(asked)), program, file, dist)
  return program.exports
}

/** Its name says which build by which Node.js it is of; for this user only, as it is code. */
function codeFile(name, file) {
  const { mtimeMs, size } = statSync(file)
  const xdg = process.env.XDG_CACHE_HOME
  const home = process.env.HOME || homedir()
  const folder = xdg?.startsWith('/') ? xdg : process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache')
  const flags = process.execArgv.join('').replace(/[^a-z0-9=]/g, '')
  return join(folder, 'pushway', 'code', `${name}-${process.version}-${process.arch}${flags}-${Math.round(mtimeMs)}-${size}`)
}

function readIfThere(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** After a run: the functions that it used are compiled then. Where it can't be written, the next start takes longer and nothing else. */
function save(script, cache) {
  const temporary = `${cache}.${process.pid}`
  try {
    mkdirSync(dirname(cache), { recursive: true, mode: 0o700 })
    const fd = openSync(temporary, 'wx', 0o600)
    try {
      writeFileSync(fd, script.createCachedData())
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, cache)
  } catch {
    rmSync(temporary, { force: true })
  }
}
