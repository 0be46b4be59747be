// Jobs for tests: a job's specification from workflow text, and a run of it in this process.

import { join } from 'node:path'
import type { JobContexts, JobReport, JobServer, JobSpec, LogLine } from '@pushway/core/run/types.ts'
import { formatDiagnostic } from '@pushway/core/text/diagnostic.ts'
import { parseWorkflow } from '@pushway/core/workflow/parse.ts'
import { type JobResult, newMark, runJob } from '../../packages/pushway/src/runner/job.ts'
import type { WorkerInput } from '../../packages/pushway/src/util/job-spool.ts'
import { selfCommand } from '../../packages/pushway/src/util/self.ts'
import { tempDir } from './temp.ts'

export interface SpecOptions {
  readonly contexts?: Partial<JobContexts>
  readonly timeoutMs?: number
  readonly server?: JobServer
}

/** The job of a workflow with one job; `job` is its YAML below `jobs: { test: … }`, indented by any amount. */
export function jobSpec(job: string, options: SpecOptions = {}): JobSpec {
  const body = job.replace(/^\n/, '').replace(/\s+$/, '')
  const indent = /^ */.exec(body)?.[0].length ?? 0
  const lines = body.split('\n').map((line) => `    ${line.slice(indent)}`)
  const text = ['on: push', 'env: { LEVEL: workflow }', 'jobs:', '  test:', '    runs-on: ubuntu-latest', ...lines].join('\n')
  const { value, diagnostics } = parseWorkflow('.github/workflows/ci.yml', text)
  if (!value) throw new Error(diagnostics.map(formatDiagnostic).join('\n'))
  const github = { repository: 'acme/hello', ref: 'refs/heads/main', ref_name: 'main', sha: 'a'.repeat(40), actor: 'ada', event_name: 'push', event: { x: 1 } }
  const contexts: JobContexts = { github, vars: {}, secrets: {}, needs: {}, inputs: {}, matrix: {}, strategy: {}, ...options.contexts }
  return {
    run: 'run1',
    runNumber: 1,
    attempt: 1,
    job: value.jobs[0] as JobSpec['job'],
    workflowEnv: value.env,
    workflowDefaults: value.defaults,
    contexts: { ...contexts, github: { ...github, ...options.contexts?.github } },
    timeoutMs: options.timeoutMs ?? 60_000,
    ...(options.server ? { server: options.server } : {}),
  }
}

export interface JobRun extends JobResult {
  readonly reports: readonly JobReport[]
  readonly lines: readonly Pick<LogLine, 'step' | 'text'>[]
  readonly text: string
  /** Name → conclusion of each step that has ended. */
  readonly steps: Readonly<Record<string, string>>
}

/** Runs it without isolation; `signals.cancel` and `force` end it early. */
export async function runSpec(
  spec: JobSpec,
  over: Partial<WorkerInput> = {},
  signals: { cancel?: AbortSignal; force?: AbortSignal; onLine?: (text: string) => void } = {},
): Promise<JobRun> {
  const dir = tempDir('job')
  const folders = {
    spool: join(dir, 'spool'),
    job: join(dir, 'job'),
    tools: join(dir, 'tools'),
    jobTools: join(dir, 'tools'),
    npmCache: join(dir, 'npm'),
    buildCache: join(dir, 'build'),
  }
  const { mkdirSync } = await import('node:fs')
  mkdirSync(folders.spool)
  const isolation = { kind: 'none', why: 'A test.', mounts: false, pids: false } as const
  const input: WorkerInput = { spec, folders, source: { kind: 'server' }, isolation, hide: [], keepReadOnly: [], self: selfCommand(), ...over }
  const reports: JobReport[] = []
  const lines: { step: number; text: string }[] = []
  const sink = {
    report: (report: JobReport) => reports.push(report),
    lines: (step: number, texts: readonly string[]) => {
      for (const text of texts) {
        lines.push({ step, text })
        signals.onLine?.(text)
      }
    },
    flush: () => undefined,
  }
  const never = new AbortController().signal
  const result = await runJob(input, sink, { cancel: signals.cancel ?? never, force: signals.force ?? never, mark: newMark() })
  const steps = Object.fromEntries(reports.flatMap((r) => (r.type === 'step-finished' ? [[r.name, r.conclusion] as const] : [])))
  return { ...result, reports, lines, steps, text: lines.map((line) => line.text).join('\n') }
}
