// Another build of the program: a copy of the bundle at a place of its own, where its packages are still found.

import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const made: string[] = []

afterAll(() => {
  for (const dir of made) rmSync(dir, { recursive: true, force: true })
})

/** The command of a copy of `program` (the command of a bundle), as another build: the two take each other for different ones. */
export function otherBuild(program: readonly string[]): readonly string[] {
  const bundle = program.at(-1) as string
  if (!bundle.endsWith('main.js')) throw new Error('only a bundle can be copied: run the tests with `npm test`, or set PUSHWAY_TEST_BUNDLE')
  mkdirSync(join(root, '.pushway-test'), { recursive: true })
  const dir = mkdtempSync(join(root, '.pushway-test', 'build-'))
  made.push(dir)
  // Steps and services run it as users of their own.
  chmodSync(dir, 0o755)
  cpSync(dirname(bundle), join(dir, 'dist'), { recursive: true })
  return [process.execPath, join(dir, 'dist', 'main.js')]
}
