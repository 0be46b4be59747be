// Checks a tree against the specification: types, known keys, words and limits, each mistake at its place.

import { unknownKey } from '../text/yaml.ts'
import { keyPlace, type Report } from './report.ts'
import type { Attribute, Form, MapForm } from './spec/attribute.ts'
import { specification } from './spec/index.ts'
import { describePath, plainOf, type Tree, type TreeList, type TreeMap, type TreePath, type TreeScalar } from './tree.ts'
import { parseWhole } from './units.ts'

/** Every mistake of type in a file that has been merged with those before it. */
export function checkSchema(tree: Tree, report: Report): void {
  if (tree.kind !== 'map') {
    report.error(tree, 'compose-type', `the file must be a mapping, not ${kindOf(tree)}.`)
    return
  }
  checkNode(tree, specification, { path: [], report })
}

interface Checking {
  readonly path: TreePath
  readonly report: Report
}

function checkNode(node: Tree, attribute: Attribute, checking: Checking): void {
  const form = attribute.forms.find((one) => fits(node, one))
  if (form === undefined) {
    checking.report.error(node, 'compose-type', `${describe(checking.path)} must be ${wantedForms(attribute.forms)}, not ${kindOf(node)}.`)
    return
  }
  if (node.kind === 'scalar') checkScalar(node, attribute, checking)
  else if (node.kind === 'list' && typeof form !== 'string' && form.kind === 'list') checkList(node, form, checking)
  else if (node.kind === 'map' && typeof form !== 'string' && form.kind === 'map') checkMap(node, form, checking)
  else if (node.kind === 'map' && typeof form !== 'string' && form.kind === 'dict') checkDict(node, form, checking)
}

function fits(node: Tree, form: Form): boolean {
  if (typeof form !== 'string') return node.kind === (form.kind === 'list' ? 'list' : 'map')
  if (node.kind !== 'scalar') return false
  const { value } = node
  if (form === 'null') return value === null
  if (form === 'integer') return typeof value === 'number' && Number.isInteger(value)
  return typeof value === form
}

function checkScalar({ value, ...node }: TreeScalar, { words, pattern, min, max }: Attribute, { path, report }: Checking): void {
  const place: Tree = { ...node, value }
  const what = describe(path)
  if (typeof value === 'string' && words && !words.includes(value)) {
    report.error(place, 'compose-value', `${what} must be one of ${words.join(', ')}, not "${value}".`)
  } else if (typeof value === 'string' && pattern && !pattern.test(value)) {
    report.error(place, 'compose-value', `${what} can't be "${value}": it does not have the form ${pattern.source}.`)
  }
  const number = typeof value === 'number' ? value : typeof value === 'string' ? parseWhole(value) : undefined
  if (number === undefined) return
  if (min !== undefined && number < min) report.error(place, 'compose-value', `${what} must be at least ${min}, not ${number}.`)
  if (max !== undefined && number > max) report.error(place, 'compose-value', `${what} must be at most ${max}, not ${number}.`)
}

function checkList(node: TreeList, form: Extract<Form, { kind: 'list' }>, { path, report }: Checking): void {
  const seen = new Set<string>()
  for (const [index, item] of node.items.entries()) {
    checkNode(item, form.of, { path: [...path, String(index)], report })
    const content = JSON.stringify(plainOf(item))
    if (form.unique && seen.has(content))
      report.error(item, 'compose-value', `${describe([...path, String(index)])} says ${content} a second time: each may be there once.`)
    seen.add(content)
  }
}

function checkMap(node: TreeMap, form: MapForm, { path, report }: Checking): void {
  for (const key of form.required ?? []) {
    if (!node.entries.has(key)) report.error(node, 'compose-value', `${describe(path)} has no ${key}, which it needs.`)
  }
  for (const [key, value] of node.entries) {
    const attribute = Object.hasOwn(form.fields, key) ? form.fields[key] : undefined
    if (attribute) checkNode(value, attribute, { path: [...path, key], report })
    else if (form.extra === 'none' || (form.extra === 'x-' && !key.startsWith('x-'))) {
      report.error(keyPlace(value), 'compose-unknown-key', unknownKey(key, Object.keys(form.fields), describe(path)))
    }
  }
}

function checkDict(node: TreeMap, form: Extract<Form, { kind: 'dict' }>, { path, report }: Checking): void {
  for (const [key, value] of node.entries) {
    const named = form.key === undefined || form.key.test(key)
    if (named) checkNode(value, form.of, { path: [...path, key], report })
    else if (!form.open) {
      report.error(keyPlace(value), 'compose-value', `"${key}" can't be a name in ${describe(path)}: use letters, digits, ".", "_" and "-".`)
    }
  }
}

function describe(path: TreePath): string {
  return path.length === 0 ? 'the file' : describePath(path)
}

const formWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  list: 'a list',
  map: 'a mapping',
  dict: 'a mapping',
}

function wantedForms(forms: readonly Form[]): string {
  // Text stands for a number or flag there: what it must say is what counts.
  const typed = forms.every((form) => typeof form === 'string') && forms.some((form) => form === 'boolean' || form === 'integer' || form === 'number')
  const words = [
    ...new Set(
      forms.filter((form) => form !== 'null' && !(typed && form === 'string')).map((form) => formWords[typeof form === 'string' ? form : form.kind] ?? ''),
    ),
  ]
  return words.length < 2 ? (words[0] ?? 'absent') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function kindOf(node: Tree): string {
  if (node.kind !== 'scalar') return node.kind === 'list' ? 'a list' : 'a mapping'
  switch (typeof node.value) {
    case 'string':
      return `the text "${node.value.length > 40 ? `${node.value.slice(0, 40)}…` : node.value}"`
    case 'boolean':
    case 'number':
      return String(node.value)
    default:
      return 'nothing'
  }
}
