// `jobs.<id>.steps`: what a job runs, in order.

import type { Position } from '../text/diagnostic.ts'
import { add, notYet } from './findings.ts'
import { findAction, knownActions } from './known-actions.ts'
import { checkId, readCondition, readShell } from './parse-common.ts'
import type { Step, Template, TemplateMap } from './types.ts'
import { entriesOf, itemsOf, readKeys, templateMapOf, templateOf, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** Reads the steps of a job; ids must differ (in any case). */
export function readSteps(source: YamlSource, value: Value): readonly Step[] {
  const ids = new Set<string>()
  return itemsOf(source, value).map((item, index) => {
    const step = readStep(source, item, index)
    if (step.id !== undefined) checkStepId(source, item.at, step.id, ids)
    return step
  })
}

type Draft = { -readonly [K in 'id' | 'name' | 'if' | 'continueOnError' | 'timeoutMinutes']?: Step[K] } & {
  run?: Template
  shell?: Template
  workingDirectory?: Template
  uses?: string
}

function readStep(source: YamlSource, value: Value, index: number): Step {
  const draft: Draft = {}
  let env: TemplateMap = []
  let inputs: Value | undefined
  let usesAt: Position = value.at
  readKeys(source, value, {
    id: (v) => void (draft.id = textOf(v)),
    name: (v) => void (draft.name = templateOf(v)),
    if: (v) => void (draft.if = readCondition(source, v, 'step')),
    env: (v) => void (env = templateMapOf(source, v)),
    run: (v) => void (draft.run = templateOf(v)),
    shell: (v) => void (draft.shell = readShell(source, v)),
    'working-directory': (v) => void (draft.workingDirectory = templateOf(v)),
    uses: (v) => {
      draft.uses = textOf(v)
      usesAt = v.at
    },
    with: (v) => void (inputs = v),
    'continue-on-error': (v) => void (draft.continueOnError = templateOf(v)),
    'timeout-minutes': (v) => void (draft.timeoutMinutes = templateOf(v)),
  })
  const { run, shell, workingDirectory, uses, ...named } = draft
  const base = { index, env, at: value.at, ...named }
  if (uses !== undefined) {
    checkUses(source, { uses, at: usesAt, inputs })
    return { kind: 'uses', ...base, uses, with: templateMapOf(source, inputs) }
  }
  return { kind: 'run', ...base, run: run ?? { value: '', at: value.at }, ...(shell && { shell }), ...(workingDirectory && { workingDirectory }) }
}

function checkStepId(source: YamlSource, at: Position, id: string, ids: Set<string>): void {
  checkId(source, at, 'step', id)
  if (ids.has(id.toLowerCase())) add(source.findings, at, { code: 'id-twice', message: `Two steps of this job have the id \`${id}\`. Rename one.` })
  ids.add(id.toLowerCase())
}

function checkUses(source: YamlSource, { uses, at, inputs }: { uses: string; at: Position; inputs: Value | undefined }): void {
  const action = findAction(uses)
  if (!action) {
    const known = knownActions.map((a) => a.name).join(', ')
    const advice =
      uses.includes('@') || uses.startsWith('./') || uses.startsWith('docker:')
        ? `Known actions: ${known}`
        : `Write owner/name@version. Known actions: ${known}`
    return notYet(source.findings, at, `uses: ${uses}`, advice)
  }
  for (const entry of entriesOf(source, inputs)) {
    if (!action.inputs.includes(entry.key.toLowerCase())) {
      notYet(source.findings, entry.keyAt, `with: ${entry.key}`, `Inputs of ${action.name} that are: ${action.inputs.join(', ')}`)
    }
  }
}
