// `jobs.<id>.steps`: what a job runs, in order.

import type { Position } from '../text/diagnostic.ts'
import { add, notYet } from './findings.ts'
import { findAction, knownActions } from './known-actions.ts'
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
  const action = findAction(uses)
  if (!action) {
    const known = `Known actions: ${knownActions.map((a) => a.name).join(', ')}`
    const complete = uses.includes('@') || uses.startsWith('./') || uses.startsWith('docker:')
    notYet(source.findings, used.value.at, [`uses: ${uses}`, complete ? known : `Write owner/name@version. ${known}`])
    return
  }
  for (const entry of entriesOf(source, inputs?.value)) {
    if (!action.inputs.includes(entry.key.toLowerCase())) {
      notYet(source.findings, entry.keyAt, [`with: ${entry.key}`, `Inputs of ${action.name} that are: ${action.inputs.join(', ')}`])
    }
  }
}
