// The log lines of an environment's instances, of all services or one, as they are written.

import { fail } from '@pushway/core/reason/errors.ts'
import { runtimeOf } from '../model/runtime-of.ts'
import type { Workshop } from '../model/workshop.ts'
import type { InstanceLogLine } from '../ports/runtime.ts'
import type { InstanceLogsRequest } from '../ports/service.ts'
import { lookNow } from './views/environments.ts'

/** Lines of the groups that run now; with `follow` what comes, until `signal`. @throws PushwayError `not-found` */
export async function* instanceLogs(shop: Workshop, wanted: InstanceLogsRequest, signal: AbortSignal): AsyncIterable<InstanceLogLine> {
  const look = await lookNow(shop, { project: wanted.project, name: wanted.environment })
  const groups = (look?.statuses ?? []).filter((status) => wanted.service === undefined || status.service === wanted.service)
  const release = groups[0] && shop.states.release(groups[0].release)
  if (!release) throw fail('not-found', { what: wanted.service === undefined ? 'instance in' : 'service', name: wanted.service ?? wanted.environment })
  const runtime = runtimeOf(shop, release)
  yield* merge(groups.map((group) => runtime.logs(group.id, { tail: wanted.tail, follow: wanted.follow }, signal)))
}

/** Several sources as one, in the order in which their items come. */
async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncIterable<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  const pending = new Map(iterators.map((iterator, index) => [index, step(iterator, index)]))
  while (pending.size > 0) {
    const { index, result } = await Promise.race(pending.values())
    const iterator = iterators[index]
    if (result.done || !iterator) pending.delete(index)
    else {
      pending.set(index, step(iterator, index))
      yield result.value
    }
  }
}

async function step<T>(iterator: AsyncIterator<T>, index: number): Promise<{ readonly index: number; readonly result: IteratorResult<T> }> {
  return { index, result: await iterator.next() }
}
