// `action.yml` → ActionDefinition, every mistake at its place.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax

import { LineCounter, parseDocument } from 'yaml'
import { type Diagnostic, hasErrors, type Parsed } from '../text/diagnostic.ts'
import { add, type Findings, inFileOrder } from '../workflow/findings.ts'
import {
  type Entry,
  entriesOf,
  isMapValue,
  itemsOf,
  rootOf,
  takeKeys,
  templateAt,
  templateMapOf,
  templateOf,
  textOf,
  type Value,
} from '../workflow/yaml-node.ts'
import type { YamlSource } from '../workflow/yaml-source.ts'
import { checkTemplate, readActionSteps } from './parse-steps.ts'
import type { ActionDefinition, ActionInput, ActionRuns } from './types.ts'

const maxCharacters = 512 * 1024
const defaultContexts = ['github', 'strategy', 'matrix', 'job', 'runner']
const outputContexts = ['github', 'strategy', 'matrix', 'steps', 'inputs', 'job', 'runner', 'env']

/**
 * Reads an action's metadata file.
 * @param file what the findings name it
 * @returns every finding at once; the definition when none is an error
 */
export function parseAction(file: string, text: string): Parsed<ActionDefinition> {
  const findings: Findings = { file, list: [] }
  const start = { file, line: 1, column: 1 }
  const refuse = (message: string): { diagnostics: readonly Diagnostic[] } => {
    add(findings, start, { code: 'action-invalid', message })
    return { diagnostics: findings.list }
  }
  if (text.length > maxCharacters) return refuse(`The file has ${text.length} characters; up to ${maxCharacters} are read.`)
  const lines = new LineCounter()
  const doc = parseDocument(text.replace(/^\uFEFF/, ''), { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  for (const error of doc.errors) {
    const place = lines.linePos(error.pos[0])
    add(findings, { file, line: Math.max(1, place.line), column: Math.max(1, place.col) }, { code: 'yaml-syntax', message: sentence(error.message) })
  }
  if (findings.list.length > 0) return { diagnostics: inFileOrder(findings) }
  const source: YamlSource = { findings, doc, lines }
  if (!isMapValue(rootOf(source))) return refuse('The file is not a map with `name` and `runs`.')
  const value = readDefinition(source)
  const diagnostics = inFileOrder(findings)
  return value && !hasErrors(diagnostics) ? { value, diagnostics } : { diagnostics }
}

function readDefinition(source: YamlSource): ActionDefinition | undefined {
  const root = rootOf(source)
  const keys = new Map(entriesOf(source, root).map((entry) => [entry.key, entry]))
  const runs = keys.get('runs')
  if (!runs) {
    add(source.findings, root.at, { code: 'action-invalid', message: '`runs` is missing. Say how the action runs.' })
    return undefined
  }
  const name = keys.get('name')
  const read = readRuns(source, runs)
  const inputs = entriesOf(source, keys.get('inputs')?.value).map((entry) => readInput(source, entry))
  const outputs = entriesOf(source, keys.get('outputs')?.value).map((entry) => readOutput(source, entry, read?.using === 'composite'))
  return read && { name: name ? textOf(name.value) : source.findings.file, inputs, outputs, runs: read }
}

/** Only what stands directly below an input's name matters; other keys are free there. */
function readInput(source: YamlSource, entry: Entry): ActionInput {
  const keys = new Map(entriesOf(source, entry.value).map((field) => [field.key, field]))
  const value = templateAt(keys.get('default'))
  if (value) checkTemplate(source, value, defaultContexts)
  const deprecation = keys.get('deprecationMessage')
  const required = keys.get('required')
  return {
    name: entry.key.toLowerCase(),
    required: required !== undefined && textOf(required.value).toLowerCase() === 'true',
    ...(value ? { default: value } : {}),
    ...(deprecation ? { deprecation: textOf(deprecation.value) } : {}),
  }
}

function readOutput(source: YamlSource, entry: Entry, composite: boolean): ActionDefinition['outputs'][number] {
  const field = entriesOf(source, entry.value).find(({ key }) => key === 'value')
  if (!composite || !field) return { name: entry.key }
  const value = templateOf(field.value)
  checkTemplate(source, value, outputContexts)
  return { name: entry.key, value }
}

function readRuns(source: YamlSource, entry: Entry): ActionRuns | undefined {
  const using = entriesOf(source, entry.value).find(({ key }) => key === 'using')
  const id = using ? textOf(using.value).toLowerCase() : ''
  if (id === 'docker') return readDocker(source, entry)
  if (id === 'composite') return readComposite(source, entry)
  if (/^node\d+$/.test(id)) return readNode(source, entry, id)
  const message = using ? `\`using: ${textOf(using.value)}\` is not known. Use composite, node20 or node24.` : '`runs` says not what it is `using`.'
  add(source.findings, using?.value.at ?? entry.keyAt, { code: 'action-invalid', message })
  return undefined
}

function readComposite(source: YamlSource, entry: Entry): ActionRuns {
  const { steps } = takeKeys(source, entry.value, ['using', 'steps'])
  if (!steps) add(source.findings, entry.keyAt, { code: 'action-invalid', message: 'A composite action needs `steps`.' })
  return { using: 'composite', steps: steps ? readActionSteps(source, itemsOf(source, steps.value)) : [] }
}

function readNode(source: YamlSource, entry: Entry, node: string): ActionRuns | undefined {
  const keys = takeKeys(source, entry.value, ['using', 'main', 'pre', 'pre-if', 'post', 'post-if'])
  const text = (value: Entry | undefined) => (value && textOf(value.value) !== '' ? textOf(value.value) : undefined)
  const main = text(keys.main)
  if (main === undefined) {
    add(source.findings, entry.keyAt, { code: 'action-invalid', message: 'A JavaScript action needs `main`, the file that is run.' })
    return undefined
  }
  for (const condition of [keys['pre-if'], keys['post-if']]) if (condition) checkCondition(source, condition.value)
  const pre = text(keys.pre)
  const post = text(keys.post)
  const preIf = templateAt(keys['pre-if'])
  const postIf = templateAt(keys['post-if'])
  return { using: 'node', node, main, ...(pre ? { pre } : {}), ...(preIf ? { preIf } : {}), ...(post ? { post } : {}), ...(postIf ? { postIf } : {}) }
}

const containerContexts = ['github', 'inputs', 'strategy', 'matrix', 'job', 'runner', 'env', 'steps', 'secrets', 'vars', 'needs']

function readDocker(source: YamlSource, entry: Entry): ActionRuns | undefined {
  const known = ['using', 'image', 'args', 'env', 'entrypoint', 'pre-entrypoint', 'pre-if', 'post-entrypoint', 'post-if'] as const
  const keys = takeKeys(source, entry.value, known)
  const text = (value: Entry | undefined) => (value && textOf(value.value) !== '' ? textOf(value.value) : undefined)
  const image = text(keys.image)
  if (image === undefined) {
    add(source.findings, entry.keyAt, { code: 'action-invalid', message: 'A Docker action needs `image`: a Dockerfile, or docker://IMAGE.' })
    return undefined
  }
  for (const condition of [keys['pre-if'], keys['post-if']]) if (condition) checkCondition(source, condition.value)
  const args = itemsOf(source, keys.args?.value).map(templateOf)
  const env = templateMapOf(source, keys.env?.value)
  for (const template of [...args, ...env.map(([, value]) => value)]) checkTemplate(source, template, containerContexts)
  const optional = { entrypoint: text(keys.entrypoint), preEntrypoint: text(keys['pre-entrypoint']), postEntrypoint: text(keys['post-entrypoint']) }
  const conditions = { preIf: templateAt(keys['pre-if']), postIf: templateAt(keys['post-if']) }
  return { using: 'docker', image, args, env, ...defined(optional), ...defined(conditions) }
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

function checkCondition(source: YamlSource, value: Value): void {
  const text = textOf(value)
  checkTemplate(source, { value: text.includes('${{') ? text : `\${{ ${text} }}`, at: value.at }, [...outputContexts])
}

function sentence(text: string): string {
  const line = text.split('\n')[0] ?? text
  return /[.!?]$/.test(line) ? line : `${line}.`
}
