// Dockerfile text to instructions, with everything that is refused in it at once.

import type { Diagnostic, Parsed, Position } from '@pushway/core/text/diagnostic.ts'
import type { HereDocument } from './here-document.ts'
import { readInstruction } from './instructions.ts'
import { type Lexed, lexDockerfile, splitInstruction } from './lex.ts'
import type { DockerfileText, Instruction, StageText } from './types.ts'

/** What instruction readers need: where they are, the text on one line, flags, and where to put findings. */
export interface Written {
  readonly at: Position
  readonly keyword: string
  /** The arguments on one line, comments inside left out. */
  readonly args: string
  readonly flags: readonly { readonly name: string; readonly value: string }[]
  readonly documents: readonly HereDocument[]
  readonly escapeChar: string
  readonly report: (message: string, severity?: Diagnostic['severity']) => void
}

/**
 * Reads a Dockerfile (Docker's reference).
 *
 * @param file its name in findings
 */
export function parseDockerfile(file: string, text: string): Parsed<DockerfileText> {
  const diagnostics: Diagnostic[] = []
  const lexed = lexDockerfile(text)
  const globals: Instruction[] = []
  const stages: { from: StageText['from']; instructions: Instruction[] }[] = []
  for (const one of lexed.instructions) {
    const written = write(one, { file, diagnostics, escapeChar: lexed.escapeChar })
    const instruction = readInstruction(written)
    if (instruction === undefined) continue
    const stage = stages.at(-1)
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] })
    else if (stage) stage.instructions.push(instruction)
    else if (instruction.kind === 'arg') globals.push(instruction)
    else written.report(`${written.keyword} stands before the first FROM; only ARG may`)
  }
  checkDirectives(lexed.directives, { file, diagnostics })
  if (!lexed.instructions.some(({ keyword }) => keyword === 'FROM')) {
    const message = 'There is no FROM: say what the image starts from'
    diagnostics.push({ severity: 'error', code: 'dockerfile-no-from', message, at: { file, line: 1, column: 1 } })
  }
  diagnostics.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
  return diagnostics.some((one) => one.severity === 'error') ? { diagnostics } : { value: { globals, stages, escapeChar: lexed.escapeChar }, diagnostics }
}

function write(lexed: Lexed, to: { file: string; diagnostics: Diagnostic[]; escapeChar: string }): Written {
  const at: Position = { file: to.file, line: lexed.line, column: lexed.column }
  const report: Written['report'] = (message, severity = 'error') => void to.diagnostics.push({ severity, code: 'dockerfile-instruction', message, at })
  if (lexed.problem !== undefined) report(lexed.problem)
  const { keyword, args, flags, documents } = lexed
  return { at, keyword, args, flags, documents, escapeChar: to.escapeChar, report }
}

/**
 * The instruction of an ONBUILD, read where it was kept.
 * @returns undefined when it is refused; `report` says why
 */
export function readTrigger(trigger: string, at: Position, options: { escapeChar: string; report: Written['report'] }): Instruction | undefined {
  return readInstruction({ ...splitInstruction(trigger), documents: [], at, ...options })
}

function checkDirectives(directives: readonly { name: string; value: string; line: number }[], to: { file: string; diagnostics: Diagnostic[] }): void {
  for (const { name, value, line } of directives) {
    const at: Position = { file: to.file, line, column: 1 }
    const say = (severity: Diagnostic['severity'], message: string) => to.diagnostics.push({ severity, code: 'dockerfile-directive', message, at })
    if (name === 'escape' && !['\\', '`'].includes(value)) say('error', `# escape=${value}: the escape character is \\ or \``)
    const foreign = name === 'syntax' && !/^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?::\S+)?(?:@\S+)?$/.test(value)
    if (foreign) say('error', `# syntax=${value}: the embedded builder reads Docker's own language only, and runs no other frontend`)
    if (name === 'check') say('warning', `# check=${value}: the embedded builder has checks of its own; these settings change nothing`)
  }
}
