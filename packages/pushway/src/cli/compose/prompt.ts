// A question that is answered with y or n on standard input.

import { createInterface } from 'node:readline/promises'

/** Whether it was answered with yes; the end of the input is a no. */
export async function prompt(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
    return /^(y|yes)$/i.test((await Promise.race([lines.question(question), ended])).trim())
  } finally {
    lines.close()
  }
}
