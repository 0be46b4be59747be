// What committed text may not name: folders of one machine, and hosts of package registries.

import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Finding } from './source.ts'

export interface TextFile {
  readonly path: string
  readonly text: string
}

// Written in pieces, so that this file does not break its own rule.
const home = ['/ro', 'ot/'].join('')
const rules: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  { pattern: new RegExp(`(?<![\\w.])/wo${'rk'}/(main|shared|\\.library)\\b`), message: 'a path of one machine: write it relative to the project.' },
  { pattern: new RegExp(`(?<![\\w./$}])${home}\\.?\\w`), message: 'a path of one machine: write it relative to the project, or use the home folder.' },
  { pattern: /\/tmp\/bash_/, message: 'a path of one machine: write it relative to the project.' },
  {
    pattern: new RegExp(
      `(registry\\.npm${'js'}\\.org|npm${'mirror'}\\.com|registry\\.yarn${'pkg'}\\.com|deb\\.deb${'ian'}\\.org|files\\.python${'hosted'}\\.org|proxy\\.gol${'ang'}\\.org)`,
    ),
    message: "the host of a package registry: where packages come from is each machine's own setting.",
  },
  { pattern: new RegExp(`"resol${'ved'}": "https?:`), message: 'a lock file with a registry in it: use omit-lockfile-registry-resolved.' },
]

const largest = 2_000_000

/** The text files that git knows or would add. */
export function readTexts(root: string): readonly TextFile[] {
  const { stdout, status, stderr } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(`git ls-files failed: ${stderr}`)
  return stdout
    .split('\0')
    .filter((path) => path !== '')
    .flatMap((path) => readText(root, path))
}

function readText(root: string, path: string): readonly TextFile[] {
  const stat = statSync(join(root, path), { throwIfNoEntry: false })
  if (!stat?.isFile() || stat.size > largest) return []
  const bytes = readFileSync(join(root, path))
  return bytes.includes(0) ? [] : [{ path, text: bytes.toString('utf8') }]
}

/** Every line that names a machine's folder or a registry's host. */
export function checkTexts(texts: readonly TextFile[]): readonly Finding[] {
  return texts.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, i) => rules.filter((rule) => rule.pattern.test(line)).map((rule) => ({ rule: 'text', path, line: i + 1, message: rule.message }))),
  )
}
