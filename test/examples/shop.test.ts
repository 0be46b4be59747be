// The shop is a repository of its own: what its pipeline calls passes in a copy of it, over real Postgres, Redis and RabbitMQ.

import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import { describe, expect, test } from 'vitest'
import { needs } from '../support/needs.ts'
import { tempDir } from '../support/temp.ts'

const shop = fileURLToPath(new URL('../../examples/shop', import.meta.url))
const servers = [needs('pg_lsclusters', 'postgresql'), needs('redis-server'), needs('rabbitmqctl', 'rabbitmq-server')]
const reason = servers.map((need) => need.reason).filter((text) => text !== '')

/** A copy as git has it. */
function checkout(): string {
  const dir = tempDir('shop')
  cpSync(shop, dir, { recursive: true, filter: (path) => !path.includes('node_modules') })
  return dir
}

function npm(dir: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: dir, encoding: 'utf8', timeout: 240_000, env: { ...process.env, NODE_OPTIONS: '' } })
  const output = `${stdout}${stderr}`
  expect(status, output).toBe(0)
  return output
}

describe("the shop's own checks", () => {
  test.skipIf(reason.length > 0)(
    `lint, unit and integration tests pass after npm ci${reason.length > 0 ? ` (${reason.join('; ')})` : ''}`,
    () => {
      const dir = checkout()
      npm(dir, 'ci', '--no-audit', '--no-fund')
      expect(npm(dir, 'run', 'lint')).toContain(' 0 findings')
      expect(npm(dir, 'run', 'test:unit')).toMatch(/Tests: +28 passed, 28 total/)
      expect(npm(dir, 'run', 'test:integration')).toMatch(/Tests: +7 passed, 7 total/)
    },
    300_000,
  )

  test('each image installs the versions that the tests ran with', () => {
    const lock = (file: string) => (JSON.parse(readFileSync(join(shop, file), 'utf8')) as { packages: Record<string, { version?: string }> }).packages
    const versions = (file: string) =>
      new Set(
        Object.entries(lock(file)).flatMap(([path, { version }]) =>
          path.includes('node_modules/') && version ? [`${path.split('node_modules/').at(-1)}@${version}`] : [],
        ),
      )
    const whole = versions('package-lock.json')
    const own = ['api-gateway', 'user-service', 'order-service'].flatMap((service) => [...versions(`${service}/package-lock.json`)])
    expect(own.length).toBeGreaterThan(150)
    expect(own.filter((one) => !whole.has(one))).toEqual([])
  })

  test('its end-to-end workflow is read whole', () => {
    const file = '.github/workflows/e2e.yml'
    expect(parseWorkflow(file, readFileSync(join(shop, file), 'utf8')).diagnostics).toEqual([])
  })
})
