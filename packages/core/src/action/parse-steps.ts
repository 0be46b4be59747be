// `runs.steps` of a composite action. Other keys than in a workflow: `shell` is required, there is no `timeout-minutes`, and no `secrets` context.

import { parseExpression, splitTemplate } from '../workflow/expression.ts'
import { add } from '../workflow/findings.ts'
import type { Step, Template, TemplateMap } from '../workflow/types.ts'
import { takeKeys, templateAt, templateMapOf, templateOf, textOf, type Value } from '../workflow/yaml-node.ts'
import type { YamlSource } from '../workflow/yaml-source.ts'
import { parseReference } from './reference.ts'

const stepContexts = ['github', 'inputs', 'strategy', 'matrix', 'steps', 'job', 'runner', 'env']
const stepKeys = ['id', 'name', 'if', 'env', 'run', 'shell', 'working-directory', 'uses', 'with', 'continue-on-error'] as const

/** Reads the steps; ids must differ, in any case. */
export function readActionSteps(source: YamlSource, items: readonly Value[]): readonly Step[] {
  const ids = new Set<string>()
  return items.map((item, index) => {
    const step = readStep(source, item, index)
    const id = step.id?.toLowerCase()
    if (id !== undefined && ids.has(id)) add(source.findings, item.at, { code: 'id-twice', message: `Two steps have the id \`${step.id}\`. Rename one.` })
    if (id !== undefined) ids.add(id)
    return step
  })
}

function readStep(source: YamlSource, value: Value, index: number): Step {
  const keys = takeKeys(source, value, stepKeys)
  const base = {
    index,
    id: keys.id && textOf(keys.id.value),
    name: checked(source, templateAt(keys.name)),
    if: keys.if && readCondition(source, keys.if.value),
    env: checkedMap(source, templateMapOf(source, keys.env?.value)),
    continueOnError: checked(source, templateAt(keys['continue-on-error'])),
    at: value.at,
  }
  if (keys.uses) {
    const uses = textOf(keys.uses.value)
    const reference = parseReference(uses)
    if ('problem' in reference) add(source.findings, keys.uses.value.at, { code: 'action-invalid', message: `${reference.problem}.` })
    return { kind: 'uses', ...base, uses, with: checkedMap(source, templateMapOf(source, keys.with?.value)) }
  }
  if (!keys.run) add(source.findings, value.at, { code: 'action-invalid', message: 'A step needs `run` or `uses`.' })
  else if (!keys.shell || textOf(keys.shell.value) === '') {
    add(source.findings, value.at, { code: 'action-invalid', message: '`shell` is required for each `run` of an action. Add it: `shell: bash`.' })
  }
  return {
    kind: 'run',
    ...base,
    run: checked(source, templateAt(keys.run)) ?? { value: '', at: value.at },
    shell: checked(source, templateAt(keys.shell)),
    workingDirectory: checked(source, templateAt(keys['working-directory'])),
  }
}

function readCondition(source: YamlSource, value: Value): Template {
  const template = templateOf(value)
  const text = template.value.trim()
  if (text !== '') checkTemplate(source, { ...template, value: text.includes('${{') ? text : `\${{ ${text} }}` }, stepContexts)
  return template
}

function checked<T extends Template | undefined>(source: YamlSource, template: T): T {
  if (template) checkTemplate(source, template, stepContexts)
  return template
}

function checkedMap(source: YamlSource, map: TemplateMap): TemplateMap {
  for (const [, template] of map) checkTemplate(source, template, stepContexts)
  return map
}

/** Reports an expression that can't be parsed, or that names a context which is not there. */
export function checkTemplate(source: YamlSource, template: Template, contexts: readonly string[]): void {
  try {
    for (const segment of splitTemplate(template.value)) if (segment.kind === 'expression') parseExpression(segment.text, contexts)
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    add(source.findings, template.at, { code: 'expression-invalid', message: `${cause}.` })
  }
}
