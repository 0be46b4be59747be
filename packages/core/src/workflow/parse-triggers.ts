// `on`: what starts the workflow.

import { add, notYet } from './findings.ts'
import { adviceFor, readPullTypes, readSchedule, readTyped, readWorkflowRun } from './parse-events.ts'
import { patternProblem } from './patterns.ts'
import type { Input, PatternFilter, Trigger } from './types.ts'
import { type Entry, entriesOf, isMapValue, isNothing, itemsOf, takeKeys, templateOf, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** Reads `on` in its three forms: a name, a list of names, a map with filters. */
export function readTriggers(source: YamlSource, value: Value): readonly Trigger[] {
  if (isMapValue(value)) return entriesOf(source, value).flatMap((entry) => readTrigger(source, entry))
  return itemsOf(source, value).flatMap((item) => readTrigger(source, { key: textOf(item), keyAt: item.at, value: { node: null, at: item.at } }))
}

function readTrigger(source: YamlSource, entry: Entry): readonly Trigger[] {
  const { key, value } = entry
  switch (key) {
    case 'push':
      return [readPush(source, value)]
    case 'pull_request':
    case 'pull_request_target':
      return [readPullRequest(source, key, value)]
    case 'workflow_dispatch':
      return [{ event: key, inputs: readInputs(source, takeKeys(source, value, ['inputs']).inputs) }]
    case 'workflow_call':
      return [readCallTrigger(source, value)]
    case 'workflow_run':
      return [readWorkflowRun(source, entry, readWorkflowRunBranches(source, value))]
    case 'schedule':
      return [readSchedule(source, value)]
    case 'release':
    case 'repository_dispatch':
      return [readTyped(source, key, value)]
    case 'create':
    case 'delete':
    case 'deployment':
    case 'deployment_status':
      takeKeys(source, value, [])
      return [{ event: key }]
    default:
      notYet(source.findings, entry.keyAt, [`on: ${key}`, adviceFor(key)])
      return []
  }
}

function readPush(source: YamlSource, value: Value): Trigger {
  const keys = takeKeys(source, value, ['branches', 'branches-ignore', 'tags', 'tags-ignore', 'paths', 'paths-ignore'])
  return {
    event: 'push',
    branches: readFilter(source, 'branches', [keys.branches, keys['branches-ignore']]),
    tags: readFilter(source, 'tags', [keys.tags, keys['tags-ignore']]),
    paths: readFilter(source, 'paths', [keys.paths, keys['paths-ignore']]),
  }
}

function readWorkflowRunBranches(source: YamlSource, value: Value): PatternFilter | undefined {
  const keys = takeKeys(source, value, ['workflows', 'types', 'branches', 'branches-ignore'])
  return readFilter(source, 'branches', [keys.branches, keys['branches-ignore']])
}

function readPullRequest(source: YamlSource, event: 'pull_request' | 'pull_request_target', value: Value): Trigger {
  const keys = takeKeys(source, value, ['branches', 'branches-ignore', 'types', 'paths', 'paths-ignore'])
  return {
    event,
    branches: readFilter(source, 'branches', [keys.branches, keys['branches-ignore']]),
    types: readPullTypes(source, keys.types),
    paths: readFilter(source, 'paths', [keys.paths, keys['paths-ignore']]),
  }
}

function readFilter(source: YamlSource, name: string, [take, ignore]: readonly [Entry | undefined, Entry | undefined]): PatternFilter | undefined {
  if (take && ignore) {
    const later = take.keyAt.line > ignore.keyAt.line ? take : ignore
    const message = `\`${name}\` and \`${name}-ignore\` can't be used together. Use \`!\` patterns in \`${name}\` instead.`
    add(source.findings, later.keyAt, { code: 'filter-conflict', message })
  }
  if (take) return { include: readPatterns(source, take.value, 'include') }
  return ignore && { exclude: readPatterns(source, ignore.value, 'exclude') }
}

function readPatterns(source: YamlSource, value: Value, side: keyof PatternFilter): readonly string[] {
  const items = itemsOf(source, value)
  const patterns = items.map((item) => {
    const problem = patternProblem(textOf(item))
    if (problem) add(source.findings, item.at, { code: 'pattern-invalid', message: problem })
    return textOf(item)
  })
  if (side === 'include' && patterns.length > 0 && patterns.every((pattern) => pattern.startsWith('!'))) {
    const message = 'All patterns start with `!`, so nothing can match. Add one without it, or use the `-ignore` filter.'
    add(source.findings, value.at, { code: 'pattern-only-negative', message })
  }
  return patterns
}

function readInputs(source: YamlSource, inputs: Entry | undefined): readonly Input[] {
  return entriesOf(source, inputs?.value).map((entry) => readInput(source, entry))
}

function readCallTrigger(source: YamlSource, value: Value): Trigger {
  const keys = takeKeys(source, value, ['inputs', 'secrets', 'outputs'])
  const secrets = entriesOf(source, keys.secrets?.value).map((entry) => {
    const { required } = takeKeys(source, entry.value, ['description', 'required'])
    return { name: entry.key, required: required !== undefined && textOf(required.value) === 'true' }
  })
  const outputs = entriesOf(source, keys.outputs?.value).flatMap((entry) => {
    const { value: given } = takeKeys(source, entry.value, ['description', 'value'])
    return given ? [[entry.key, templateOf(given.value)] as const] : []
  })
  return { event: 'workflow_call', inputs: readInputs(source, keys.inputs), secrets, outputs }
}

const inputTypes = ['string', 'boolean', 'number', 'choice', 'environment'] as const

function readInput(source: YamlSource, entry: Entry): Input {
  const keys = takeKeys(source, entry.value, ['type', 'required', 'default', 'options', 'description', 'deprecationMessage'])
  const type = keys.type && textOf(keys.type.value)
  const input: Input = {
    name: entry.key,
    type: inputTypes.find((known) => known === type) ?? 'string',
    required: keys.required !== undefined && textOf(keys.required.value) === 'true',
    default: keys.default && !isNothing(keys.default.value) ? textOf(keys.default.value) : undefined,
    options: keys.options && itemsOf(source, keys.options.value).map(textOf),
  }
  if (input.type === 'choice' && !input.options?.length) {
    add(source.findings, entry.keyAt, { code: 'input-options', message: `Input \`${input.name}\` is a choice without \`options\`. Add them.` })
  }
  return input
}
