// A team's real files are kept as they are: our copies are compared byte for byte.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const copy = join(root, 'test/fixtures/seed')
const original = join(root, '../shared/seed')

function listFiles(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(dir.length + 1))
    .sort()
}

describe("the seed's files", () => {
  test.each([
    ['hello', '.github/workflows/ci-cd.yml', '.github/workflows/ci-cd.yml'],
    ['shop', '.github/workflows/ci-cd.yml', '.github/workflows/ci-cd.yml'],
    ['shop', 'docker-compose.yml', 'docker-compose.yml'],
    ['shop', 'deploy.sh', 'deploy.sh'],
    ['monitoring', 'docker-compose.yml', 'monitoring/docker-compose.yml'],
    ['monitoring', 'dashboard.json', 'monitoring/dashboard.json'],
  ])('examples/%s has %s, byte for byte', (example, file, seed) => {
    expect(readFileSync(join(root, 'examples', example, file)).equals(readFileSync(join(copy, seed)))).toBe(true)
  })

  // The originals stand beside some checkouts only; the copy is what everything else is tested with.
  test('the copy equals the originals, where they stand beside the checkout', () => {
    const files = listFiles(copy)
    expect(files).toHaveLength(12)
    if (!existsSync(original)) return
    expect(files).toEqual(listFiles(original))
    for (const file of files) expect(readFileSync(join(copy, file)).equals(readFileSync(join(original, file))), file).toBe(true)
  })
})
