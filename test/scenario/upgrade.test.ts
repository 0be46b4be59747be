// A server of one build is stopped and one of another build is started on the same data: nobody who uses a service notices.

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDatabase } from '../../packages/pushway/src/store/database.ts'
import { otherBuild } from '../support/other-build.ts'
import { programCommand, runProgram } from '../support/server.ts'
import {
  agentPid,
  answering,
  bothAnswer,
  deploymentEnds,
  deploymentIs,
  deploymentOf,
  proxyPid,
  shipped,
  startAgain,
  startSteady,
  steadyLoad,
} from '../support/story.ts'
import { tinyProject } from '../support/tiny-project.ts'

const bundled = programCommand().at(-1)?.endsWith('main.js') === true
const forgiving = { timeout: 90_000 }

test.skipIf(!bundled)('the next build takes over proxy and instances without a failed request, also in mid-rollout', forgiving, async () => {
  const old = await startSteady({ program: otherBuild(programCommand()) })
  const project = await tinyProject('acme/upgrade')
  await shipped(old, project, 'main')
  const before = await bothAnswer(project.urls.production)
  const helpers = { agent: await agentPid(old.data), proxy: await proxyPid(old.data) }
  const load = steadyLoad(project.urls.production)

  await old.terminate()
  const present = await startAgain(old)
  expect(await answering(project.urls.production)).toEqual(before)
  expect(await agentPid(present.data)).not.toBe(helpers.agent)
  expect(await proxyPid(present.data)).not.toBe(helpers.proxy)

  await project.act({ version: '2' })
  const { id } = await deploymentOf(present, project, await project.push(present, 'main'))
  await deploymentIs(present, id, (view) => view.rollout?.percent === 30)
  await present.terminate()
  const next = await startAgain(present, { program: otherBuild(programCommand()) })
  expect(await deploymentEnds(next, id)).toMatchObject({ conclusion: 'success' })
  expect((await answering(project.urls.production)).versions).toEqual(['2'])
  expect(await load.stop()).toMatchObject({ failed: {} })
  await next.stop()
})

test('SIGTERM stops the control plane only, and says what goes on', forgiving, async () => {
  const server = await startSteady()
  const project = await tinyProject('acme/stop')
  await shipped(server, project, 'main')
  await server.terminate()
  expect(server.said()).toContain('Services, the proxy and the agent go on; `pushway down --all` stops them.')
  expect((await bothAnswer(project.urls.production)).versions).toEqual(['1'])
  expect(await runProgram(['down', '--all', '--data', server.data])).toMatchObject({ exit: 0, stdout: 'Stopped: instances, agent, proxy.\n' })
  await expect(answering(project.urls.production)).rejects.toThrow()
})

test('an older program refuses newer data, and changes nothing', forgiving, async () => {
  const server = await startSteady()
  await server.stop()
  const file = join(server.data, 'pushway.db')
  const database = openDatabase(file)
  database.prepare('insert into schema_version (version) values (?)').run(4_000)
  database.close()
  const refused = await runProgram(['server', '--data', server.data, '--port', '0'])
  expect(refused).toMatchObject({ exit: 1, stdout: '' })
  expect(refused.stderr).toContain('data-too-new')
  expect(refused.stderr).toContain('was written by a newer Pushway (schema 4000;')
  expect(refused.stderr).not.toContain('    at ')
})
