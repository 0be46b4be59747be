// `pushway run` by the short way: its own bundle, with the code that V8 compiled at an earlier start.
'use strict'

const { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require('node:fs')
const { homedir } = require('node:os')
const { dirname, join } = require('node:path')
const { Script, constants } = require('node:vm')

/** Calls with these leave most of the program unused, so that what they had compiled is not worth keeping. */
const shorter = new Set(['-h', '--help', '-V', '--version', '--dry-run', '--graph'])
const bundle = join(__dirname, '..', 'dist', 'run.cjs')

if (process.env.PUSHWAY_NODE_EXTRA_CA_CERTS !== undefined) {
  process.env.NODE_EXTRA_CA_CERTS = process.env.PUSHWAY_NODE_EXTRA_CA_CERTS
  delete process.env.PUSHWAY_NODE_EXTRA_CA_CERTS
}
if (existsSync(bundle)) start()
else import('./pushway.js')

function start() {
  const cache = codeFile()
  const { script, known } = compile(cache)
  const program = { exports: {} }
  script.runInThisContext()(program.exports, require, program, bundle, dirname(bundle))
  program.exports.runAlone(process.argv.slice(2)).then((exit) => {
    process.exitCode = exit
    if (!known && !process.argv.some((word) => shorter.has(word))) save(script, cache)
  })
}

/** V8 itself refuses code of another version or of other options, and code that is not whole. */
function compile(cache) {
  // The bundler writes ASCII only.
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(bundle, 'latin1')}\n})`
  const cachedData = readIfThere(cache)
  const dynamic = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER
  const script = new Script(source, { filename: bundle, cachedData, ...(dynamic ? { importModuleDynamically: dynamic } : {}) })
  return { script, known: cachedData !== undefined && script.cachedDataRejected === false }
}

/** Its name says which build by which Node.js it is of; for this user only, as it is code. */
function codeFile() {
  const { mtimeMs, size } = statSync(bundle)
  const xdg = process.env.XDG_CACHE_HOME
  const home = process.env.HOME || homedir()
  const folder = xdg?.startsWith('/') ? xdg : process.platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache')
  return join(folder, 'pushway', 'code', `run-${process.version}-${process.arch}-${Math.round(mtimeMs)}-${size}`)
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
  const fresh = `${cache}.${process.pid}`
  try {
    mkdirSync(dirname(cache), { recursive: true, mode: 0o700 })
    const fd = openSync(fresh, 'wx', 0o600)
    try {
      writeFileSync(fd, script.createCachedData())
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(fresh, cache)
  } catch {
    rmSync(fresh, { force: true })
  }
}
