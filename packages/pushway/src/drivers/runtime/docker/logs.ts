// The lines of a group's containers, as the engine keeps them: the newest ones by time, then what comes.

import { setTimeout as sleep } from 'node:timers/promises'
import type { GroupId } from '@pushway/core/text/ids.ts'
import type { InstanceLogLine } from '../../../ports/runtime.ts'
import { EngineRefusal, readLines, readOutput } from '../../../util/engine-api/index.ts'
import type { DockerContext } from './context.ts'
import { inspect, listMembers, type Member } from './members.ts'

const lookEveryMs = 700

interface TimedLine extends InstanceLogLine {
  /** As the engine writes it, for going on after it. */
  readonly stamp: string
}

export async function* readLogs(
  context: DockerContext,
  wanted: { readonly group: GroupId; readonly tail: number; readonly follow: boolean },
  signal: AbortSignal,
): AsyncIterable<InstanceLogLine> {
  const members = await membersOf(context, wanted.group, signal)
  const begun = new Date().toISOString()
  const last = new Map<string, string>(members.map(({ container }) => [container, begun]))
  if (wanted.tail > 0) {
    const all = (await Promise.all(members.map((member) => readTail(context, member, { tail: wanted.tail, signal })))).flat()
    const newest = all.toSorted((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : 0)).slice(-wanted.tail)
    for (const line of all) if (line.stamp > (last.get(line.instance) ?? '')) last.set(line.instance, line.stamp)
    for (const { stamp: _, ...line } of newest) yield line
    for (const { container } of members) {
      const stamp = all.findLast(({ instance }) => container.startsWith(instance))?.stamp
      if (stamp !== undefined) last.set(container, stamp)
    }
  }
  if (wanted.follow) yield* followAll(context, { group: wanted.group, last }, signal)
}

async function membersOf(context: DockerContext, group: GroupId, signal: AbortSignal): Promise<readonly Member[]> {
  const environment = group.split('~')[0]
  return (await listMembers(context, environment, signal)).filter((member) => member.id === group && member.state !== 'created')
}

async function readTail(context: DockerContext, member: Member, { tail, signal }: { tail: number; signal: AbortSignal }): Promise<readonly TimedLine[]> {
  const lines: TimedLine[] = []
  for await (const line of openLines(context, member, { query: { tail }, signal })) lines.push(line)
  return lines
}

async function* followAll(
  context: DockerContext,
  { group, last }: { readonly group: GroupId; readonly last: ReadonlyMap<string, string> },
  signal: AbortSignal,
): AsyncGenerator<InstanceLogLine> {
  const queue: InstanceLogLine[] = []
  const open = new Set<string>()
  let wake = () => {}
  const follow = async (member: Member) => {
    open.add(member.container)
    const since = last.get(member.container)
    // The engine's own comparison takes the same moment, too.
    for await (const { stamp, ...line } of openLines(context, member, { query: { follow: true, since: since && secondsOf(since) }, signal })) {
      if (since !== undefined && stamp <= since) continue
      queue.push(line)
      wake()
    }
  }
  const look = async () => {
    const members = await membersOf(context, group, signal).catch(() => [])
    for (const member of members) if (!open.has(member.container)) void follow(member).catch(() => undefined)
  }
  while (!signal.aborted) {
    await look()
    for (const end = Date.now() + lookEveryMs; Date.now() < end && !signal.aborted; ) {
      while (queue.length > 0) yield queue.shift() as InstanceLogLine
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      if (queue.length === 0) await Promise.race([woken, sleep(end - Date.now(), undefined, { signal }).catch(() => undefined)])
    }
  }
}

async function* openLines(
  context: DockerContext,
  member: Member,
  { query, signal }: { readonly query: Readonly<Record<string, string | number | boolean | undefined>>; readonly signal: AbortSignal },
): AsyncGenerator<TimedLine> {
  const details = await inspect(context, member.container, signal)
  if (!details) return
  const instance = details.Id.slice(0, 12)
  try {
    const request = { stdout: true, stderr: true, timestamps: true, ...query }
    const body = await context.engine.open({ method: 'GET', path: `/containers/${member.container}/logs`, query: request, signal })
    for await (const { stream, text } of readLines(readOutput(body, details.Config.Tty))) {
      const space = text.indexOf(' ')
      const stamp = space < 0 ? text : text.slice(0, space)
      yield { at: Date.parse(stamp), instance, stream, text: space < 0 ? '' : text.slice(space + 1).replace(/\r$/, ''), stamp }
    }
  } catch (error) {
    // Gone meanwhile, its logging driver can't be read, or nobody wants more.
    if (!signal.aborted && !(error instanceof EngineRefusal)) throw error
  }
}

/** `2026-01-02T03:04:05.123456789Z` → seconds with the same fraction. */
function secondsOf(stamp: string): string {
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? '0'
  return `${Math.floor(Date.parse(stamp) / 1000)}.${fraction.padEnd(9, '0')}`
}
