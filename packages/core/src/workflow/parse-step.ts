// `jobs.<id>.steps`: what a job runs, in order.

import { parseReference } from '../action/reference.ts'
import type { Position } from '../text/diagnostic.ts'
import { add } from './findings.ts'
import { findAction } from './known-actions.ts'
import { checkId, readCondition, readShell } from './parse-common.ts'
import type { Step } from './types.ts'
import { type Entry, entriesOf, itemsOf, takeKeys, templateAt, templateMapOf, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** Reads the steps of a job; ids must differ (in any case). */
export function readSteps(source: YamlSource, value: Value): readonly Step[] {
  const ids = new Set<string>()
  return itemsOf(source, value).map((item, index) => {
    const step = readStep(source, item, index)
    if (step.id !== undefined) checkStepId(source, [item.at, step.id], ids)
    return step
  })
}

const stepKeys = ['id', 'name', 'if', 'env', 'run', 'shell', 'working-directory', 'uses', 'with', 'continue-on-error', 'timeout-minutes'] as const

function readStep(source: YamlSource, value: Value, index: number): Step {
  const keys = takeKeys(source, value, stepKeys)
  const base = {
    index,
    id: keys.id && textOf(keys.id.value),
    name: templateAt(keys.name),
    if: keys.if && readCondition(source, keys.if.value, 'step'),
    env: templateMapOf(source, keys.env?.value),
    continueOnError: templateAt(keys['continue-on-error']),
    timeoutMinutes: templateAt(keys['timeout-minutes']),
    at: value.at,
  }
  if (keys.uses) {
    checkUses(source, keys.uses, keys.with)
    return { kind: 'uses', ...base, uses: textOf(keys.uses.value), with: templateMapOf(source, keys.with?.value) }
  }
  return {
    kind: 'run',
    ...base,
    run: templateAt(keys.run) ?? { value: '', at: value.at },
    shell: keys.shell && readShell(source, keys.shell.value),
    workingDirectory: templateAt(keys['working-directory']),
  }
}

function checkStepId(source: YamlSource, [at, id]: readonly [Position, string], ids: Set<string>): void {
  checkId(source, at, ['step', id])
  if (ids.has(id.toLowerCase())) add(source.findings, at, { code: 'id-twice', message: `Two steps of this job have the id \`${id}\`. Rename one.` })
  ids.add(id.toLowerCase())
}

function checkUses(source: YamlSource, used: Entry, inputs: Entry | undefined): void {
  const uses = textOf(used.value)
  const reference = parseReference(uses)
  if ('problem' in reference) add(source.findings, used.value.at, { code: 'uses-invalid', message: `${reference.problem}.` })
  else if (reference.kind === 'docker' && reference.image === '')
    add(source.findings, used.value.at, { code: 'uses-invalid', message: '`docker://` names no image.' })
  const action = findAction(uses)
  for (const entry of action ? entriesOf(source, inputs?.value) : []) {
    if (action?.inputs.includes(entry.key.toLowerCase())) continue
    // Only when the job starts it is known whether a source has the action itself, with all its inputs.
    const message = `The built-in ${action?.name} does not carry \`with: ${entry.key}\`: the job is refused unless a source of actions has it. Carried are ${action?.inputs.join(', ')}.`
    add(source.findings, entry.keyAt, { code: 'input-not-yet', message, severity: 'warning' })
  }
}
