// docs/cli.md is what the commands make, and the completion scripts know every command.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderCompletion } from '../../../packages/pushway/src/cli/completion-script.ts'
import { commandTree } from '../../../packages/pushway/src/cli/program.ts'
import { composition } from '../../../packages/pushway/src/main/composition.ts'
import type { CommandNode } from '../../../packages/pushway/src/ports/program.ts'
import { needs } from '../../../test/support/needs.ts'
import { cliPage } from './page.ts'

test('docs/cli.md is up to date (npm run gen writes it)', async () => {
  expect(readFileSync('docs/cli.md', 'utf8')).toBe(await cliPage())
})

test('every command, argument and option says what it is for', async () => {
  const silent: string[] = []
  const walk = (node: CommandNode, path: string) => {
    const here = `${path} ${node.name}`.trim()
    if (!node.description || !node.summary) silent.push(here)
    for (const one of node.arguments) if (!one.description) silent.push(`${here} ${one.name}`)
    for (const option of node.options) if (!option.description) silent.push(`${here} ${option.flags}`)
    for (const child of node.commands) walk(child, here)
  }
  walk(await commandTree(composition), '')
  expect(silent).toEqual([])
})

test.each(['bash', 'zsh', 'fish'] as const)('the %s completion names every command', async (shell) => {
  const tree = await commandTree(composition)
  const script = renderCompletion(shell, tree)
  for (const { name } of tree.commands) expect(script).toContain(name)
  expect(script).toContain(shell === 'fish' ? '-l output' : '--output')
})

test.skipIf(needs('bash').skip)('bash completes commands, subcommands and options (needs bash)', async () => {
  const script = renderCompletion('bash', await commandTree(composition))
  const complete = (...words: string[]) => {
    const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _pushway; printf '%s\\n' "\${COMPREPLY[@]}"`
    return spawnSync('bash', ['-c', `${script}\n${line}`], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
  }
  expect(complete('pushway', 'roll')).toEqual(['rollback'])
  expect(complete('pushway', 'project', 'cr')).toEqual(['create'])
  expect(complete('pushway', 'project', 'create', 'acme/hello', '--im')).toEqual(['--import'])
  expect(complete('pushway', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']))
})
