// Plain values to and from the data classes of GitHub's expression library.

import { data } from '@actions/expressions'

/** A plain value as expression data. `undefined` is null; names are looked up case-insensitively, as GitHub does. */
function toData(value: unknown): data.ExpressionData {
  if (value === null || value === undefined) return new data.Null()
  if (typeof value === 'string') return new data.StringData(value)
  if (typeof value === 'number') return new data.NumberData(value)
  if (typeof value === 'boolean') return new data.BooleanData(value)
  if (Array.isArray(value)) return new data.Array(...value.map(toData))
  if (typeof value === 'object') return toDictionary(Object.entries(value))
  return new data.Null()
}

/** A dictionary of named values; any name is allowed, `constructor` too. */
export function toDictionary(entries: readonly (readonly [string, unknown])[]): data.Dictionary {
  // The library indexes with an ordinary object, in which `constructor` would seem to be there already.
  const dictionary = new data.Dictionary()
  Object.assign(dictionary, { indexMap: Object.create(null) })
  for (const [key, value] of entries) dictionary.add(key, toData(value))
  return dictionary
}

/** Expression data as a plain value. */
export function fromData(value: data.ExpressionData): unknown {
  if (value instanceof data.Null) return null
  if (value instanceof data.StringData || value instanceof data.NumberData || value instanceof data.BooleanData) return value.value
  if (value instanceof data.Array) return value.values().map(fromData)
  if (value instanceof data.Dictionary) return Object.fromEntries(value.pairs().map((pair) => [pair.key, fromData(pair.value)]))
  return null
}
