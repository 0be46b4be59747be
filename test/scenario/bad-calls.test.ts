// What people call wrongly, and what a machine refuses: one sentence, a stable code, an exit code, nothing left behind.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type CommandResult, runProgram, startServer, type TestServer } from '../support/server.ts'
import { tempDir } from '../support/temp.ts'

// Each command is a process of its own, several in a test: slow machines take their time.
vi.setConfig({ testTimeout: 120_000 })

let server: TestServer
const project = 'acme/empty'

beforeAll(async () => {
  server = await startServer()
  await server.client.createProject(project)
})

afterAll(() => server?.stop())

/** The sentence with its code, then at most one line of what to do; nothing on stdout, no stack. */
function expectRefusal(result: CommandResult, code: string, exit: number): void {
  expect(result.stderr).toMatch(new RegExp(`^error: [^\\n]+ \\(${code}\\)\\n([^\\n]+\\n)?$`))
  expect(result).toMatchObject({ exit, stdout: '' })
}

describe('what is not there', () => {
  const asks: readonly (readonly [what: string, args: readonly string[], code: string, exit: number])[] = [
    ['unknown environment: describe', ['describe', 'environment', 'moon'], 'not-found', 5],
    ['unknown environment: history', ['history', 'moon'], 'not-found', 5],
    ['unknown environment: rollback', ['rollback', 'moon'], 'not-found', 5],
    ['unknown environment: promote', ['promote', 'moon', 'mars'], 'not-found', 5],
    ['unknown environment: logs', ['logs', '-e', 'moon'], 'not-found', 5],
    ['unknown release: get', ['get', 'release', 'v99'], 'not-found', 5],
    ['unknown run: get', ['get', 'run', '99'], 'not-found', 5],
    ['unknown run: logs', ['logs', '99/build'], 'not-found', 5],
    ['unknown run: cancel', ['cancel', '99'], 'not-found', 5],
    ['unknown run or deployment: explain', ['explain', 'zzzzzzzzzzzzzzzz'], 'not-found', 5],
    ['unknown deployment: approve', ['approve', 'zzzz', '-m', 'yes'], 'not-found', 5],
    ['unknown branch: plan', ['plan', 'staging', '--ref', 'nowhere'], 'not-found', 5],
    ['unknown project', ['get', 'runs', '-p', 'acme/none'], 'not-found', 5],
    ['unknown user: member set', ['member', 'set', 'nobody', 'read'], 'not-found', 5],
    ['a project that exists already', ['project', 'create', project], 'already-exists', 3],
    ['a workflow file that is not there: plan -W', ['plan', '-W', 'none.yml'], 'not-found', 5],
  ]
  test.each(asks)('%s', async (_, args, code, exit) => {
    expectRefusal(await server.cli([...args], { env: { PUSHWAY_PROJECT: project } }), code, exit)
  })
})

describe('wrong calls', () => {
  const calls: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
    ['an unknown command', ['gett'], /unknown command 'gett'\n\(Did you mean get\?\)/],
    ['an unknown flag', ['get', 'runs', '--al'], /unknown option '--al'/],
    ['an unknown kind', ['get', 'rins'], /There is nothing called "rins" to get\. \(usage\)\nDid you mean runs\?/],
    ['an unknown output format', ['get', 'runs', '-o', 'xml'], /There is no output format "xml"\. \(usage\)/],
    ['a missing argument', ['describe', 'run'], /missing required argument 'name'/],
    ['one argument too many', ['history', 'staging', 'again'], /too many arguments/],
    ['a choice that is none', ['token', 'create', '--scope', 'all'], /Allowed choices are read, write/],
    ['a project that is no name', ['get', 'runs', '-p', 'hello'], /"hello" is no project/],
    ['a server that is no address', ['get', 'projects', '--server', 'http://['], /is no address of a server/],
    ['a port that is none', ['server', '--port', '70000'], /"70000" is no port/],
    ['logs of nothing', ['logs', '-p', 'acme/hello'], /The log of what\?/],
    ['an input without a value', ['dispatch', 'ci.yml', '--input', 'name'], /--input "name" has no value/],
    ['a length of time that is none', ['token', 'create', '--expires', 'soon'], /"soon" is no length of time/],
    ['a plan of nothing', ['plan'], /Plan what\?/],
    ['down without saying all', ['down'], /stops every service/],
    ['a group without its command', ['project'], /Usage: pushway project/],
  ]
  test.each(calls)('%s: exit 2 and one sentence', async (_, args, says) => {
    const result = await runProgram([...args], { cwd: tempDir('calls') })
    expect(result).toMatchObject({ exit: 2, stdout: '' })
    expect(result.stderr).toMatch(says)
    expect(result.stderr).not.toMatch(/\n\s+at /)
  })

  test('--help and --version are no mistakes', async () => {
    expect(await runProgram(['get', '--help'])).toMatchObject({ exit: 0, stderr: '', stdout: expect.stringContaining('Usage: pushway get') })
    expect(await runProgram(['help', 'rollback'])).toMatchObject({ exit: 0, stdout: expect.stringContaining('--to <release>') })
    expect(await runProgram(['--version'])).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('the server that is meant', () => {
  test('no server answers', async () => {
    expectRefusal(await runProgram(['get', 'projects'], { env: { PUSHWAY_URL: 'http://127.0.0.1:1' } }), 'server-unreachable', 75)
  })

  test('what answers is no Pushway server', async () => {
    const { createServer: createHttp } = await import('node:http')
    const other = createHttp((_, res) => res.writeHead(418).end('I am something else'))
    const port = await listen(other)
    expectRefusal(await runProgram(['get', 'projects'], { env: { PUSHWAY_URL: `http://127.0.0.1:${port}` } }), 'server-unreachable', 75)
    other.close()
  })

  test('nobody is signed in', async () => {
    expectRefusal(await runProgram(['get', 'projects'], { env: { PUSHWAY_URL: server.url } }), 'sign-in-required', 4)
  })

  test('a credentials file that is none of ours', async () => {
    const config = tempDir('config')
    mkdirSync(join(config, 'pushway'))
    writeFileSync(join(config, 'pushway', 'credentials.json'), 'not json')
    expectRefusal(await runProgram(['get', 'projects'], { env: { XDG_CONFIG_HOME: config } }), 'usage', 2)
  })
})

describe('starting a server', () => {
  test('a second server on the same data directory is refused; the first goes on', async () => {
    expectRefusal(await runProgram(['server', '--data', server.data, '--port', '0']), 'data-in-use', 3)
    expect(await server.client.me()).toMatchObject({ name: 'admin' })
  })

  test('down --all while the server runs is refused', async () => {
    expectRefusal(await runProgram(['down', '--all', '--data', server.data]), 'data-in-use', 3)
  })

  test('a port in use is refused, and nothing is left running or locked', async () => {
    const other = createServer()
    const port = await listen(other)
    const data = join(tempDir('port'), 'data')
    expectRefusal(await runProgram(['server', '--data', data, '--port', String(port)]), 'server-port-in-use', 3)
    expect(existsSync(join(data, 'server.lock'))).toBe(false)
    expect(readdirSync(join(data, 'agent')).filter((name) => !name.endsWith('.socket'))).toEqual([])
    other.close()
  })

  test('a data directory that is a file is refused, and the file is left as it is', async () => {
    const file = join(tempDir('file'), 'data')
    writeFileSync(file, 'mine')
    expectRefusal(await runProgram(['server', '--data', file, '--port', '0']), 'data-not-writable', 1)
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  // Nothing is read-only for root: bad-machine.test.ts shows it there with another user.
  if (process.getuid?.() !== 0) {
    test('a read-only data directory is refused', async () => {
      const dir = tempDir('readonly')
      chmodSync(dir, 0o555)
      expectRefusal(await runProgram(['server', '--data', dir, '--port', '0']), 'data-not-writable', 1)
      chmodSync(dir, 0o755)
    })
  }

  test('an isolation that does not exist is refused', async () => {
    const call = { env: { PUSHWAY_ISOLATION: 'magic' } }
    expectRefusal(await runProgram(['server', '--data', join(tempDir('isolation'), 'data'), '--port', '0'], call), 'usage', 2)
  })
})

function listen(target: Server | import('node:http').Server): Promise<number> {
  return new Promise((resolve) => {
    target.listen(0, '127.0.0.1', () => {
      const address = target.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}
