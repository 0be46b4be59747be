// `jobs.<id>.container` and `services`: where the steps of a job run, and what runs beside them.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idcontainer

import { add } from './findings.ts'
import { valueTreeOf } from './read-value-tree.ts'
import type { ContainerTree } from './types.ts'
import { type Entry, entriesOf, isMapValue, takeKeys, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

const containerKeys = ['image', 'credentials', 'env', 'ports', 'volumes', 'options'] as const
const serviceKeys = [...containerKeys, 'entrypoint', 'command'] as const

/** `container: IMAGE` or `container: { image, … }`. */
export function readContainer(source: YamlSource, entry: Entry | undefined): ContainerTree | undefined {
  if (!entry) return undefined
  checkKeys(source, entry.value, containerKeys)
  return { tree: valueTreeOf(source, entry.value), at: entry.value.at }
}

/** `services: { NAME: IMAGE or { image, … } }`. */
export function readServices(source: YamlSource, entry: Entry | undefined): ContainerTree | undefined {
  if (!entry) return undefined
  for (const { key, keyAt, value } of entriesOf(source, entry.value)) {
    checkKeys(source, value, serviceKeys)
    if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key)) continue
    const message = `"${key}" can't be the name of a service: it is its host name. Use letters, digits, \`-\`, \`_\` and \`.\`, starting with a letter or \`_\`.`
    add(source.findings, keyAt, { code: 'id-invalid', message })
  }
  return { tree: valueTreeOf(source, entry.value), at: entry.value.at }
}

function checkKeys(source: YamlSource, value: Value, known: readonly string[]): void {
  if (!isMapValue(value)) return
  const keys = takeKeys(source, value, known)
  const options = keys.options
  // GitHub says no to these: the job's own network and command are what make it work.
  const refused = options && /(?:^|\s)(--network|--net|--entrypoint)(?=[\s=]|$)/.exec(textOf(options.value))
  if (!options || !refused) return
  add(source.findings, options.value.at, { code: 'container-option', message: `The option ${refused[1]} is not supported here, as on GitHub. Remove it.` })
}
