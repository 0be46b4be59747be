// pushway logs: what the jobs of a run, or the instances of an environment, wrote.

import { fail } from '@pushway/core/reason/errors.ts'
import type { JobView, LogPage } from '@pushway/core/views/types.ts'
import type { Command } from 'commander'
import type { InstanceLogLine } from '../../ports/runtime.ts'
import { connectProject, type ProjectConnection, type ProjectOptions, withProject } from '../connection.ts'
import { findRun } from '../find.ts'
import { logLine } from '../format.ts'
import { makeScreen, type Screen } from '../screen.ts'

interface Options extends ProjectOptions {
  readonly env?: string
  readonly follow?: boolean
  readonly tail?: string
  readonly attempt?: string
  readonly timestamps?: boolean
}

/** Adds `pushway logs`. */
export function register(program: Command): void {
  withProject(
    program
      .command('logs')
      .summary('logs of a run, a job, or an environment')
      .description('Prints the log of a run (RUN), of one job (RUN/JOB), or with -e of the instances of an environment.')
      .argument('[what]', 'RUN or RUN/JOB; with -e a service')
      .option('-e, --env <environment>', 'the instances of this environment')
      .option('-f, --follow', 'go on until the end')
      .option('--tail <n>', 'only the newest lines')
      .option('--attempt <n>', "a job's earlier attempt")
      .option('-t, --timestamps', 'the time in front of each line'),
  ).action(logs)
}

async function logs(what: string | undefined, options: Options): Promise<void> {
  const tail = options.tail === undefined ? undefined : countOf(options.tail, '--tail')
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const at = await connectProject(options)
  try {
    if (options.env !== undefined) return await instanceLogs(at, { ...options, env: options.env, service: what, tail, signal: stop.signal })
    if (what === undefined)
      throw fail('usage', { problem: 'The log of what?', hint: 'Name a run or a job: pushway logs RUN/JOB; or an environment: pushway logs -e ENV.' })
    const [run = '', ...job] = what.replace(/^run\//, '').split('/')
    await runLogs(at, await findRun(at, run), { job: job.join('/') || undefined, tail, signal: stop.signal, options })
  } catch (error) {
    // Ctrl-C ends the stream, and that is what was wanted.
    if (!stop.signal.aborted) throw error
  }
}

function countOf(text: string, option: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw fail('usage', { problem: `"${text}" is no number of lines.`, hint: `Write ${option} 100.` })
}

interface InstanceRequest {
  readonly env: string
  readonly service: string | undefined
  readonly tail: number | undefined
  readonly follow?: boolean
  readonly timestamps?: boolean
  readonly signal: AbortSignal
}

async function instanceLogs({ client, project }: ProjectConnection, request: InstanceRequest): Promise<void> {
  const { env, service, tail, follow = false, timestamps = false, signal } = request
  const screen = makeScreen()
  const wanted = { follow, signal, ...(service === undefined ? {} : { service }), ...(tail === undefined ? {} : { tail }) }
  for await (const line of client.instanceLogs(project, env, wanted)) process.stdout.write(`${formatInstanceLine(line, { screen, timestamps })}\n`)
}

/** `INSTANCE | text`. */
export function formatInstanceLine(line: InstanceLogLine, { screen, timestamps }: { readonly screen: Screen; readonly timestamps: boolean }): string {
  const head = `${timestamps ? `${new Date(line.at).toISOString()} ` : ''}${line.instance} |`
  return `${screen.paint(line.stream === 'stderr' ? 'red' : 'dim', head)} ${logLine(line.text)}`
}

interface RunRequest {
  readonly job: string | undefined
  readonly tail: number | undefined
  readonly signal: AbortSignal
  readonly options: Options
}

async function runLogs(at: ProjectConnection, number: number, request: RunRequest): Promise<void> {
  const { job, options } = request
  const run = await at.client.run(at.project, number)
  if (job !== undefined) {
    if (!run.jobs.some(({ key }) => key === job)) throw fail('not-found', { what: 'job', name: job })
    return jobLog(at, number, { ...request, job, prefix: '' })
  }
  for (const problem of run.problems) process.stdout.write(`${problem}\n`)
  const shown = run.jobs.filter((one) => options.follow || began(one))
  // Jobs that run at the same time are told apart by their names.
  const prefixed = shown.length > 1
  const tasks = shown.map(
    ({ key }) =>
      () =>
        jobLog(at, number, { ...request, job: key, prefix: prefixed ? `${key} | ` : '' }),
  )
  if (options.follow) await Promise.all(tasks.map((task) => task()))
  else for (const task of tasks) await task()
}

function began(job: JobView): boolean {
  return job.phase !== 'pending' && job.phase !== 'waiting' && job.conclusion !== 'skipped'
}

async function jobLog(at: ProjectConnection, number: number, request: RunRequest & { readonly job: string; readonly prefix: string }): Promise<void> {
  const { job, prefix, tail, signal, options } = request
  const attempt = options.attempt === undefined ? {} : { attempt: countOf(options.attempt, '--attempt') }
  const screen = makeScreen()
  const write = ({ lines }: Pick<LogPage, 'lines'>) => {
    for (const line of lines)
      process.stdout.write(
        `${screen.paint('dim', prefix)}${options.timestamps ? `${new Date(line.at).toISOString()} ` : ''}${formatLogLine(line.text, screen)}\n`,
      )
  }
  if (options.follow && tail === undefined) {
    for await (const page of at.client.followJobLog(at.project, number, { job, ...attempt, signal })) write(page)
    return
  }
  const lines: LogPage['lines'][number][] = []
  let cursor = 0
  for (;;) {
    const page = await at.client.jobLog(at.project, number, { job, cursor, ...attempt })
    lines.push(...page.lines)
    if (page.lines.length === 0) break
    cursor = page.cursor
  }
  write({ lines: tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail)) })
  if (!options.follow) return
  for await (const page of at.client.followJobLog(at.project, number, { job, cursor, ...attempt, signal })) write(page)
}

/** A log line as people want it: groups, errors and warnings instead of their commands. */
export function formatLogLine(text: string, screen: Screen): string {
  const [, kind, rest = ''] = /^##\[(group|endgroup|error|warning|notice|debug|command|section)\](.*)$/s.exec(text) ?? []
  switch (kind) {
    case 'group':
    case 'section':
      return screen.paint('bold', `▾ ${logLine(rest)}`)
    case 'endgroup':
      return ''
    case 'error':
      return screen.paint('red', `error: ${logLine(rest)}`)
    case 'warning':
      return screen.paint('yellow', `warning: ${logLine(rest)}`)
    case 'notice':
    case 'debug':
    case 'command':
      return screen.paint('dim', `${kind}: ${logLine(rest)}`)
    default:
      return logLine(text)
  }
}
