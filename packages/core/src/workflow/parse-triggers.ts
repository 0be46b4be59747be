// `on`: what starts the workflow.

import { add, notYet } from './findings.ts'
import { patternProblem } from './patterns.ts'
import type { Input, PatternFilter, Trigger } from './types.ts'
import { type Entry, entriesOf, isMapValue, isNothing, itemsOf, readKeys, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

type Filters = Partial<Record<'branches' | 'tags' | 'paths', PatternFilter>>

/** Reads `on` in its three forms: a name, a list of names, a map with filters. */
export function readTriggers(source: YamlSource, value: Value): readonly Trigger[] {
  if (isMapValue(value)) return entriesOf(source, value).flatMap((entry) => readTrigger(source, entry))
  return itemsOf(source, value).flatMap((item) => readTrigger(source, { key: textOf(item), keyAt: item.at, value: { node: null, at: item.at } }))
}

function readTrigger(source: YamlSource, entry: Entry): readonly Trigger[] {
  const { key, value } = entry
  switch (key) {
    case 'push':
      return [{ event: key, ...readFilters(source, value, ['branches', 'tags', 'paths']) }]
    case 'pull_request':
      return [readPullRequest(source, value)]
    case 'workflow_dispatch':
    case 'workflow_call':
      return [{ event: key, inputs: readInputs(source, value) }]
    case 'deployment_status':
      readKeys(source, value, {})
      return [{ event: key }]
    default:
      notYet(source.findings, entry.keyAt, `on: ${key}`, 'Triggers that are: push, pull_request, workflow_dispatch, workflow_call, deployment_status')
      return []
  }
}

function readPullRequest(source: YamlSource, value: Value): Trigger {
  let types: readonly string[] | undefined
  const { branches, paths } = readFilters(source, value, ['branches', 'paths'], {
    types: (v) => void (types = itemsOf(source, v).map(textOf)),
  })
  return { event: 'pull_request', ...(branches && { branches }), ...(types && { types }), ...(paths && { paths }) }
}

function readFilters(
  source: YamlSource,
  value: Value,
  names: readonly (keyof Filters)[],
  more: Readonly<Record<string, (value: Value) => void>> = {},
): Filters {
  const filters: Filters = {}
  const take = (name: keyof Filters, side: keyof PatternFilter) => (given: Value, entry: Entry) => {
    if (filters[name]) {
      const message = `\`${name}\` and \`${name}-ignore\` can't be used together. Use \`!\` patterns in \`${name}\` instead.`
      return add(source.findings, entry.keyAt, { code: 'filter-conflict', message })
    }
    filters[name] = { [side]: readPatterns(source, given, side) }
  }
  const readers = names.flatMap((name) => [[name, take(name, 'include')] as const, [`${name}-ignore`, take(name, 'exclude')] as const])
  readKeys(source, value, { ...Object.fromEntries(readers), ...more })
  return filters
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

function readInputs(source: YamlSource, value: Value): readonly Input[] {
  let inputs: readonly Input[] = []
  readKeys(source, value, { inputs: (v) => void (inputs = entriesOf(source, v).map((entry) => readInput(source, entry))) })
  return inputs
}

const inputTypes = ['string', 'boolean', 'number', 'choice', 'environment'] as const

function readInput(source: YamlSource, entry: Entry): Input {
  const input: { -readonly [K in keyof Input]: Input[K] } = { name: entry.key, type: 'string', required: false }
  readKeys(source, entry.value, {
    type: (v) => void (input.type = inputTypes.find((type) => type === textOf(v)) ?? 'string'),
    required: (v) => void (input.required = textOf(v) === 'true'),
    default: (v) => {
      if (!isNothing(v)) input.default = textOf(v)
    },
    options: (v) => void (input.options = itemsOf(source, v).map(textOf)),
    description: () => undefined,
    deprecationMessage: () => undefined,
  })
  if (input.type === 'choice' && !input.options?.length) {
    add(source.findings, entry.keyAt, { code: 'input-options', message: `Input \`${input.name}\` is a choice without \`options\`. Add them.` })
  }
  return input
}
