// A matrix laid out: its combinations, what they are called, and keys that are safe in paths and addresses.
// Follows https://docs.github.com/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations

/** The values of one leg, in the order of the matrix. */
export type Combination = Readonly<Record<string, unknown>>

/** GitHub's limit of jobs that one matrix makes in a run. */
const maxLegs = 256

/** The combinations of a matrix, or in one sentence why it has none. */
export type Combinations = { readonly legs: readonly Combination[] } | { readonly problem: string }

/**
 * Lays out an evaluated matrix as GitHub does: all combinations in order (the first dimension changes slowest), without those
 * that an `exclude` matches in all it names, then `include`: it adds to each combination of which it overwrites no original
 * value, and is a combination of its own when there is none.
 *
 * @param matrix the value of `strategy.matrix`
 */
export function combinationsOf(matrix: unknown): Combinations {
  if (!isRecord(matrix)) return { problem: 'The matrix is not an object with dimensions.' }
  const dimensions = Object.entries(matrix).filter(([name]) => name !== 'include' && name !== 'exclude')
  for (const [name, values] of dimensions) {
    if (!Array.isArray(values)) return { problem: `\`${name}\` of the matrix is not a list.` }
    if (values.length === 0) return { problem: `\`${name}\` of the matrix has no values.` }
  }
  const include = filterList(matrix.include)
  const exclude = filterList(matrix.exclude)
  if (!include || !exclude) return { problem: '`include` and `exclude` of the matrix must be lists of objects.' }
  const count = dimensions.reduce((product, [, values]) => product * (values as readonly unknown[]).length, 1)
  if (count > maxLegs * maxLegs) return { problem: tooMany(count) }
  const original = product(dimensions as readonly (readonly [string, readonly unknown[]])[])
  const kept = original.filter((leg) => !exclude.some((filter) => excludes(filter, leg)))
  const legs = includeAll(kept, include)
  if (legs.length === 0) return { problem: 'The matrix has no combination: none is defined, or all are excluded.' }
  return legs.length > maxLegs ? { problem: tooMany(legs.length) } : { legs }
}

function tooMany(count: number): string {
  return `The matrix makes ${count} jobs; GitHub's limit is ${maxLegs}.`
}

function product(dimensions: readonly (readonly [string, readonly unknown[]])[]): readonly Combination[] {
  if (dimensions.length === 0) return []
  return dimensions.reduce<readonly Combination[]>((legs, [name, values]) => legs.flatMap((leg) => values.map((value) => ({ ...leg, [name]: value }))), [{}])
}

function filterList(value: unknown): readonly Combination[] | undefined {
  if (value === undefined || value === null || value === '') return []
  return Array.isArray(value) && value.every(isRecord) ? value : undefined
}

/** Each include sees the original values, and may overwrite what an earlier one has added. */
function includeAll(original: readonly Combination[], include: readonly Combination[]): readonly Combination[] {
  const extended = original.map((leg) => ({ ...leg }) as Record<string, unknown>)
  const own: Combination[] = []
  for (const extra of include) {
    const fits = original.flatMap((leg, i) => (Object.entries(extra).every(([name, value]) => !(name in leg) || isSame(value, leg[name])) ? [i] : []))
    for (const i of fits) Object.assign(extended[i] ?? {}, extra)
    if (fits.length === 0) own.push(extra)
  }
  return [...extended, ...own]
}

function excludes(filter: Combination, leg: Combination): boolean {
  return Object.entries(filter).every(([name, value]) => name in leg && covers(value, leg[name]))
}

/** A filter's object covers one that has more in it. */
function covers(filter: unknown, value: unknown): boolean {
  if (!isRecord(filter)) return isSame(filter, value)
  return isRecord(value) && Object.entries(filter).every(([name, part]) => name in value && covers(part, value[name]))
}

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]))
  if (isRecord(a)) return isRecord(b) && Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, part]) => isSame(part, b[name]))
  return !isRecord(b) && !Array.isArray(b) && scalarText(a) === scalarText(b)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function scalarText(value: unknown): string {
  return value === null || value === undefined ? '' : String(value)
}

/** What GitHub writes behind a job's name: `18, ubuntu`. Objects show their values. */
export function legText(leg: Combination): string {
  const texts = (value: unknown): readonly string[] => {
    if (Array.isArray(value)) return value.flatMap(texts)
    return isRecord(value) ? Object.values(value).flatMap(texts) : [scalarText(value)]
  }
  return Object.values(leg).flatMap(texts).join(', ')
}

/** Keys of a job's legs, `test.18-ubuntu`: of letters, digits, `.`, `_` and `-`, different in any case, the same whenever the matrix is. */
export function legKeys(job: string, legs: readonly Combination[]): readonly string[] {
  const taken = new Set<string>()
  return legs.map((leg, index) => {
    const slug = legText(leg)
      .replaceAll(/[^\w.]+/g, '-')
      .replaceAll(/\.{2,}/g, '')
      .replaceAll(/^[-.]+|[-.]+$/g, '')
      .slice(0, 50)
    let unique = slug === '' ? String(index + 1) : slug
    while (taken.has(unique.toLowerCase())) unique += `.${index + 1}`
    taken.add(unique.toLowerCase())
    return `${job}.${unique}`
  })
}
