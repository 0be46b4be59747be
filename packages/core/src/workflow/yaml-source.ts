// Reads a workflow's YAML: size, alias and syntax guards, GitHub's schema and expression checks, and the nodes with their places.

import { TemplateContext, TemplateValidationErrors } from '@actions/workflow-parser/templates/template-context'
import { readTemplate } from '@actions/workflow-parser/templates/template-reader'
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer'
import { WORKFLOW_ROOT } from '@actions/workflow-parser/workflows/workflow-constants'
import { getWorkflowSchema } from '@actions/workflow-parser/workflows/workflow-schema'
import { YamlObjectReader } from '@actions/workflow-parser/workflows/yaml-object-reader'
import { type Document, isAlias, isCollection, isDocument, isPair, LineCounter, visit } from 'yaml'
import type { Position } from '../text/diagnostic.ts'
import { add, type Findings, notYet } from './findings.ts'

/** A workflow file that could be read as YAML. */
export interface YamlSource {
  readonly findings: Findings
  readonly doc: Document
  readonly lines: LineCounter
}

const maxCharacters = 512 * 1024
const maxNodes = 50_000
const maxAliases = 500

/** Reads the text and reports every mistake of syntax, schema and expressions; undefined when there is nothing to walk. */
export function readWorkflowYaml(findings: Findings, text: string): YamlSource | undefined {
  const start: Position = { file: findings.file, line: 1, column: 1 }
  const refuse = (code: string, message: string) => add(findings, start, { code, message })
  if (text.length > maxCharacters) return void refuse('file-too-large', `The file has ${text.length} characters; up to ${maxCharacters} are read. Split it.`)
  const clean = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  if (clean.includes('\0')) return void refuse('yaml-syntax', 'The file holds a NUL character, so it is not a text file. Save it as UTF-8.')
  if (clean.trim() === '') return void refuse('yaml-syntax', 'The file is empty. Write a workflow with `on` and `jobs`.')
  try {
    return readChecked(findings, clean)
  } catch (error) {
    if (error instanceof RangeError) return void refuse('yaml-syntax', 'The file is nested too deeply. Flatten it.')
    throw error
  }
}

function readChecked(findings: Findings, text: string): YamlSource | undefined {
  const reader = new YamlObjectReader(1, text)
  for (const error of withoutEcho(reader.errors)) {
    const at = { file: findings.file, line: error.range?.start.line ?? 1, column: error.range?.start.column ?? 1 }
    add(findings, at, { code: 'yaml-syntax', message: yamlSentence(error.message) })
  }
  if (reader.errors.length > 0) return undefined
  const source = { findings, ...documentOf(reader) }
  const problem = expansionProblem(source.doc)
  if (problem) return void add(findings, { file: findings.file, line: 1, column: 1 }, { code: 'yaml-aliases', message: problem })
  if (reportUnknownAliases(source)) return undefined
  checkSchema(findings, reader)
  return source
}

/** Behind its first mistake the reader stumbles over what is right: one finding a line, and none that only says where it stumbled. */
function withoutEcho<E extends { readonly message: string; readonly range?: { readonly start: { readonly line: number } } }>(
  errors: readonly E[],
): readonly E[] {
  const lines = new Set<number>()
  return errors.filter(({ message, range }, index) => {
    const line = range?.start.line ?? 1
    if (index > 0 && (lines.has(line) || message.includes('token in YAML stream'))) return false
    return lines.add(line)
  })
}

/** The reader has parsed the text already; its document and line table are private there, so they are looked at with checks. */
function documentOf(reader: YamlObjectReader): { doc: Document; lines: LineCounter } {
  const doc: unknown = Reflect.get(reader, 'doc')
  const lines: unknown = Reflect.get(reader, 'lineCounter')
  if (!isDocument(doc) || !(lines instanceof LineCounter)) throw new Error('@actions/workflow-parser has changed: its YAML reader has no document')
  return { doc, lines }
}

/** GitHub's schema; its published file has another event's name for `repository_dispatch` where that stands alone. */
function workflowSchema(): ReturnType<typeof getWorkflowSchema> {
  const schema = getWorkflowSchema()
  const alone: unknown = schema.definitions['repository-dispatch-string']
  if (typeof alone === 'object' && alone !== null && Reflect.get(alone, 'constant') === 'branch_protection_rule')
    Reflect.set(alone, 'constant', 'repository_dispatch')
  return schema
}

function checkSchema(findings: Findings, reader: YamlObjectReader): void {
  const context = new TemplateContext(new TemplateValidationErrors(), workflowSchema(), new NoOperationTraceWriter())
  const id = context.getFileId(findings.file)
  readTemplate(context, WORKFLOW_ROOT, reader, id)
  for (const error of withoutSameValue(context.errors.getErrors())) {
    const at = { file: findings.file, line: error.range?.start.line ?? 1, column: error.range?.start.column ?? 1 }
    const [, step] = /^Unexpected value '(background|wait|wait-all|cancel|parallel)'$/.exec(error.rawMessage) ?? []
    if (step !== undefined) notYet(findings, at, [step, 'Steps run one after the other here'])
    const expression = /expression|named-value|function|symbol|parameters/i.test(error.rawMessage)
    add(findings, at, { code: expression ? 'expression-invalid' : 'schema', message: schemaSentence(error.rawMessage) })
  }
}

/** An expression with a mistake is named twice where a number or boolean is wanted: as a value that does not fit, and as the mistake that it is. */
function withoutSameValue<E extends { readonly rawMessage: string; readonly range?: { readonly start: { readonly line: number } } }>(
  errors: readonly E[],
): readonly E[] {
  const isValue = ({ rawMessage }: E) => /^Unexpected value '.*\$\{\{/s.test(rawMessage)
  return errors.filter((error) => !isValue(error) || !errors.some((other) => !isValue(other) && other.range?.start.line === error.range?.start.line))
}

const schemaSentences: readonly (readonly [RegExp, string])[] = [
  [/^Unexpected value ''$/, 'A value is missing here. Write one, or remove the key'],
  [/^Unexpected value '(.*)'$/s, '`$1` is not allowed here. Check its name and its indentation'],
  [/^Required property is missing: (.*)$/s, '`$1` is required here and missing. Add it'],
  [/^A sequence was not expected$/, 'A list is not allowed here'],
  [/^A mapping was not expected$/, 'A map (`key: value`) is not allowed here'],
  [/^'(.*)' is already defined$/s, '`$1` is defined twice. Keep one'],
]

function schemaSentence(message: string): string {
  const row = schemaSentences.find(([pattern]) => pattern.test(message))
  return sentence(row ? message.replace(row[0], row[1]) : message)
}

const yamlSentences: readonly (readonly [RegExp, string])[] = [
  [/^Tabs are not allowed/, 'A tab is used for indentation. Use spaces'],
  [/multiple documents/, 'The file holds several documents (`---`). Keep one'],
  [/call stack size/, 'The file is nested too deeply. Flatten it'],
]

function yamlSentence(message: string): string {
  // The library adds ` at line …` and the lines themselves; the finding says where by itself.
  const short = message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message
  return sentence(yamlSentences.find(([pattern]) => pattern.test(short))?.[1] ?? short)
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Aliases without an anchor before them; GitHub's reader stumbles over them without a place. */
function reportUnknownAliases(source: YamlSource): boolean {
  let found = false
  visit(source.doc, {
    Alias(_key, node) {
      if (node.resolve(source.doc)) return
      const place = source.lines.linePos(node.range?.[0] ?? 0)
      const message = `\`*${node.source}\` names an anchor that is not defined before it. Define \`&${node.source}\`, or quote a text that starts with \`*\`.`
      add(source.findings, { file: source.findings.file, line: place.line, column: place.col }, { code: 'yaml-syntax', message })
      found = true
    },
  })
  return found
}

/** Counts nodes as they are after aliases are expanded, without expanding them. */
function expansionProblem(doc: Document): string | undefined {
  const sizes = new Map<unknown, number>()
  let aliases = 0
  const sizeOf = (node: unknown): number => {
    const known = sizes.get(node)
    if (known !== undefined) return known
    if (isAlias(node)) return ++aliases > maxAliases ? Number.POSITIVE_INFINITY : 1 + sizeOf(node.resolve(doc))
    if (isPair(node)) return sizeOf(node.key) + sizeOf(node.value)
    if (!isCollection(node)) return 1
    sizes.set(node, Number.POSITIVE_INFINITY)
    const size = node.items.reduce<number>((sum, item) => sum + sizeOf(item), 1)
    sizes.set(node, size)
    return size
  }
  if (sizeOf(doc.contents) <= maxNodes) return undefined
  return `The file's aliases (\`*name\`) refer to themselves or expand to more than ${maxNodes} values. Write them out.`
}
