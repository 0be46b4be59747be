// Readers of keys that workflows, jobs and steps share: defaults, shells, conditions, identifiers.

import type { Position } from '../text/diagnostic.ts'
import { parseExpression, runnerFunctions, splitTemplate } from './expression.ts'
import { add } from './findings.ts'
import type { RunDefaults, Template } from './types.ts'
import { type Entry, takeKeys, templateAt, templateOf, textOf, type Value } from './yaml-node.ts'
import type { YamlSource } from './yaml-source.ts'

const shells = new Set(['bash', 'sh', 'python', 'pwsh', 'powershell', 'cmd'])
const jobContexts = ['github', 'needs', 'vars', 'inputs']
const stepContexts = [...jobContexts, 'strategy', 'matrix', 'steps', 'job', 'runner', 'env']

/** `defaults: { run: { shell, working-directory } }`. */
export function readDefaults(source: YamlSource, entry: Entry | undefined): RunDefaults {
  const { run } = takeKeys(source, entry?.value, ['run'])
  const keys = takeKeys(source, run?.value, ['shell', 'working-directory'])
  return { shell: keys.shell && readShell(source, keys.shell.value), workingDirectory: templateAt(keys['working-directory']) }
}

/** A shell by name, a command line with `{0}` in it, or an expression that will give one. Whether its program is there is known when the step runs. */
export function readShell(source: YamlSource, value: Value): Template {
  const text = textOf(value)
  const fits = shells.has(text) || text.includes('{0}') || text.includes('${{')
  const message = `"${text}" is no shell. Use ${[...shells].join(', ')}, or a command line with {0} in it, which stands for the script's file.`
  if (!fits) add(source.findings, value.at, { code: 'shell-invalid', message })
  return templateOf(value)
}

/** An `if:`, with or without `${{ }}`. GitHub's schema leaves its check to us. */
export function readCondition(source: YamlSource, value: Value, place: 'job' | 'step'): Template {
  const text = textOf(value).trim()
  const contexts = place === 'job' ? jobContexts : stepContexts
  const functions = place === 'job' ? runnerFunctions.filter((f) => f.name !== 'hashFiles') : runnerFunctions
  try {
    const segments = text.includes('${{') ? splitTemplate(text) : [{ kind: 'expression' as const, text, offset: 0 }]
    if (text !== '') for (const segment of segments) if (segment.kind === 'expression') parseExpression(segment.text, contexts, functions)
    if (segments.length > 1) {
      const message = 'This condition is always true: text around `${{ }}` makes it a string that is not empty. Put the whole condition inside.'
      add(source.findings, value.at, { code: 'condition-always-true', message, severity: 'warning' })
    }
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    add(source.findings, value.at, { code: 'expression-invalid', message: `${cause}.` })
  }
  return templateOf(value)
}

/** Checks an id of a job or step: letters, digits, `-` and `_`, not starting with a digit or `-`. */
export function checkId(source: YamlSource, at: Position, [what, id]: readonly ['job' | 'step', string]): void {
  if (/^[A-Za-z_][A-Za-z0-9_-]{0,99}$/.test(id)) return
  const message = `"${id}" can't be the id of a ${what}: use letters, digits, \`-\` and \`_\` (at most 100), starting with a letter or \`_\`.`
  add(source.findings, at, { code: 'id-invalid', message })
}
