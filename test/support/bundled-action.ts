// Actions made of GitHub's own toolkit packages, bundled into one file as published actions are.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { ActionSource } from '../../packages/pushway/src/util/job-spool.ts'
import { tempDir } from './temp.ts'

export interface ActionSourceText {
  /** `action.yml` without `runs`. */
  readonly metadata: string
  /** Stage → the TypeScript of its file. */
  readonly stages: Readonly<Partial<Record<'main' | 'post', string>>>
}

/** A folder of actions as `OWNER/NAME@REF/`. `actions`: `toolkit/upload@v1` → what it is. */
export async function bundleActions(actions: Readonly<Record<string, ActionSourceText>>): Promise<ActionSource> {
  const dir = tempDir('actions')
  for (const [reference, { metadata, stages }] of Object.entries(actions)) {
    const to = join(dir, reference)
    mkdirSync(to, { recursive: true })
    const files = Object.keys(stages).map((stage) => `${stage}: ${stage}.mjs`)
    writeFileSync(join(to, 'action.yml'), `${metadata.trim()}\nruns: { using: node20, ${files.join(', ')} }\n`)
    for (const [stage, contents] of Object.entries(stages)) {
      await build({
        stdin: { contents, loader: 'ts', resolveDir: import.meta.dirname },
        outfile: join(to, `${stage}.mjs`),
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        logLevel: 'error',
        banner: { js: "import { createRequire as own } from 'node:module'; const require = own(import.meta.url);" },
      })
    }
  }
  return { kind: 'directory', dir }
}
