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
  test("examples/hello runs the seed's ci-cd.yml, byte for byte", () => {
    const file = '.github/workflows/ci-cd.yml'
    expect(readFileSync(join(root, 'examples/hello', file)).equals(readFileSync(join(copy, file)))).toBe(true)
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
