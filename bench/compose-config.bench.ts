// `config` of 100 compose files of the corpus: `pushway compose config` beside `docker compose config`, a process a file, and ours within one
// process. `npm run bench compose-config`; Docker Compose is `pw-peer-docker-compose`, built from its Go module.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ourAnswer, peerArguments, readCorpus } from '../test/support/compose-corpus.ts'
import { hasPeer } from '../test/support/compose-peer.ts'
import { fixed, printMachine, printTable } from './support/report.ts'

const accepted = readCorpus().filter(
  ({ recorded, settings }) => settings.differs === undefined && Object.keys(recorded).some((title) => title.startsWith('json')),
)
/** A hundred: those that Docker takes, the first of them once more. */
const cases = Array.from({ length: 100 }, (_, index) => accepted[index % accepted.length] as (typeof accepted)[number])
const root = mkdtempSync(join(tmpdir(), 'compose-bench-'))
const launcher = new URL('../packages/pushway/bin/pushway', import.meta.url).pathname

function timeOf(work: () => void): number {
  const begun = performance.now()
  work()
  return performance.now() - begun
}

/** Every file once, each by a process of its own. */
function byProcess(program: string, ...args: readonly string[]): number {
  return timeOf(() => {
    for (const one of cases) {
      const { name, env } = one
      const { status } = spawnSync(program, [...args, ...peerArguments(one), '--format', 'json'], {
        cwd: join(root, name),
        env: { ...process.env, ...env },
        stdio: 'ignore',
      })
      if (status !== 0) throw new Error(`${program} refuses ${name}`)
    }
  })
}

try {
  for (const { name, files } of cases) {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name, path)), { recursive: true })
      writeFileSync(join(root, name, path), text)
    }
  }
  const within = timeOf(() => {
    for (const one of cases) ourAnswer(one)
  })
  const ours = byProcess(launcher, 'compose')
  const peer = hasPeer() ? byProcess('pw-peer-docker-compose') : undefined
  printMachine()
  printTable(
    ['what', 'result'],
    [
      ['files', String(cases.length)],
      ['within one process, JSON and YAML, ms', fixed(within, 0)],
      ['pushway compose config, a process a file, ms', fixed(ours, 0)],
      ['docker compose config, a process a file, ms', peer === undefined ? 'not on this machine' : fixed(peer, 0)],
      ['ratio, ours to Docker’s', peer === undefined ? '' : fixed(ours / peer, 2)],
    ],
  )
} finally {
  rmSync(root, { recursive: true, force: true })
}
