import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createOutside, startLittleWorld } from '../../../../test/support/little-world.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { startRunsForPush } from './push-runs.ts'

test('a commit message can ask for no run; who pushed is told', async () => {
  const commit = '1'.repeat(40)
  const outside = createOutside(join(tempDir('start-runs'), 'test.db'), () => undefined)
  outside.files.set(`${commit}:.github/workflows/ci.yml`, 'on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: x }]\n')
  const world = startLittleWorld(outside)
  const push = (message: string) => {
    const { git } = world.shop.world
    const commitInfo = async () => ({ message, author: 'Ada', email: 'ada@example.com', at: 0 })
    const shop = { ...world.shop, world: { ...world.shop.world, git: { ...git, commitInfo } } }
    return startRunsForPush(shop, { project: 'acme/hello', update: { ref: 'refs/heads/main', before: null, after: commit }, by: 'ada' })
  }
  expect((await push('Change it')).runs).toHaveLength(1)
  expect(await push('Change it [skip ci]')).toEqual({ runs: [], appends: [], problems: ['The commit message says [skip ci]: no workflow was started.'] })
  world.close()
})
