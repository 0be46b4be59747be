// docs/compatibility/workflows.md: what of GitHub's workflow language is honoured, and which test shows it.

import { readFileSync } from 'node:fs'
import { type Row, readSections } from './rows.ts'

/** The page. */
export function renderWorkflows(): string {
  const head = readFileSync(new URL('head.md', import.meta.url), 'utf8').trimEnd()
  const sections = readSections().map(({ title, intro, rows }) =>
    [`## ${title}`, '', ...(intro ? [intro.trimEnd(), ''] : []), '| | | Shown by |', '|---|---|---|', ...rows.map(renderRow)].join('\n'),
  )
  return `${[head, ...sections].join('\n\n')}\n`
}

function renderRow({ keys, what, state, says, tests }: Row): string {
  const first = what ?? keys.map((key) => `\`${key.replace(/\.\*\*$/, '').replace(/^(context|function|command|file)\./, '')}\``).join(', ')
  return `| ${cell(first)} | ${state}${says ? `: ${cell(says)}` : ''} | ${cell(tests.join(', '))} |`
}

function cell(text: string): string {
  return text.trim().replaceAll('|', '\\|').replaceAll('\n', ' ')
}
