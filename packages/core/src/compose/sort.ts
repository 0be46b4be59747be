// The order of keys in what `config` prints: by bytes in JSON, in YAML so that `a2` is before `a10`.

type Entry<T> = readonly [string, T]

/** Entries in order. Follows Go's encoding/json and gopkg.in/yaml.v3. */
export function sortEntries<T>(entries: readonly Entry<T>[], format: 'json' | 'yaml'): readonly Entry<T>[] {
  const before = format === 'json' ? (a: string, b: string) => a < b : isBefore
  return entries.toSorted(([a], [b]) => (a === b ? 0 : before(a, b) ? -1 : 1))
}

const isLetter = (char: string | undefined) => char !== undefined && /\p{L}/u.test(char)
const isDigit = (char: string | undefined) => char !== undefined && /\p{Nd}/u.test(char)

function isBefore(a: string, b: string): boolean {
  const [left, right] = [[...a], [...b]]
  let at = 0
  while (at < left.length && at < right.length && left[at] === right[at]) at += 1
  if (at === left.length || at === right.length) return left.length < right.length
  const [one, other] = [left[at] as string, right[at] as string]
  if (isLetter(one) && isLetter(other)) return one < other
  if (isLetter(one) || isLetter(other)) return at > 0 && isDigit(left[at - 1]) ? isLetter(one) : isLetter(other)
  return compareNumbers(left, right, at)
}

/** Both differ from `at` on, where at least one has a digit or another sign: numbers by their value. */
function compareNumbers(left: readonly string[], right: readonly string[], at: number): boolean {
  const digitsFrom = (chars: readonly string[]) => {
    let end = at
    while (isDigit(chars[end])) end += 1
    return { text: chars.slice(at, end).join(''), end }
  }
  let start = at
  while (isDigit(left[start - 1])) start -= 1
  const significant = (left[at] === '0' || right[at] === '0') && left.slice(start, at).some((char) => char !== '0') ? '1' : ''
  const [a, b] = [digitsFrom(left), digitsFrom(right)]
  const [valueA, valueB] = [BigInt(significant + a.text || '0'), BigInt(significant + b.text || '0')]
  if (valueA !== valueB) return valueA < valueB
  return a.end === b.end ? (left[at] as string) < (right[at] as string) : a.end < b.end
}
