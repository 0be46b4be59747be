// `jobs.<id>.uses`: a job that calls a workflow.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/reusable-workflows

import type { Located } from '../text/diagnostic.ts'
import { parseCallReference } from './call-reference.ts'
import { add, type Findings } from './findings.ts'
import { valueTreeOf } from './read-value-tree.ts'
import type { Template, WorkflowCall } from './types.ts'
import { type Entry, entriesOf, isMapValue, templateOf, textOf } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** `uses`, `with` and `secrets` of a job that calls a workflow. */
export function readCall(source: YamlSource, uses: Entry, keys: { readonly with?: Entry; readonly secrets?: Entry }): WorkflowCall {
  const reference = parseCallReference(textOf(uses.value))
  if ('problem' in reference) add(source.findings, uses.value.at, { code: 'uses-invalid', message: `${reference.problem}.` })
  const given = entriesOf(source, keys.with?.value).map(({ key, keyAt, value }) => ({ name: key, value: valueTreeOf(source, value), at: keyAt }))
  reportTwice(
    source.findings,
    given.map(({ name, at }) => ({ value: name, at })),
  )
  return { uses: templateOf(uses.value), with: given, secrets: readSecrets(source, keys.secrets) }
}

function readSecrets(source: YamlSource, entry: Entry | undefined): WorkflowCall['secrets'] {
  if (entry && !isMapValue(entry.value)) return 'inherit'
  const secrets = entriesOf(source, entry?.value).map(
    ({ key, keyAt, value }) => [{ value: key, at: keyAt }, templateOf(value)] as readonly [Located<string>, Template],
  )
  reportTwice(
    source.findings,
    secrets.map(([name]) => name),
  )
  return secrets
}

/** Names are compared without case. */
function reportTwice(findings: Findings, names: readonly Located<string>[]): void {
  const seen = new Set<string>()
  for (const { value, at } of names) {
    if (seen.has(value.toLowerCase())) add(findings, at, { code: 'schema', message: `\`${value}\` is given twice. Keep one.` })
    seen.add(value.toLowerCase())
  }
}
