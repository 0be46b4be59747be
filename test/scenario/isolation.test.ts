// A pushed workflow whose steps reach for what is not theirs, through the whole program: as root, as an ordinary user, and without isolation.

import { chmodSync, chownSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { controlSocket } from '../../packages/pushway/src/util/control-socket.ts'
import { detectIsolation } from '../../packages/pushway/src/util/isolation/index.ts'
import { needs, needsLinux, needsRoot } from '../support/needs.ts'
import { programCommand, runProgram, startServer, type TestServer } from '../support/server.ts'
import { answering, bothAnswer, runEnds, runOf, shipped, until } from '../support/story.ts'
import { tempDir } from '../support/temp.ts'
import { type TinyProject, tinyProject, workflow } from '../support/tiny-project.ts'

const forgiving = { timeout: 60_000 }

/** Attempts at what is the server's or another job's; each says `open: NAME` when it succeeds and `closed: NAME` when not. */
function attempts({ data, pid }: TestServer): readonly (readonly [name: string, command: string])[] {
  const connect = (socket: string) =>
    `node -e 'require("net").connect(process.argv[1]).on("connect", () => process.exit(0)).on("error", () => process.exit(1))' ${socket}`
  return [
    ['the data folder', `ls ${data} | grep -Eq 'key|pushway|git|blobs|server'`],
    ['the key', `cat ${join(data, 'key')}`],
    ['the database', `head -c 16 ${join(data, 'pushway.db')} | grep -q SQLite`],
    ['writing into the data folder', `touch ${join(data, 'mark')} && test -e ${join(data, 'pushway.db')}`],
    ['the spools of jobs', `ls ${join(data, 'jobs')} | grep -q .`],
    ['the other workspace', `grep -rqs 'held by the other jo[b]' ${join(data, 'work')}`],
    ["the proxy's socket", connect(controlSocket(join(data, 'proxy'), 'proxy'))],
    ["the agent's socket", connect(controlSocket(join(data, 'agent'), 'agent'))],
    ["the server's environment", `cat /proc/${pid}/environ | tr '\\0' '\\n' | grep -q '^PATH='`],
    ["the server's memory", `head -c 1 /proc/${pid}/mem`],
    ["the server's open files", `ls /proc/${pid}/fd | grep -q .`],
  ]
}

/** Pushes a workflow of a job that holds something in its workspace, and one that tries everything meanwhile; gives what it said. */
async function reach(server: TestServer, project: TinyProject): Promise<readonly string[]> {
  const tries = attempts(server)
  const script = tries.map(([name, command]) => `if (${command}) >/dev/null 2>&1; then echo "open: ${name}"; else echo "closed: ${name}"; fi`)
  const jobs = `  holds:
    runs-on: ubuntu-latest
    steps: [{ run: "echo held by the other job > mine; echo held; sleep 8" }]
  tries:
    runs-on: ubuntu-latest
    steps:
      - run: |
          sleep 2
${script.map((line) => `          ${line}`).join('\n')}
          echo tried
`
  await project.commit({ '.github/workflows/tries.yml': workflow(['tries'], jobs) })
  const run = await runOf(server, project, await project.push(server, 'tries'))
  const log = async () => (await server.client.jobLog(project.name, run.number, { job: 'tries' })).lines.map((line) => line.text)
  const lines = await until('all attempts', async () => {
    const said = await log()
    return said.includes('tried') && said
  })
  await server.client.cancelRun(project.name, run.number).catch(() => undefined)
  await runEnds(server, project, run)
  const said = lines.filter((line) => /^(open|closed): /.test(line))
  expect(said).toHaveLength(tries.length)
  return said.filter((line) => line.startsWith('open: '))
}

/** What a step says. */
async function says(server: TestServer, project: TinyProject, script: string): Promise<readonly string[]> {
  const job = `  says:\n    runs-on: ubuntu-latest\n    steps:\n      - run: ${JSON.stringify(script)}\n`
  await project.commit({ '.github/workflows/says.yml': workflow(['says'], job) })
  const run = await runOf(server, project, await project.push(server, 'says'))
  await runEnds(server, project, run)
  return (await server.client.jobLog(project.name, run.number, { job: 'says' })).lines.map((line) => line.text)
}

const here = await detectIsolation('auto')

describe.skipIf(needsLinux().skip || needsRoot().skip || here.kind !== 'uid')('as root (root only) (Linux only)', forgiving, () => {
  test('steps run as a user of their project, and reach nothing of the server or of another job', async () => {
    const server = await startServer()
    const project = await tinyProject('acme/rooted')
    await shipped(server, project, 'develop')
    expect(await reach(server, project)).toEqual([])
    expect(await says(server, project, 'echo "I am $(id -un) of $(id -gn), $(whoami)"')).toContain('I am pushway of pushway, pushway')
    expect(await answering(project.urls.staging)).toMatchObject({ versions: ['1'] })
    await server.stop()
  })
})

const unprivileged = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const noOther = [needsLinux(), needsRoot(), needs('setpriv', 'util-linux')].some(({ skip }) => skip)

/** A server as an ordinary user. */
async function ordinary(env: Readonly<Record<string, string>>): Promise<TestServer> {
  const dir = tempDir('ordinary')
  chmodSync(dir, 0o755)
  chownSync(dir, 65_534, 65_534)
  const home = { HOME: dir, XDG_CACHE_HOME: join(dir, 'cache') }
  return startServer({ data: join(dir, 'data'), program: [...unprivileged, ...programCommand()], env: { ...home, ...env } })
}

describe.skipIf(noOther)('as an ordinary user (root only) (Linux only)', forgiving, () => {
  test('in namespaces: steps reach nothing of the server or of another job', async () => {
    const server = await ordinary({ PUSHWAY_ISOLATION: 'auto' })
    const project = await tinyProject('acme/spaces')
    await shipped(server, project, 'develop')
    expect(server.isolation).toBe('namespaces')
    expect(await reach(server, project)).toEqual([])
    await server.stop()
  })

  test('with PUSHWAY_ISOLATION=none: everything works, and the server says at its start that nothing is isolated', async () => {
    const server = await ordinary({ PUSHWAY_ISOLATION: 'none' })
    expect(server.isolation).toBe('none')
    const project = await tinyProject('acme/plain')
    await shipped(server, project, 'develop')
    expect((await bothAnswer(project.urls.staging)).versions).toEqual(['1'])
    // The attempts are real ones: without isolation they succeed.
    expect(await reach(server, project)).toEqual(
      expect.arrayContaining(['open: the data folder', 'open: the key', 'open: the other workspace', "open: the proxy's socket", "open: the agent's socket"]),
    )
    await server.stop()
    const again = await runProgram(['server', '--data', server.data, '--port', '0'], { as: ['timeout', '3'], env: { PUSHWAY_ISOLATION: 'none' } })
    expect(again.stdout).toContain("warning: jobs and services are not isolated from this server's data:")
    await runProgram(['down', '--all', '--data', server.data])
  })
})
