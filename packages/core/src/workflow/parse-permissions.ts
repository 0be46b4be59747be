// `permissions` of a workflow or job: what its token may do.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions

import { apiScopes } from '../run/types.ts'
import { add } from './findings.ts'
import type { Permissions } from './types.ts'
import { type Entry, entriesOf, isMapValue, textOf } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** What Pushway's token can be given or refused; other names are read and give nothing. */
const enforced = ['contents', 'packages', ...apiScopes]

/** `permissions: read-all`, `write-all`, `{}` or a map of names to `read`, `write` or `none`. */
export function readPermissions(source: YamlSource, entry: Entry | undefined): Permissions | undefined {
  if (!entry) return undefined
  if (!isMapValue(entry.value)) return textOf(entry.value) === 'write-all' ? { all: 'write' } : { all: 'read' }
  const entries = entriesOf(source, entry.value)
  for (const { key, keyAt, value } of entries) {
    if (textOf(value) !== 'write' || key === 'id-token' || enforced.some((name) => name === key)) continue
    const message = `\`${key}: write\` gives nothing here: the token can write ${enforced.join(', ')} only.`
    add(source.findings, keyAt, { code: 'permission-without-effect', message, severity: 'warning' })
  }
  return { named: Object.fromEntries(entries.map(({ key, value }) => [key, accessOf(textOf(value))])) }
}

function accessOf(text: string): 'read' | 'write' | 'none' {
  return text === 'read' || text === 'write' ? text : 'none'
}
