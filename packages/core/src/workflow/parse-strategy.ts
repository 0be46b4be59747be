// `jobs.<id>.strategy`: the matrix of a job and how its legs run.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstrategy

import { add } from './findings.ts'
import { valueTreeOf } from './read-value-tree.ts'
import type { Strategy } from './types.ts'
import { type Entry, entriesOf, isMapValue, itemsOf, takeKeys, templateAt, textOf } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

/** `strategy: { matrix, fail-fast, max-parallel }`. */
export function readStrategy(source: YamlSource, entry: Entry | undefined): Strategy | undefined {
  if (!entry) return undefined
  const keys = takeKeys(source, entry.value, ['matrix', 'fail-fast', 'max-parallel'])
  checkMatrix(source, keys.matrix)
  return {
    ...(keys.matrix ? { matrix: valueTreeOf(source, keys.matrix.value) } : {}),
    failFast: templateAt(keys['fail-fast']),
    maxParallel: templateAt(keys['max-parallel']),
    at: entry.keyAt,
  }
}

/** A dimension without values makes no job, and an `exclude` that names no dimension excludes nothing: both are mistakes. */
function checkMatrix(source: YamlSource, matrix: Entry | undefined): void {
  if (!matrix || !isMapValue(matrix.value)) return
  const entries = entriesOf(source, matrix.value)
  if (entries.length === 0) add(source.findings, matrix.keyAt, { code: 'matrix-empty', message: 'The matrix has no dimension. Write one, or remove it.' })
  const dimensions = entries.filter(({ key }) => key !== 'include' && key !== 'exclude')
  for (const { key, keyAt, value } of dimensions) {
    const isEmpty = !isMapValue(value) && itemsOf(source, value).length === 0
    if (isEmpty) add(source.findings, keyAt, { code: 'matrix-empty', message: `\`${key}\` has no values, so there is no job. Give it some, or remove it.` })
  }
  const known = new Set(dimensions.map(({ key }) => key.toLowerCase()))
  const excludes = itemsOf(source, entries.find(({ key }) => key === 'exclude')?.value)
  for (const { key, keyAt } of excludes.flatMap((item) => entriesOf(source, item))) {
    if (known.has(key.toLowerCase()) || textOf(matrix.value).includes('${{')) continue
    const message = `\`${key}\` is no dimension of the matrix, so this excludes nothing. Dimensions: ${[...known].join(', ') || 'none'}.`
    add(source.findings, keyAt, { code: 'matrix-exclude', message })
  }
}
