// pushway eval: expressions from standard input, one JSON object a line, their values on standard output.

import { createInterface } from 'node:readline'
import { type Evaluated, evaluateOne } from '@pushway/core/workflow/evaluate-one.ts'
import type { Command } from 'commander'
import { z } from 'zod'
import { hashFiles } from '../../runner/hash-files.ts'

const shape = z.object({
  expr: z.string(),
  contexts: z.record(z.string(), z.unknown()).default({}),
  status: z.enum(['success', 'failure', 'cancelled']).default('success'),
})

/** Adds `pushway eval`. */
export function register(program: Command): void {
  program
    .command('eval')
    .summary('evaluate expressions, one JSON object a line')
    .description('Reads {"expr", "contexts"} a line and answers {"value", "kind"} or {"error"} a line. "status" (success, failure, cancelled) may be given.')
    .action(async () => {
      for await (const line of createInterface({ input: process.stdin })) if (line.trim() !== '') process.stdout.write(`${JSON.stringify(answer(line))}\n`)
    })
}

function answer(line: string): Evaluated {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { error: 'The line is not JSON.' }
  }
  const parsed = shape.safeParse(value)
  if (!parsed.success) return { error: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'line'}: ${issue.message}`).join('; ') }
  const { expr, contexts, status } = parsed.data
  return evaluateOne(expr, { contexts, status, hashFiles: (patterns) => hashFiles(process.cwd(), patterns) })
}
