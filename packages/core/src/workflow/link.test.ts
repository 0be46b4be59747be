import { expect, test } from 'vitest'
import { type CallReader, linkCalls } from './link.ts'
import { parseWorkflow } from './parse.ts'

const parsed = (file: string, text: string) => {
  const { value } = parseWorkflow(file, text)
  if (!value) throw new Error(`${file} was refused`)
  return value
}

/** `.github/workflows/N.yml` calls the next one, up to `last`. */
const chain = (last: number): CallReader => {
  return async ({ path }) => {
    const n = Number(/(\d+)\.yml$/.exec(path)?.[1])
    const job = n === last ? 'runs-on: x, steps: [{ run: echo }]' : `uses: ./.github/workflows/${n + 1}.yml`
    return { parsed: parseWorkflow(path, `on: workflow_call\njobs: { a: { ${job} } }`) }
  }
}

const top = parsed('.github/workflows/1.yml', 'on: push\njobs:\n  a: { uses: ./.github/workflows/2.yml }')

test('ten levels of workflows are taken, eleven are refused at the call of the first', async () => {
  expect((await linkCalls(top, chain(10))).diagnostics).toEqual([])
  const eleven = await linkCalls(top, chain(11))
  expect(eleven.value).toBeUndefined()
  expect(eleven.diagnostics).toMatchObject([{ code: 'call-too-deep', at: { file: '.github/workflows/1.yml', line: 3, column: 14 } }])
})

test('a workflow that calls itself is refused', async () => {
  const self: CallReader = async ({ path }) => ({ parsed: parseWorkflow(path, 'on: workflow_call\njobs: { a: { uses: ./.github/workflows/1.yml } }') })
  expect((await linkCalls(top, self)).diagnostics).toMatchObject([{ code: 'call-cycle', at: { file: '.github/workflows/2.yml', line: 2 } }])
})

test('more than 50 different workflows are refused; one that is called often is read once', async () => {
  const calls = (count: number, name: (i: number) => string) =>
    parsed('ci.yml', `on: push\njobs:\n${Array.from({ length: count }, (_, i) => `  j${i}: { uses: ./.github/workflows/${name(i)}.yml }`).join('\n')}`)
  let reads = 0
  const one: CallReader = async ({ path }) => {
    reads++
    return { parsed: parseWorkflow(path, 'on: workflow_call\njobs: { a: { runs-on: x, steps: [{ run: echo }] } }') }
  }
  expect((await linkCalls(calls(51, String), one)).diagnostics).toMatchObject([{ code: 'call-too-many', at: { line: 53 } }])
  reads = 0
  expect(
    (
      await linkCalls(
        calls(60, () => 'same'),
        one,
      )
    ).diagnostics,
  ).toEqual([])
  expect(reads).toBe(1)
})
