// Builds for tests: folders of files in, unpacked images out.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { expect } from 'vitest'
import { type BuildOptions, buildImage } from '../../packages/pushway/src/drivers/builder/embedded/index.ts'
import { type ImageLayout, openImageLayout } from '../../packages/pushway/src/drivers/builder/layout.ts'
import { unpackImage } from '../../packages/pushway/src/oci/unpack.ts'
import { tempDir } from './temp.ts'

export type Files = Readonly<Record<string, string>>

export function writeFiles(files: Files, dir = tempDir('context')): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return dir
}

interface Built {
  readonly digest: string
  readonly log: readonly string[]
  readonly store: ImageLayout
  readonly root: string
}

/** One builder: its store and cache stay between builds. */
export function makeBuilder(): (context: string, more?: Partial<BuildOptions>) => Promise<Built> {
  const store = openImageLayout(tempDir('store'))
  const cacheDir = tempDir('cache')
  return async (context, more) => {
    const log: string[] = []
    const options = { context, store, cacheDir, toolchainCache: tempDir('tools'), env: process.env, log: (line: string) => log.push(line), ...more }
    const { digest } = await buildImage(options)
    const root = join(tempDir('root'), 'image')
    await unpackImage(store.blobs, digest, root)
    return { digest, log, store, root }
  }
}

export async function findings(work: Promise<unknown>): Promise<readonly string[]> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PushwayError)
  expect((error as PushwayError).code).toBe('dockerfile-invalid')
  return (error as PushwayError).diagnostics.map(formatDiagnostic)
}
