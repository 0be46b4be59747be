// Machines that are not what they should be: one clear sentence, a stable code, exit ≠ 0, nothing lost.

import { execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { needs, needsLinux, needsRoot } from '../support/needs.ts'
import { runProgram, startServer } from '../support/server.ts'
import { refusal, startAgain, startSteady, until } from '../support/story.ts'
import { tempDir } from '../support/temp.ts'
import { tinyProject } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }
const unprivileged = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

function refusedStart(data: string, args: readonly string[] = ['--port', '0']) {
  return runProgram(['server', '--data', data, ...args])
}

test('a second server on the same data folder', forgiving, async () => {
  const server = await startServer()
  const second = await refusedStart(server.data)
  expect(second).toMatchObject({ exit: 3, stdout: '' })
  expect(second.stderr).toBe(
    `error: Another Pushway server (pid ${server.pid}) uses the data directory ${server.data}. (data-in-use)\nStop it first, or give this one its own --data.\n`,
  )
  expect((await server.client.me()).name).toBe('admin')
})

test('the port is in use', forgiving, async () => {
  const other = createServer()
  const port = await freePort()
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
  const refused = await refusedStart(join(tempDir('port'), 'data'), ['--port', String(port)])
  expect(refused).toMatchObject({ exit: 3, stdout: '' })
  expect(refused.stderr).toBe(`error: Port ${port} is already used by another program. (server-port-in-use)\nChoose another one: pushway server --port N.\n`)
  await new Promise((resolve) => other.close(resolve))
})

test('a file where the data folder should be', forgiving, async () => {
  const file = join(tempDir('file'), 'data')
  writeFileSync(file, 'mine')
  const refused = await refusedStart(file)
  expect(refused).toMatchObject({ exit: 1, stdout: '' })
  expect(refused.stderr).toContain('(data-not-writable)')
  expect(refused.stderr).toContain(file)
})

const noOther = [needsLinux(), needsRoot(), needs('setpriv', 'util-linux')].some(({ skip }) => skip)
test.skipIf(noOther)('a data folder that the user may not write (root only) (Linux only)', forgiving, async () => {
  const dir = tempDir('readonly')
  chmodSync(dir, 0o755)
  const data = join(dir, 'data')
  mkdirSync(data, { mode: 0o755 })
  const refused = await runProgram(['server', '--data', data, '--port', '0'], { as: unprivileged })
  expect(refused).toMatchObject({ exit: 1, stdout: '' })
  expect(refused.stderr).toContain(`error: The data directory ${data} can't be written: EACCES. (data-not-writable)`)
})

const noMount = [needsLinux(), needsRoot(), needs('mount')].some(({ skip }) => skip) || !canMount()
test.skipIf(noMount)('a full disk: what was confirmed stays, and it goes on when there is space again (root only) (Linux only)', forgiving, async () => {
  const disk = join(tempDir('disk'), 'disk')
  mkdirSync(disk)
  chmodSync(join(disk, '..'), 0o711)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=0711', 'tmpfs', disk])
  try {
    let server = await startSteady({ data: join(disk, 'data') })
    const { name } = await server.client.createProject('acme/disk')
    await server.client.setVariable(name, 'BEFORE', { value: 'kept' })
    fill(join(disk, 'filler'))
    const confirmed: string[] = []
    const refused = await until('the disk to be full for the server too', async () => {
      const variable = `V${confirmed.length}`
      const outcome = await server.client.setVariable(name, variable, { value: 'x'.repeat(4_000) }).then(
        () => undefined,
        (error: Error & { code?: string }) => error,
      )
      if (outcome === undefined) confirmed.push(variable)
      return outcome
    })
    expect(refused.code).toBe('disk-full')
    expect((await server.client.variables(name)).map((one) => one.name)).toEqual(expect.arrayContaining(['BEFORE', ...confirmed]))

    const project = await tinyProject(name)
    const push = await project.push(server, 'main')
    expect(push.exit).not.toBe(0)

    rmSync(join(disk, 'filler'))
    await server.client.setVariable(name, 'AFTER', { value: 'goes on' })
    await server.kill()
    server = await startAgain(server)
    expect((await server.client.variables(name)).map((one) => one.name)).toEqual(expect.arrayContaining(['BEFORE', ...confirmed, 'AFTER']))
    expect(await project.push(server, 'feature')).toMatchObject({ exit: 0 })
    expect(await refusal(server.client.run(name, 4711))).toMatchObject({ code: 'not-found' })
    await server.stop()
  } finally {
    execFileSync('umount', ['-l', disk])
  }
})

/** Writes until nothing more fits, not a single page. */
function fill(file: string): void {
  const out = openSync(file, 'w')
  try {
    for (let size = 1 << 20; size >= 1; size = Math.floor(size / 2)) {
      for (;;) {
        try {
          if (writeSync(out, Buffer.alloc(size)) < size) break
        } catch {
          break
        }
      }
    }
  } finally {
    closeSync(out)
  }
}

function canMount(): boolean {
  const dir = tempDir('mount')
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir], { stdio: 'ignore' })
    execFileSync('umount', [dir])
    return true
  } catch {
    return false
  }
}
