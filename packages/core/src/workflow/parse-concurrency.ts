// `concurrency` of a workflow or job: which group it belongs to, and what happens to others of that group.
// Follows https://docs.github.com/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency

import { add } from './findings.ts'
import type { Concurrency } from './types.ts'
import { type Entry, isMapValue, takeKeys, templateAt, templateOf, textOf } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** `concurrency: NAME` or `concurrency: { group, cancel-in-progress, queue }`. */
export function readConcurrency(source: YamlSource, entry: Entry | undefined): Concurrency | undefined {
  if (!entry) return undefined
  if (!isMapValue(entry.value)) return { group: templateOf(entry.value), queue: 'single' }
  const keys = takeKeys(source, entry.value, ['group', 'cancel-in-progress', 'queue'])
  if (!keys.group) return undefined
  const queue = keys.queue && textOf(keys.queue.value) === 'max' ? 'max' : 'single'
  const cancels = keys['cancel-in-progress']
  if (queue === 'max' && cancels && textOf(cancels.value) !== 'false') {
    const message = '`queue: max` keeps every run waiting, so it does not go with `cancel-in-progress`. Remove one of them.'
    add(source.findings, cancels.keyAt, { code: 'concurrency-queue', message })
  }
  return { group: templateOf(keys.group.value), cancelInProgress: templateAt(cancels), queue }
}
