// pushway demo: the whole way on this machine, from git push to a production that takes a bad release back.

import { join } from 'node:path'
import { fail, type PushwayError } from '@pushway/core/reason/errors.ts'
import type { Command } from 'commander'
import type { CommandContext } from '../../ports/program.ts'
import { createRepository } from '../demo/git.ts'
import { createProgress, type Progress } from '../demo/progress.ts'
import { type DemoReport, renderSummary, renderTimeline } from '../demo/report.ts'
import { tellStory } from '../demo/story.ts'
import {
  cancelRuns,
  type DemoServer,
  endServer,
  examplesFolder,
  invitePeople,
  openPlace,
  type People,
  type Place,
  pickPorts,
  project,
  removePlace,
  startServer,
} from '../demo/world.ts'
import { formatDuration } from '../format.ts'
import { hasColors, makeScreen } from '../screen.ts'

interface Options {
  readonly json?: boolean
  readonly keep?: boolean
  readonly data?: string
}

/** Adds `pushway demo`. Exit code 0 when everything went as promised, 1 when not, 130 when it was interrupted. */
export function register(program: Command, context: CommandContext): void {
  program
    .command('demo')
    .summary('see the whole way on this machine: push, staging, approval, canary, rollback')
    .description(
      'Pushes examples/hello to a server of its own, takes it to production under load, then has a bad release taken back. Removes everything after.',
    )
    .option('--json', 'one object with the measurements on standard output, the progress on standard error')
    .option('--keep', 'leave it running, and print the address of the page and a one-time sign-in')
    .option('--data <dir>', "the server's data folder, empty or new; it is not removed")
    .action(async (options: Options) => context.exit(await runDemo(options, context)))
}

/** What has been started so far, for the way down. */
interface Started {
  readonly place: Place
  server?: DemoServer
  people?: People
}

async function runDemo(options: Options, context: CommandContext): Promise<number> {
  const out = options.json ? process.stderr : process.stdout
  const examples = examplesFolder()
  const started: Started = { place: openPlace(options.data) }
  const progress = createProgress(out)
  const ending = catchSignals()
  const began = Date.now()
  try {
    const report = await playStory({ started, progress, examples, signal: ending.signal })
    const { paint } = makeScreen({ colors: hasColors(out) })
    out.write(`\n${paint('bold', 'The timeline of it all')}\n${renderTimeline(report.timeline, { paint })}\n`)
    out.write(`\n${paint('bold', 'Summary')} (${formatDuration(Date.now() - began)})\n${renderSummary(report)}\n`)
    if (options.keep) out.write(`\n${await leaveRunning(started)}\n`)
    else await goDown(started, context, { remove: true })
    if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`)
    return 0
  } catch (error) {
    progress.stop()
    const wasInterrupted = ending.interrupted()
    ending.end()
    await goDown(started, context, { remove: wasInterrupted })
    if (!wasInterrupted) throw explain(error, progress.at(), started.place)
    process.stderr.write('Interrupted: everything is stopped and removed.\n')
    return 130
  } finally {
    ending.clear()
  }
}

interface Play {
  readonly started: Started
  readonly progress: Progress
  readonly examples: string
  readonly signal: AbortSignal
}

async function playStory({ started, progress, examples, signal }: Play): Promise<DemoReport> {
  const { place } = started
  const ports = await pickPorts(2)
  const [stagingPort = 0, productionPort = 0] = ports
  const server = await progress.station('a server of its own', async (station) => {
    started.server = await startServer(place, signal)
    station.result(`${started.server.url}, isolation ${started.server.isolation}`)
    return started.server
  })
  const people = await progress.station('the administrator signs in and invites ada and grace', async () => {
    started.people = await invitePeople(server)
    return started.people
  })
  const repository = await createRepository({
    from: join(examples, 'hello'),
    dir: join(place.dir, 'hello'),
    remote: `${server.url}/${project}.git`,
    token: people.adaToken,
    ports: new Map([
      [18_080, stagingPort],
      [18_081, productionPort],
    ]),
    signal,
  })
  const address = (port: number) => `http://127.0.0.1:${port}`
  return tellStory({
    progress,
    people,
    repository,
    changes: join(examples, 'hello-changes'),
    staging: address(stagingPort),
    production: address(productionPort),
    signal,
  })
}

/** Ctrl-C ends the story, not the program: what was started is stopped first. */
function catchSignals() {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  const stop = new AbortController()
  let interrupted = false
  const onSignal = () => {
    interrupted = true
    stop.abort(new Error('interrupted'))
  }
  for (const signal of signals) process.on(signal, onSignal)
  return {
    signal: stop.signal,
    interrupted: () => interrupted,
    /** What still goes on for the story, its requests first of all, ends. */
    end: () => stop.abort(new Error('the demo is over')),
    clear() {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}

/** Jobs, then the control plane, then the data plane; each one also when the one before it fails. */
async function goDown({ place, server, people }: Started, context: CommandContext, { remove }: { remove: boolean }): Promise<void> {
  if (people) await cancelRuns(people.admin)
  if (server) {
    await endServer(server.child)
    await context.stopAll(place.data).catch((error: unknown) => process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`))
  }
  if (remove) removePlace(place)
}

async function leaveRunning({ place, server, people }: Started): Promise<string> {
  const link = await people?.admin.createSignInLink('admin')
  server?.child.unref()
  server?.child.stdout?.destroy()
  return [
    `It goes on: ${server?.url}/${project}`,
    `Sign in once, as admin: ${link?.url}`,
    `Stop it: kill ${server?.child.pid} && sleep 2 && npx pushway down --all --data ${place.data}`,
    ...(place.ownData ? [`Then remove ${place.dir}.`] : [`Then remove ${place.dir} and ${place.data}.`]),
  ].join('\n')
}

function explain(error: unknown, station: string, { data }: Place): PushwayError {
  const problem = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  const told = fail('demo-failed', { station, problem, logs: data })
  if (error instanceof Error && error.stack !== undefined) told.stack = error.stack
  return told
}
