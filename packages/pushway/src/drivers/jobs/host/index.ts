// The JobRunner port on this machine: a detached worker process for each job, found again by its spool.

import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { fail } from '@pushway/core/reason/errors.ts'
import type { JobReport, JobSpec, LogLine } from '@pushway/core/run/types.ts'
import type { Chunk, JobObserved, JobRef, JobRunner } from '../../../ports/jobs.ts'
import { writeFileAtomic } from '../../../util/files.ts'
import { type Isolation, projectUid } from '../../../util/isolation/index.ts'
import { type ActionSources, type JobFolders, type JobSource, readWorkerIdentity, spoolFiles, type WorkerInput } from '../../../util/job-spool.ts'
import { endMarkedProcesses, isSameProcess } from '../../../util/process-identity.ts'
import { selfCommand } from '../../../util/self.ts'
import { hiddenFolders, jobFolders, makeParents } from './folders.ts'
import { readLines, readSummaries } from './read-spool.ts'

export interface HostJobsOptions {
  readonly dataDir: string
  readonly isolation: Isolation
  /** Toolchains of the machine's jobs; they read it, the workers write it. */
  readonly toolchainCacheDir: string
  /** Where checkouts come from; the server itself when absent. */
  readonly source?: (ref: JobRef) => JobSource
  /** Where actions come from; built-in ones only when absent. */
  readonly actions?: ActionSources
}

/** A worker that was claimed and has not said who it is by then has never come up. */
const startWithinMs = 20_000
const labels = ['ubuntu-latest', 'ubuntu-24.04', 'ubuntu-22.04', 'ubuntu-20.04', 'self-hosted', 'linux', 'macos-latest', 'macos']

/** Jobs as host processes below `dataDir/work`, spools below `dataDir/jobs`. */
export function createHostJobs(options: HostJobsOptions): JobRunner {
  const { isolation } = options
  mkdirSync(options.dataDir, { recursive: true, mode: 0o711 })
  const dataDir = realpathSync(options.dataDir)
  const toolsDir = realpathFolder(options.toolchainCacheDir)
  const foldersOf = (ref: JobRef) => jobFolders(ref, { dataDir, toolsDir, isolated: isolation.kind !== 'none' })
  return {
    capabilities: { labels, isolation: isolation.kind },
    async start(ref, spec, signal) {
      signal.throwIfAborted()
      const folders = foldersOf(ref)
      if (!claim(folders.spool)) return
      makeParents(folders)
      await startWorker(workerInput({ ref, spec, folders, dataDir, options }))
    },
    async cancel(ref, force) {
      const { spool } = foldersOf(ref)
      if (existsSync(spool)) writeFileAtomic(spoolFiles(spool).cancel, force ? 'force' : 'cancel')
    },
    observe: (ref) => observe(foldersOf(ref).spool),
    reports: (ref, cursor) => readLines<JobReport>(spoolFiles(foldersOf(ref).spool).reports, { cursor, limit: 1 << 20, check: isReport }),
    log: (ref, cursor, limit) => readLines<LogLine>(spoolFiles(foldersOf(ref).spool).log, { cursor, limit, check: isLogLine }),
    summary: async (ref) => readSummaries(foldersOf(ref).spool),
    clean: (ref) => rm(foldersOf(ref).job, { recursive: true, force: true, maxRetries: 3 }),
  }
}

/** True for the one caller that may start the worker, ever. */
function claim(spool: string): boolean {
  mkdirSync(spool, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(spoolFiles(spool).claim, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function workerInput(of: { ref: JobRef; spec: JobSpec; folders: JobFolders; dataDir: string; options: HostJobsOptions }): WorkerInput {
  const { ref, options, dataDir } = of
  const { isolation } = options
  const self = selfCommand()
  return {
    spec: of.spec,
    folders: of.folders,
    source: options.source?.(ref) ?? { kind: 'server' },
    ...(options.actions ? { actions: options.actions } : {}),
    isolation,
    ...hiddenFolders(isolation, { dataDir, self }),
    ...(isolation.kind === 'uid' ? { uid: projectUid(ref.project, dataDir) } : {}),
    self,
  }
}

/** Its own session, its input in a pipe that closes at once, what it prints in a file: it needs nothing of us any more. */
function startWorker(input: WorkerInput): Promise<void> {
  const { spool } = input.folders
  const [program = '', ...args] = input.self
  const output = openSync(spoolFiles(spool).output, 'a', 0o600)
  // The server's own settings may hold secrets; a worker needs none of them.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PUSHWAY_')))
  const child = spawn(program, [...args, 'internal', 'worker'], { cwd: spool, env, detached: true, stdio: ['pipe', output, output] })
  const stdin = child.stdin as Writable
  closeSync(output)
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(fail('command-failed', { command: 'pushway internal worker', exit: -1, output: error.message })))
    // A worker that died before it read its job: `observe` says that it is lost.
    stdin.on('error', () => resolve())
    stdin.end(JSON.stringify(input), () => {
      child.unref()
      resolve()
    })
  })
}

async function observe(spool: string): Promise<JobObserved> {
  const files = spoolFiles(spool)
  if (!existsSync(files.claim)) return { state: 'unknown' }
  const before = readWorkerIdentity(spool)
  const running = before !== undefined && isSameProcess(before.pid, before.startTime)
  const reports = await readLines<JobReport>(files.reports, { cursor: 0, limit: 1 << 24, check: isReport })
  if (reports.items.some((report) => report.type === 'finished')) return { state: 'finished' }
  if (running) return { state: 'running', pid: before.pid }
  if (before === undefined && Date.now() - statSync(files.claim).mtimeMs < startWithinMs) return { state: 'running', pid: 0 }
  // A worker that was killed could not end its steps itself.
  if (before !== undefined) {
    endMarkedProcesses(before.mark)
    await removeContainers(before.mark)
  }
  return { state: 'lost', ...lastStep(reports) }
}

/** Those that the job had on an engine. Where none answers there is nothing to remove, or its next worker does it. */
async function removeContainers(mark: string): Promise<void> {
  const { openEngine, removeMarked } = await import('../../../util/engine-jobs.ts')
  const engine = await openEngine().catch(() => undefined)
  if (engine) await removeMarked(engine, mark).catch(() => undefined)
}

function lastStep({ items }: Chunk<JobReport>): { readonly lastStep?: string } {
  const started = items.findLast((report) => report.type === 'step-started')
  return started ? { lastStep: started.name } : {}
}

function isReport(value: unknown): value is JobReport {
  return typeof value === 'object' && value !== null && 'type' in value && 'at' in value
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string' && 'step' in value
}

function realpathFolder(dir: string): string {
  mkdirSync(dir, { recursive: true })
  return realpathSync(dir)
}
