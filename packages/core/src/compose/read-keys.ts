// Reads a mapping of a compose file key by key: known keys are read, the specification's others refused as not yet, the rest unknown.

import { unknownKey, type YamlNode } from '../text/yaml.ts'
import { type ComposeSource, notYet } from './raw.ts'

export interface KeyTable {
  /** Key → what reads its value. A null value is left out, as if the key were not there. */
  readonly known: Readonly<Record<string, (node: YamlNode, keyNode: YamlNode) => void>>
  readonly later: readonly string[]
  /** Name for people: `services.web`. */
  readonly where: string
}

/** Reads every key; each that can't be read is a finding at its own place. `x-…` is left alone. */
export function readKeys(source: ComposeSource, node: YamlNode, { known, later, where }: KeyTable): void {
  for (const entry of source.reader.entries(node, where) ?? []) {
    const read = Object.hasOwn(known, entry.key) ? known[entry.key] : undefined
    if (entry.key.startsWith('x-')) continue
    if (read && source.reader.kind(entry.node) !== 'empty') read(entry.node, entry.keyNode)
    else if (!read && later.includes(entry.key)) notYet(source, entry.keyNode, `${where === 'the file' ? '' : `${where}.`}${entry.key}`)
    else if (!read) source.reader.report(entry.keyNode, 'compose-unknown-key', unknownKey(entry.key, [...Object.keys(known), ...later], where))
  }
}
