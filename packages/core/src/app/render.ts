// Canonical JSON: one text for one content, whatever the order of keys. Digests and comparisons are made over it.

/** Anything that JSON can hold; `undefined` members are left out, as JSON does. */
type Plain = unknown

/**
 * The canonical JSON of a value: keys sorted by code unit, no white space, `undefined` members left out.
 * Follows RFC 8785 for the values we have (strings, booleans, finite numbers, lists, plain objects).
 */
export function canonicalJson(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Whether two values have the same content. */
export function sameContent(a: Plain, b: Plain): boolean {
  return canonicalJson(a) === canonicalJson(b)
}
