// The lines of a project's containers, each with the name of its container before it.

import { EngineRefusal, readLines, readOutput } from '../../util/engine-api/index.ts'
import { inspectContainer, type ProjectContainer } from './observe.ts'
import type { Situation } from './situation.ts'

export interface LogWishes {
  readonly follow?: boolean
  /** A number of lines, or `all`. */
  readonly tail?: string
  /** As the engine takes it: seconds since the epoch, or a time. */
  readonly since?: string
  readonly until?: string
  readonly timestamps?: boolean
  readonly prefix: boolean
  readonly color: boolean
  readonly signal?: AbortSignal
}

const colors = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94]

/** Prints the lines of each container until its end, or (`follow`) until it stops. */
export async function printLogs(situation: Situation, containers: readonly ProjectContainer[], wishes: LogWishes): Promise<void> {
  const width = Math.max(0, ...containers.map(shortName).map(({ length }) => length))
  const print = (container: ProjectContainer, at: number) => printOne(situation, container, { wishes, prefix: prefixOf(container, { at, width, wishes }) })
  if (wishes.follow) await Promise.all(containers.map(print))
  else for (const [at, container] of containers.entries()) await print(container, at)
}

/** `web-1`: without the project. */
function shortName({ service, number, name, labels }: ProjectContainer): string {
  const own = labels['com.docker.compose.oneoff'] === 'True' || !name.endsWith(`-${service}-${number}`)
  return own ? name : `${service}-${number}`
}

function prefixOf(container: ProjectContainer, { at, width, wishes }: { at: number; width: number; wishes: LogWishes }): string {
  if (!wishes.prefix) return ''
  const text = `${shortName(container).padEnd(width)}  | `
  return wishes.color ? `\u001B[${colors[at % colors.length]}m${text}\u001B[0m` : text
}

async function printOne({ engine }: Situation, container: ProjectContainer, { wishes, prefix }: { wishes: LogWishes; prefix: string }): Promise<void> {
  const details = await inspectContainer(engine, container.id)
  if (!details) return
  const { follow, tail, since, until, timestamps, signal } = wishes
  const query = { stdout: true, stderr: true, follow, tail, since, until, timestamps }
  try {
    const body = await engine.open({ method: 'GET', path: `/containers/${container.id}/logs`, query, ...(signal ? { signal } : {}) })
    for await (const { stream, text } of readLines(readOutput(body, details.Config.Tty))) process[stream].write(`${prefix}${text}\n`)
  } catch (error) {
    if (signal?.aborted) return
    if (!(error instanceof EngineRefusal)) throw error
    process.stderr.write(`${prefix}${error.message}\n`)
  }
}

/** `10m`, `2h30m`, a date, or seconds since the epoch, as the engine takes it. `now` in ms. */
export function timeOf(text: string, now: number): string {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  if (parts.length > 0 && parts.map(([whole]) => whole).join('') === text) {
    const seconds = { ms: 0.001, s: 1, m: 60, h: 3600 }
    const back = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * seconds[unit as keyof typeof seconds], 0)
    return (now / 1000 - back).toFixed(3)
  }
  const date = /^\d+(\.\d+)?$/.test(text) ? Number.NaN : Date.parse(text)
  return Number.isNaN(date) ? text : (date / 1000).toFixed(3)
}
