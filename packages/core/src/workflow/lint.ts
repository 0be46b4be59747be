// What is allowed in a workflow and yet dangerous: script injection, actions that may change, triggers that give strangers' code rights.
// Follows https://docs.github.com/actions/reference/security/secure-use

import { isPinned, parseReference } from '../action/reference.ts'
import type { Diagnostic, Position } from '../text/diagnostic.ts'
import { splitTemplate } from './expression.ts'
import { findAction } from './known-actions.ts'
import type { Step, Template, Workflow } from './types.ts'

/** Contexts that people without rights on the repository can fill with any text. `*`: any one part. */
const untrusted = (
  'github.head_ref github.event.issue.title github.event.issue.body github.event.pull_request.title github.event.pull_request.body ' +
  'github.event.pull_request.head.ref github.event.pull_request.head.label github.event.pull_request.head.repo.default_branch ' +
  'github.event.comment.body github.event.review.body github.event.review_comment.body github.event.discussion.title github.event.discussion.body ' +
  'github.event.pages.*.page_name github.event.commits.*.message github.event.commits.*.author.email github.event.commits.*.author.name ' +
  'github.event.head_commit.message github.event.head_commit.author.email github.event.head_commit.author.name github.event.head_commit.committer.email ' +
  'github.event.head_commit.committer.name github.event.workflow_run.head_branch github.event.workflow_run.display_title ' +
  'github.event.workflow_run.head_commit.message github.event.workflow_run.head_commit.author.email github.event.workflow_run.head_commit.author.name ' +
  'github.event.workflow_run.head_repository.description github.event.client_payload.*'
)
  .split(' ')
  .map((path) => path.split('.'))

/** The first context of a template that strangers can fill, or a whole object that holds one; undefined when there is none. */
export function untrustedContext(template: Template): string | undefined {
  const expressions = safely(() => splitTemplate(template.value)).filter(({ kind }) => kind === 'expression')
  for (const { text } of expressions) {
    // Only `true` or `false` comes out of it.
    if (/^\s*!?\s*(contains|startsWith|endsWith)\s*\([^&|]*\)\s*$/i.test(text)) continue
    // `github['event']` is `github.event`; what stands in quotes otherwise is no context.
    const plain = text
      .replace(/\[\s*'([^']*)'\s*\]/g, '.$1')
      .replace(/\[[^\]]*\]/g, '.*')
      .replace(/'(?:[^']|'')*'/g, "''")
    for (const [path] of plain.matchAll(/\bgithub(?:\.[\w*-]+)*/gi)) if (isUntrusted(path.toLowerCase().split('.'), plain)) return path
  }
  return undefined
}

/** A path that leads to an untrusted value; a whole object counts when it is made into text. */
function isUntrusted(path: readonly string[], expression: string): boolean {
  const whole = /\btojson\s*\(/i.test(expression)
  return untrusted.some((other) => {
    const fits = path.every((part, i) => i >= other.length || part === other[i] || part === '*' || other[i] === '*')
    return fits && (path.length >= other.length || whole)
  })
}

/**
 * Warnings about a workflow that could be read.
 * @param text the file's text, to find the place of its triggers
 */
export function lintWorkflow(workflow: Workflow, text: string): readonly Diagnostic[] {
  const steps = workflow.jobs.flatMap((job) => job.steps)
  const calls = workflow.jobs.flatMap(({ call }) => (call ? unpinnedFindings(call.uses.value, call.uses.at) : []))
  const found = [...triggerFindings(workflow, text), ...steps.flatMap(lintStep), ...calls]
  return found.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
}

/** Warnings about one step, of a workflow or of a composite action. */
export function lintStep(step: Step): readonly Diagnostic[] {
  if (step.kind === 'run') return scriptFindings(step.run)
  const script = step.with.find(([name]) => name.toLowerCase() === 'script')?.[1]
  const scripted = script && /^actions\/github-script@/i.test(step.uses) ? scriptFindings(script) : []
  return [...unpinnedFindings(step.uses, step.at), ...scripted]
}

function scriptFindings(script: Template): readonly Diagnostic[] {
  const context = untrustedContext(script)
  if (context === undefined) return []
  const message = `\`\${{ ${context} }}\` is text that strangers write, and becomes part of the script here. Hand it over in \`env\`, and use the variable.`
  return [warning('script-injection', message, script.at)]
}

function unpinnedFindings(uses: string, at: Position): readonly Diagnostic[] {
  const reference = parseReference(uses)
  if ('problem' in reference || reference.kind !== 'repository' || isPinned(reference.ref) || findAction(uses)) return []
  return [warning('action-unpinned', `\`${uses}\` may be another program tomorrow. Name a whole commit id instead of \`${reference.ref}\`.`, at)]
}

const dangerous: Readonly<Record<string, string>> = {
  pull_request_target: 'runs with secrets and a token that may write, for pull requests of strangers. Never check out or run their code in it',
  workflow_run: 'runs with secrets after runs that may be of strangers. Trust nothing that those runs made',
}

function triggerFindings(workflow: Workflow, text: string): readonly Diagnostic[] {
  return workflow.on.flatMap(({ event }) => {
    const why = dangerous[event]
    return why === undefined ? [] : [warning('trigger-dangerous', `\`${event}\` ${why}.`, placeOf(event, { file: workflow.file, text }))]
  })
}

function placeOf(word: string, { file, text }: { file: string; text: string }): Position {
  const lines = text.split('\n')
  const line = lines.findIndex((one) => one.replace(/#.*/, '').includes(word))
  return line < 0 ? { file, line: 1, column: 1 } : { file, line: line + 1, column: (lines[line] as string).indexOf(word) + 1 }
}

function warning(code: string, message: string, at: Position): Diagnostic {
  return { severity: 'warning', code, message, at }
}

function safely<T>(read: () => readonly T[]): readonly T[] {
  try {
    return read()
  } catch {
    return []
  }
}
