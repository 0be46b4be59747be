// Dockerfile text to instructions, with everything that is refused in it at once.

import type { Diagnostic, Parsed, Position } from '@pushway/core/text/diagnostic.ts'
import { Add, Copy, type Dockerfile, DockerfileParser, ModifiableInstruction, type Instruction as Node, Run } from 'dockerfile-ast'
import { readInstruction } from './instructions.ts'
import type { DockerfileText, Instruction, StageText } from './types.ts'

/** What instruction readers need: where they are, the text on one line, flags, and where to put findings. */
export interface Written {
  readonly at: Position
  readonly keyword: string
  /** The arguments on one line, comments inside left out. */
  readonly args: string
  readonly flags: readonly { readonly name: string; readonly value: string }[]
  readonly heredoc: boolean
  /** The arguments as they are written, over all their lines. */
  readonly raw: string
  readonly escapeChar: string
  readonly report: (message: string, severity?: Diagnostic['severity']) => void
}

/**
 * Reads a Dockerfile (Docker's reference, without what the embedded builder has not yet).
 *
 * @param file its name in findings
 */
export function parseDockerfile(file: string, text: string): Parsed<DockerfileText> {
  const diagnostics: Diagnostic[] = []
  const parsed = DockerfileParser.parse(text)
  const globals: Instruction[] = []
  const stages: { from: StageText['from']; instructions: Instruction[] }[] = []
  for (const node of parsed.getInstructions()) {
    const written = write(parsed, node, { file, diagnostics })
    const instruction = readInstruction(written)
    if (instruction === undefined) continue
    const stage = stages.at(-1)
    if (instruction.kind === 'from') stages.push({ from: instruction, instructions: [] })
    else if (stage) stage.instructions.push(instruction)
    else if (instruction.kind === 'arg') globals.push(instruction)
    else written.report(`${written.keyword} stands before the first FROM; only ARG may`)
  }
  if (parsed.getFROMs().length === 0) {
    diagnostics.push({
      severity: 'error',
      code: 'dockerfile-no-from',
      message: 'There is no FROM: say what the image starts from',
      at: { file, line: 1, column: 1 },
    })
  }
  return diagnostics.some((one) => one.severity === 'error')
    ? { diagnostics }
    : { value: { globals, stages, escapeChar: parsed.getEscapeCharacter() }, diagnostics }
}

function write(parsed: Dockerfile, node: Node, to: { file: string; diagnostics: Diagnostic[] }): Written {
  const start = node.getRange().start
  const at: Position = { file: to.file, line: start.line + 1, column: start.character + 1 }
  const escapeChar = parsed.getEscapeCharacter()
  return {
    at,
    keyword: node.getKeyword(),
    args: foldLines(node.getRawArgumentsContent() ?? '', escapeChar),
    flags: node instanceof ModifiableInstruction ? node.getFlags().map((flag) => ({ name: flag.getName(), value: flag.getValue() ?? '' })) : [],
    heredoc:
      node instanceof Run || node instanceof Copy ? node.getHeredocs().length > 0 : node instanceof Add && /<<-?["']?\w/.test(node.getArgumentsContent() ?? ''),
    raw: node.getRawArgumentsContent() ?? '',
    escapeChar,
    report: (message, severity = 'error') => to.diagnostics.push({ severity, code: 'dockerfile-instruction', message, at }),
  }
}

/** One line of several: continuations joined, comment lines and empty lines between them dropped. */
export function foldLines(raw: string, escapeChar: string): string {
  const lines = raw.split(/\r?\n/)
  let result = ''
  for (const [index, line] of lines.entries()) {
    if (index > 0 && (/^\s*#/.test(line) || line.trim() === '')) continue
    const trimmed = line.trimEnd()
    result += trimmed.endsWith(escapeChar) && index < lines.length - 1 ? trimmed.slice(0, -1) : line
  }
  return result.trim()
}
