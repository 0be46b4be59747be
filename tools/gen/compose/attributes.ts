// Every attribute of the Compose Specification, from the table that files are checked against, with the corpus's cases that have it.

import type { Attribute, Form, MapForm } from '@pushway/core/compose/spec/attribute.ts'
import { specification } from '@pushway/core/compose/spec/index.ts'
import type { Tree } from '@pushway/core/compose/tree.ts'
import { readDocuments } from '@pushway/core/compose/yaml-tree.ts'
import { type ComposeCase, readCorpus } from '../../../test/support/compose-corpus.ts'

export interface ListedAttribute {
  /** `services.*.ports.*.target`: `*` is any name or item. */
  readonly path: string
  /** Docker's `config` prints it. */
  readonly printed: boolean
  /** Cases of the corpus in whose files it is. */
  readonly cases: readonly string[]
}

/** Every attribute in the order of the specification's table. */
export function listAttributes(): readonly ListedAttribute[] {
  const covering = new Map<string, Set<string>>()
  for (const one of readCorpus()) for (const path of pathsOf(one)) covering.set(path, (covering.get(path) ?? new Set()).add(one.name))
  return attributesBelow(specification, []).map(({ path, attribute }) => ({
    path,
    printed: attribute.shape.kind !== 'unprinted',
    cases: [...(covering.get(path) ?? [])].toSorted(),
  }))
}

interface Found {
  readonly path: string
  readonly attribute: Attribute
}

function attributesBelow(attribute: Attribute, path: readonly string[]): readonly Found[] {
  return attribute.forms.flatMap((form) => {
    if (typeof form === 'string') return []
    if (form.kind === 'map') return Object.entries(form.fields).flatMap(([key, member]) => own(member, [...path, key]))
    return attributesBelow(form.of, [...path, '*'])
  })
}

function own(attribute: Attribute, path: readonly string[]): readonly Found[] {
  return [{ path: path.join('.'), attribute }, ...attributesBelow(attribute, path)]
}

/** The attributes that a case's files have, each once. */
function pathsOf({ files }: ComposeCase): ReadonlySet<string> {
  const found = new Set<string>()
  for (const [file, text] of Object.entries(files)) {
    if (!/\.ya?ml$/.test(file)) continue
    for (const { tree } of readDocuments(file, text).documents) collect(tree, { attribute: specification, path: [], found })
  }
  return found
}

interface Collecting {
  readonly attribute: Attribute
  readonly path: readonly string[]
  readonly found: Set<string>
}

function collect(tree: Tree, { attribute, path, found }: Collecting): void {
  const isMap = (form: Form): form is MapForm => typeof form !== 'string' && form.kind === 'map'
  if (tree.kind === 'map') {
    const map = attribute.forms.find(isMap)
    const dict = attribute.forms.find((form) => typeof form !== 'string' && form.kind === 'dict')
    for (const [key, node] of tree.entries) {
      const field = map && Object.hasOwn(map.fields, key) ? map.fields[key] : undefined
      if (field) {
        found.add([...path, key].join('.'))
        collect(node, { attribute: field, path: [...path, key], found })
      } else if (typeof dict === 'object' && dict.kind === 'dict') collect(node, { attribute: dict.of, path: [...path, '*'], found })
    }
  }
  const list = attribute.forms.find((form) => typeof form !== 'string' && form.kind === 'list')
  if (tree.kind === 'list' && typeof list === 'object' && list.kind === 'list')
    for (const item of tree.items) collect(item, { attribute: list.of, path: [...path, '*'], found })
}
