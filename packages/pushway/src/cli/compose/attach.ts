// What `up` does in the foreground: shows the lines of all containers until they end, or until it is told to stop them.

import { setTimeout as sleep } from 'node:timers/promises'
import { printLogs } from './log-lines.ts'
import { inspectContainer, type ProjectContainer } from './observe.ts'
import type { ProjectSituation } from './situation.ts'
import { stopContainer } from './stop.ts'

interface AttachWishes {
  /** When this `up` began: older lines are not shown. */
  readonly since: string
  readonly abortOnContainerExit?: boolean
  readonly abortOnContainerFailure?: boolean
  readonly exitCodeFrom?: string
  readonly color: boolean
  readonly logPrefix: boolean
  readonly timestamps?: boolean
}

/** Gives the exit code: 130 after Ctrl+C, that of a service when it is asked for. */
export async function attach(situation: ProjectSituation, containers: readonly ProjectContainer[], wishes: AttachWishes): Promise<number> {
  const stopped = new AbortController()
  const done = new AbortController()
  const onSignal = () => stopped.abort()
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  process.stderr.write(`Attaching to ${containers.map(({ name }) => name).join(', ')}\n`)
  const { model } = situation
  const shown = containers.filter(({ service }) => (model.services[service] as { attach?: boolean } | undefined)?.attach !== false)
  const logs = printLogs(situation, shown, {
    ...{ follow: true, since: wishes.since, prefix: wishes.logPrefix, signal: done.signal },
    color: wishes.color && process.stdout.isTTY === true,
    ...(wishes.timestamps ? { timestamps: true } : {}),
  })
  try {
    const code = await watchEnds(situation, { containers, wishes, stopped: stopped.signal })
    if (stopped.signal.aborted) process.stderr.write('Gracefully stopping... (press Ctrl+C again to force)\n')
    if (stopped.signal.aborted || code !== undefined) await stopAll(situation, containers)
    await logs
    if (stopped.signal.aborted) return 130
    return (wishes.exitCodeFrom === undefined ? code : await codeOf(situation, containers, wishes.exitCodeFrom)) ?? 0
  } finally {
    done.abort()
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

async function stopAll(situation: ProjectSituation, containers: readonly ProjectContainer[]): Promise<void> {
  await Promise.all(
    containers.map(async (container) => {
      const details = await inspectContainer(situation.engine, container.id)
      if (details?.State.Running) await stopContainer(situation, { ...container, state: 'running' })
    }),
  )
}

interface Watching {
  readonly containers: readonly ProjectContainer[]
  readonly wishes: AttachWishes
  readonly stopped: AbortSignal
}

/** Waits for all to end, or for the first when that ends all: then its exit code. */
async function watchEnds(situation: ProjectSituation, { containers, wishes, stopped }: Watching): Promise<number | undefined> {
  const anyEnd = wishes.abortOnContainerExit || wishes.exitCodeFrom !== undefined
  while (!stopped.aborted) {
    const now = await Promise.all(containers.map(({ id }) => inspectContainer(situation.engine, id)))
    const ended = now.filter((one) => !one || one.State.Status === 'exited' || one.State.Status === 'dead')
    const failed = ended.find((one) => one && one.State.ExitCode !== 0)
    if (anyEnd && ended.length > 0) return (failed ?? ended[0])?.State.ExitCode ?? 0
    if (wishes.abortOnContainerFailure && failed) return failed.State.ExitCode
    if (ended.length === now.length) return undefined
    await sleep(200, undefined, { signal: stopped }).catch(() => undefined)
  }
  return undefined
}

async function codeOf({ engine }: ProjectSituation, containers: readonly ProjectContainer[], service: string): Promise<number | undefined> {
  const container = containers.find((one) => one.service === service)
  return container && (await inspectContainer(engine, container.id))?.State.ExitCode
}
