import { expect, test } from 'vitest'
import { parseWorkflow } from '../workflow/parse.ts'
import { mayAskIdToken, readOnly, tokenPermissions } from './permissions.ts'

const read = (workflow: string, job: string) => {
  const text = `on: push\n${workflow && `permissions: ${workflow}\n`}jobs:\n  a: { runs-on: x, steps: [{ run: a }]${job && `, permissions: ${job}`} }`
  const { value, diagnostics } = parseWorkflow('ci.yml', text)
  return { token: tokenPermissions(value?.permissions, value?.jobs[0]?.permissions), codes: diagnostics.map(({ code, severity }) => `${severity} ${code}`) }
}

test.each([
  ['', '', 'read', 'write'],
  ['read-all', '', 'read', 'read'],
  ['write-all', '', 'write', 'write'],
  ['{}', '', 'none', 'none'],
  ['{ contents: write }', '', 'write', 'none'],
  ['write-all', '{ packages: read }', 'none', 'read'],
  ['{}', 'read-all', 'read', 'read'],
  ['', '{ contents: read, packages: none, issues: read }', 'read', 'none'],
])('workflow %j, job %j: contents %s, packages %s', (workflow, job, contents, packages) => {
  expect(read(workflow, job)).toMatchObject({ token: { contents, packages }, codes: [] })
})

test('the rights on the API: reading without `permissions`, what is named with them, nothing that is left out', () => {
  const api = { 'pull-requests': 'read', issues: 'read', statuses: 'read', checks: 'read', deployments: 'read', actions: 'read' }
  expect(read('', '').token).toEqual({ contents: 'read', packages: 'write', ...api })
  expect(read('', '{ pull-requests: write, issues: none }').token).toEqual({ contents: 'none', packages: 'none', 'pull-requests': 'write' })
  expect(read('write-all', '').token.actions).toBe('write')
  expect(readOnly(read('write-all', '').token)).toEqual({ contents: 'read', packages: 'read', ...api })
})

test('a right that the token can not have is a warning; a word that is none of GitHub is refused', () => {
  expect(read('', '{ discussions: write }').codes).toEqual(['warning permission-without-effect'])
  expect(read('', '{ contents: all }').codes).toEqual(['error schema'])
})

test.each([
  [undefined, undefined, false],
  [{ all: 'read' }, undefined, false],
  [{ all: 'write' }, undefined, true],
  [{ all: 'write' }, { named: { contents: 'write' } }, false],
  [{ named: { 'id-token': 'write' } }, undefined, true],
  [{ named: { 'id-token': 'read' } }, undefined, false],
] as const)('identity tokens: workflow %j, job %j gives %j', (workflow, job, allowed) => expect(mayAskIdToken(workflow, job)).toBe(allowed))
